"""The cells of params.yaml without DVC, one after another in one process: for a machine that does not have it.

python -m recore cells [--device auto] [--dataset D ...] [--no-weights] [--check]

A cell is one run, dataset × variant × seed, trained and ranked by the commands that dvc.yaml states for it; that of a
baseline has no seed and one command. It needs data/split/DATASET alone. Beside its ranks stands ``inputs.json``, what
dvc.lock is to DVC: the params of the cell and the SHA-256 of the code and the split that it reads, as dvc.yaml lists
them, and of the files that it made. A cell whose inputs are those of today and whose files are those that it made is
done; any other is made (again), so a killed command continues where it was, a changed number never meets old ranks, and
a torn file never counts.
"""

import argparse
import hashlib
import importlib
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch

from recore import RecoreError, artifacts, params, paths, yaml12

# Of a folder. A split's Parquet names the version of its writer, and no cell reads it.
READ = {".py", ".npy", ".json"}
COPY = "run from the root of a whole copy of the repository"


@dataclass(frozen=True)
class Cell:
    """One run, and what dvc.yaml says of it: the module and arguments of each command, the params and files they read.

    ``seed`` is None for a baseline.
    """

    dataset: str
    variant: str
    seed: int | None
    commands: tuple[tuple[str, ...], ...]
    params: tuple[str, ...]
    deps: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.dataset} {self.variant} {paths.run(self.seed)}"


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m recore cells", description="Trains and ranks what is missing, without DVC."
    )
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--dataset", nargs="+", help="only these of params.yaml")
    parser.add_argument("--no-weights", action="store_true", help="delete the weights of a finished cell")
    parser.add_argument("--check", action="store_true", help="make nothing; fail where a cell is not up to date")
    args = parser.parse_args(argv)

    given = params.load()
    cells = cells_of(given, args.dataset)
    # All at the start, when the files are still those that this process imports.
    needed = [inputs(cell, given) for cell in cells]
    faults = [outdated(cell, made_from) for cell, made_from in zip(cells, needed, strict=True)]
    if args.check:
        _check(cells, faults)
        return
    for number, (cell, made_from, fault) in enumerate(zip(cells, needed, faults, strict=True), start=1):
        done = "up to date"
        if fault:
            started = time.perf_counter()
            make(cell, args.device, made_from)
            done = f"made in {time.perf_counter() - started:.0f} s, since {fault}"
        if args.no_weights:
            (paths.model(cell.dataset, cell.variant, cell.seed) / "weights.safetensors").unlink(missing_ok=True)
        print(f"{cell} ({number} of {len(cells)}): {done}", flush=True)


def cells_of(given: params.Params, chosen: list[str] | None = None) -> list[Cell]:
    """The cells of all datasets or of the ``chosen`` ones; RecoreError where one is not named or has no split.

    Baselines come first: they take seconds. All variants of a seed come before the next seed: what a killed command
    leaves can be compared.
    """
    datasets = given.at("datasets")
    for name in chosen or datasets:
        if name not in datasets:
            raise RecoreError(f"--dataset names {name!r}; `datasets` of params.yaml are {', '.join(datasets)}")
        if not paths.split(name).exists():
            raise RecoreError(
                f"{paths.split(name)} does not exist; copy it from a machine that has it, or make it here: "
                f"`python -m recore.stages.STAGE {name}`, STAGE being download, filter and split in turn"
            )
    pipeline = yaml12.read(artifacts.existing(paths.PIPELINE, COPY))["stages"]
    fitted = [(d, v, None, ("baseline",)) for d in chosen or datasets for v in given.baselines()]
    trained = [
        (dataset, variant, seed, params.TRAINED[group])
        for dataset in chosen or datasets
        for seed in given.at("seeds")
        for variant, group in given.trained().items()
    ]
    return [_cell(*run, *(pipeline[stage] for stage in stages)) for *run, stages in [*fitted, *trained]]


