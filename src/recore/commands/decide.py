"""Seeds until it is known: makes the cells of the next look, tests, and stops when nothing is open.

python -m recore decide [--jobs 2]     look after look, until every planned comparison has a verdict or no look is left
python -m recore decide --status       only says what is decided, what is open and what the next look costs
python -m recore decide --next         only prints the DVC stages of the next look in their order, one a line

`significance.looks` names the numbers of seeds, `seeds` the seeds of the last of them. Only the variants of comparisons
that are open get more seeds. Nothing is kept beside the ranks: the looks are gone through again from the first
(``standing``), so that a run that was killed goes on with the very cells that it would have made.
"""

import argparse
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd

from recore import RecoreError, costs, paths
from recore.commands.standing import Cell, Experiment, is_open, next_stages, standing, tested
from recore.reporting.format import MISSING, metric_title, p_words, pair, percent, points


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m recore decide",
        description="Makes more seeds, look by look, for the comparisons that have no verdict yet.",
    )
    parser.add_argument("--jobs", type=int, default=1, help="cells at once")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--status", action="store_true", help="make nothing; say what is decided, open, and its cost")
    only.add_argument("--next", action="store_true", help="make nothing; print the stages of the next look")
    args = parser.parse_args(argv)
    if args.jobs < 1:
        raise RecoreError(f"--jobs is {args.jobs}; it is the number of cells at once, 1 or more")
    experiment = Experiment.load()
    if args.status:
        print(report(experiment))
    elif args.next:
        print("".join(f"{stage}\n" for stage in next_stages(experiment)), end="")
    else:
        decide(experiment, args.jobs)


def decide(experiment: Experiment, jobs: int) -> None:
    """Look after look; RecoreError where DVC fails."""
    _dvc("repro", *(f"split@{name}" for name in experiment.datasets), "encoders", *experiment.baselines())
    for stages in experiment.stages(experiment.cells(experiment.every(len(experiment.seeds)), made=True)):
        _each(_changed(stages), jobs)  # ranks of other params or code
    cells = experiment.cells(experiment.every(experiment.plan.looks[0]), made=False)
    while True:
        for stages in experiment.stages(cells):
            _each(stages, jobs)
        _dvc("repro", "--single-item", *experiment.tests)
        table, cells = standing(experiment, tested(experiment))
        print(_told(experiment, table, cells), flush=True)
        if not cells:
            return


def report(experiment: Experiment) -> str:
    """What is decided, what is open, and what the next look costs."""
    looks = experiment.plan.looks
    if first := experiment.cells(experiment.every(looks[0]), made=False):
        return f"Before the first look, of {looks[0]} seeds: {_cost(first)}"
    if (raw := tested(experiment)) is None:
        return "Ranks were made since the last tests; `dvc repro --single-item significance aggregate` tests them."
    return _told(experiment, *standing(experiment, raw))


def _told(experiment: Experiment, table: pd.DataFrame, cells: list[Cell]) -> str:
    looks = experiment.plan.looks
    spent = table.loc[table["n_seeds"] > 0, "spent"].max()
    lines = [f"{metric_title(experiment.confirm)}, error spent so far {spent:.4f}:"]
    for row in table.itertuples():
        detectable = MISSING if row.few_sessions else percent(row.mde80)
        lines.append(
            f"  {row.dataset}: {pair(row.a, row.b)}: {row.verdict or 'no verdict'}, {points(row.delta)} points "
            f"{_looked(row, len(looks))}, {p_words(row.p_holm)} (MDE {detectable})"
        )
    still = is_open(table, experiment.plan)
    going, fragile, none = (
        int(rows.sum()) for rows in (still, (table["verdict"] == "fragile") & ~still, table["verdict"] == "")
    )
    final = int(((table["verdict"] == "inconclusive") & ~still & (table["n_seeds"] == 0)).sum())
    counts = [f"{len(table) - going - fragile - none - final} decided, {going} open"]
    counts += [f"{final} inconclusive (neither side has seeds to add)"] if final else []
    counts += [f"{fragile} fragile (they need sessions)"] if fragile else []
    counts += [f"{none} without a verdict (no noise to test with)"] if none else []
    lines.append(", ".join(counts))
    ended = "No look is left." if going else "Nothing is open."
    lines.append(f"The next look: {_cost(cells)}" if cells else ended)
    return "\n".join(lines)


def _looked(row: Any, n_looks: int) -> str:
    return f"after look {row.look} of {n_looks} ({row.n_seeds} seeds)" if row.n_seeds else "without seeds"


def _cost(cells: list[Cell]) -> str:
    """So many cells, and the hours that they take if they are like those of the same dataset and variant so far."""
    seconds = {cell[:2]: _seconds(*cell[:2]) for cell in cells}
    hours = ""
    if None not in seconds.values():
        hours = f", about {sum(seconds[cell[:2]] for cell in cells) / 3600:.2g} cell-hours"
    by_dataset = {dataset: dict.fromkeys(v for d, v, _ in cells if d == dataset) for dataset, _, _ in cells}
    variants = "; ".join(f"{', '.join(names)} on {dataset}" for dataset, names in by_dataset.items())
    return f"{len(cells)} cell{'s' * (len(cells) > 1)}{hours} ({variants})."


def _seconds(dataset: str, variant: str) -> float | None:
    made = [costs.read(file.parent) for file in (paths.RECORDS / dataset / variant).glob("*/record.json")]
    times = [cost["train_seconds"] + cost.get("valid_seconds", 0.0) for cost in made if cost]
    return sum(times) / len(times) if times else None


def _each(stages: list[str], jobs: int) -> None:
    """Runs the stages through DVC, so many at once; after a failure none is started."""
    failed = threading.Event()

    def make(stage: str) -> None:
        if failed.is_set():
            return
        try:
            _dvc("repro", "--single-item", stage)
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(jobs) as pool:
        try:
            list(pool.map(make, stages))
        finally:
            failed.set()  # Ctrl-C comes here, not to the threads


def _changed(stages: list[str]) -> list[str]:
    """Those of the stages that are not up to date, asked of DVC all at once."""
    if not stages:
        return []  # without a name DVC means all there are
    changed = json.loads(_dvc("status", "--json", *stages, capture=True))
    return [stage for stage in stages if stage in changed]


def _dvc(*arguments: str, capture: bool = False) -> str:
    """What DVC printed, if ``capture``; RecoreError where it fails."""
    command = [sys.executable, "-m", "dvc", "--wait-for-lock", *arguments]
    result = subprocess.run(command, stdout=subprocess.PIPE if capture else None, text=True)
    if result.returncode:
        raise RecoreError(f"`dvc {' '.join(arguments)}` failed, see above; what is made stays, run this again")
    return result.stdout or ""
