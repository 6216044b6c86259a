"""Seconds of a cell before its first training step, on the CPU: the imports, the split, and the whole start.

    python benchmarks/startup.py [--clicks 1000000] [--items 42861] [--rounds 9] [--quick]

Every figure is the median over fresh processes, in turns with the plain ways beside them: a process that only imports
PyTorch, and pandas reading the same clicks, those of train and valid, from a csv. Files are in the kernel's cache; the
end of a process is counted. Writes benchmarks/results/startup.csv; see docs/BENCHMARKS.md.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import torch
from children import ROOT, options, write
from filter_split import DATASET, SOURCE
from measure import row, where
from step_tables import Goal
from tables import markdown, read, seconds, source, times, value
from workload import MODEL, PARAMS, SEED, TRAIN, generate

from recore import artifacts, paths, yaml12
from recore.data.split import split_clicks, stats

DEFAULTS = {"clicks": 1_000_000, "items": 42_861, "rounds": 9}  # clicks of all parts; items without the padding row
QUICK = {"clicks": 5_000, "items": 300, "rounds": 2}
CLICKS_A_SESSION = 4.91  # the mean of ``generate``
LOADED = ("train", "valid")
# What stages/train.py does with a split until it has a batch. This and the csv print their seconds, imports left out.
LOAD = f"""
import time
from recore.stages.train import Cases, Sessions, paths
from recore.training.loop import batch_order
start = time.perf_counter()
train, valid = (Cases(Sessions.load(paths.split("{DATASET}"), part), {MODEL["max_length"]}) for part in {LOADED})
train.batch(batch_order({SEED}, 1, len(train))[:{TRAIN["batch_size"]}]).items
print(time.perf_counter() - start)"""
CSV = "import pandas, time; t = time.perf_counter(); pandas.read_csv('clicks.csv'); print(time.perf_counter() - t)"
# The stage itself, ended as soon as it has gathered a batch.
FIRST_BATCH = f"""
import sys
from recore.stages.train import Cases, main
gather = Cases.batch
Cases.batch = lambda cases, chosen: sys.exit(gather(cases, chosen).items is None)
main(["{DATASET}", "trm", "{SEED}", "--device", "cpu"])"""
OURS = {
    "imports of stage train": "import recore.stages.train",
    "imports of stage evaluate": "import recore.stages.evaluate",
    "split to first batch": LOAD,
    "stage train to first batch": FIRST_BATCH,
}
PLAIN = {"import torch": "import torch", "csv by pandas": CSV}
SCRIPTS = OURS | PLAIN


def prepare(folder: Path, items: int, clicks: int) -> int:
    """A generated split with its params.yaml, and its ``LOADED`` parts as a csv; returns the number of their clicks."""
    (folder / paths.PARAMS).write_text(yaml12.dump(PARAMS | {"sources": PARAMS["sources"] | {DATASET: SOURCE}}))
    split = split_clicks(generate(items, round(clicks / CLICKS_A_SESSION)), **PARAMS["split"], recent=1.0)
    with artifacts.new_folder(folder / paths.split(DATASET)) as out:
        for name, part in split.parts.items():
            part.save(out, name)
        artifacts.write_json(out / "stats.json", stats(split))
    parts = (split.parts[name] for name in LOADED)
    loaded = pd.concat(pd.DataFrame({"session": part.ids.repeat(part.lengths), "item": part.items}) for part in parts)
    loaded.to_csv(folder / "clicks.csv", index=False)
    return len(loaded)


def taken(script: str, folder: Path) -> float:
    """The seconds that the script prints, or else those of its whole process."""
    start = time.perf_counter()
    child = subprocess.run([sys.executable, "-c", script], cwd=folder, stdout=subprocess.PIPE, check=True)
    return float(child.stdout or time.perf_counter() - start)


def startup_table(results: pd.DataFrame) -> str:
    """The parts of a start and the whole, each beside a plain way."""
    rows = []
    for what in OURS:
        way = "csv by pandas" if what.startswith("split") else "import torch"
        ours, plain = value(results, what), value(results, way, side="reference")
        cells = {"recore": seconds(ours), "plain": f"{way}, {seconds(plain)}", "recore / plain": times(ours / plain)}
        rows.append({"start": what} | cells)
    return markdown(rows)


def startup_goals(results: pd.DataFrame) -> str:
    """What was aimed at for a start."""
    start = value(results, "stage train to first batch")
    load = value(results, "split to first batch") / (results["clicks"].iloc[0] / 1e6)
    goals = {"stage train to first batch": (3, start), "split to first batch, a million clicks": (0.3, load)}
    return markdown([Goal(what, bound, took, seconds, at_least=False).row() for what, (bound, took) in goals.items()])


def main() -> None:
    chosen = options(__doc__.splitlines()[0], DEFAULTS, QUICK)
    torch.set_num_threads(TRAIN["threads"])  # as the stage does; for ``where``
    os.environ["PYTHONPATH"] = str(ROOT / "src")
    os.environ.pop("THP_MEM_ALLOC_ENABLE", None)  # recore set it in this process; a fresh one sets its own
    values = {what: [] for what in SCRIPTS}
    with tempfile.TemporaryDirectory() as folder:
        clicks = prepare(Path(folder), chosen.items, chosen.clicks)
        for i in range(chosen.rounds + 1):  # the first fills the caches and does not count
            for what in list(SCRIPTS)[:: 1 if i % 2 else -1]:
                values[what].append(taken(SCRIPTS[what], Path(folder)))
    inputs = {"items": chosen.items, "batch": TRAIN["batch_size"], "clicks": clicks, "allocator": "shipped"} | where()
    rows = [row(what, "trm", "ours" if what in OURS else "reference", values[what][1:], "s") for what in SCRIPTS]
    results = read(write([made | inputs for made in rows], "startup", chosen.quick))
    print(source(results), startup_table(results), startup_goals(results), sep="\n\n")


if __name__ == "__main__":
    main()