def _cell(dataset: str, variant: str, seed: int | None, *stages: dict[str, Any]) -> Cell:
    def resolved(text: str) -> str:
        for name, value in (("dataset", dataset), ("variant", variant), ("seed", seed)):
            text = text.replace(f"${{item.{name}}}", str(value))
        return text

    def called(command: str) -> tuple[str, ...]:
        words = resolved(command).split()
        return tuple(words[words.index("-m") + 1 :])

    own = str(paths.model(dataset, variant, seed))  # goes from one of the two to the other
    keys, files = (dict.fromkeys(resolved(name) for stage in stages for name in stage[k]) for k in ("params", "deps"))
    commands = tuple(called(stage["cmd"]) for stage in stages)
    return Cell(dataset, variant, seed, commands, tuple(keys), tuple(name for name in files if name != own))


def inputs(cell: Cell, given: params.Params) -> dict[str, Any]:
    """What the ranks of a cell depend on: ``params`` by dotted key, ``sha256`` by file or folder."""
    return {
        "params": {key: given.at(key) for key in cell.params},
        "sha256": {name: _sha256(Path(name)) for name in cell.deps},
    }


@cache
def _sha256(path: Path) -> str:
    """Of a file, or of the names and contents of the files of a folder."""
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(file for file in path.rglob("*") if file.suffix in READ):
            digest.update(f"{file.relative_to(path).as_posix()} {_sha256(file)}\n".encode())
    else:
        return artifacts.sha256(artifacts.existing(path, COPY))
    return digest.hexdigest()


def outdated(cell: Cell, needed: dict[str, Any]) -> str:
    """Why a cell has to be made, as half a sentence; empty where its ranks and record are those of ``needed``."""
    own = (cell.dataset, cell.variant, cell.seed)
    ranks = paths.ranks(*own)
    if not ranks.exists():
        return "it had no ranks"
    if not (ranks / "inputs.json").exists():
        return "its ranks were not made by this command"
    if missing := [file.name for file in paths.results(*own) if not file.exists()]:
        return f"its {', '.join(missing)} was missing"
    try:
        made_from = artifacts.read_json(ranks / "inputs.json")
    except RecoreError:
        return "its inputs.json was torn"
    if "outputs" not in made_from:
        return "its inputs.json is of older code, without hashes of what was made"
    if other := [name for name, digest in outputs(cell).items() if made_from["outputs"].get(name) != digest]:
        return f"its {', '.join(other)} was torn or altered"
    differ = [
        name
        for kind in ("params", "sha256")
        for name in sorted(needed[kind].keys() | made_from[kind].keys())
        if needed[kind].get(name) != made_from[kind].get(name)
    ]
    return f"its ranks were made with another {', '.join(differ)}" if differ else ""


def outputs(cell: Cell) -> dict[str, str]:
    """SHA-256 of the files that its results are read from, by their names."""
    return {file.name: artifacts.sha256(file) for file in paths.results(cell.dataset, cell.variant, cell.seed)}


def make(cell: Cell, device: str, made_from: dict[str, Any]) -> None:
    """Runs the commands of one cell; ``inputs.json``, written last, says that all are done."""
    own = paths.ranks(cell.dataset, cell.variant, cell.seed) / "inputs.json"
    own.unlink(missing_ok=True)  # the ranks there are not those of the record that follows
    if torch.cuda.is_initialized():
        torch.cuda.reset_peak_memory_stats()  # on a CPU the peak of a record is that of the process so far
    for module, *arguments in cell.commands:
        on_device = [] if cell.seed is None else ["--device", device]
        importlib.import_module(module).main([*arguments, *on_device])
    artifacts.write_json(own, made_from | {"outputs": outputs(cell)})


def _check(cells: list[Cell], faults: list[str]) -> None:
    for cell, fault in zip(cells, faults, strict=True):
        print(f"{cell}: {fault or 'up to date'}")
    behind = sum(map(bool, faults))
    if behind:
        raise RecoreError(
            f"{behind} of {len(cells)} cells are not those of this checkout; make them with `python -m recore cells` "
            "or take data/ranks, data/records and data/split from where the same code and params.yaml made them"
        )
