"""A cell of the grid as dvc.yaml states it, what it depends on, and whether what lies there is of that.

A cell is one run, dataset × variant × seed; that of a baseline has no seed. ``inputs.json`` beside its ranks is to a
cell that was made without DVC what dvc.lock is to DVC: its params and commands, the SHA-256 of the code and the split
that it reads, and of the files that it made.
"""

import hashlib
import importlib
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from recore import RecoreError, artifacts, params, paths, yaml12

# Of a folder. A split's Parquet names the version of its writer, and no cell reads it.
READ = {".py", ".npy", ".json"}
COPY = "run from the root of a whole copy of the repository"


@dataclass(frozen=True)
class Cell:
    """One run, and what dvc.yaml says of it: the module and arguments of each command, the params and files they read.

    ``seed`` is None for a baseline; ``stages`` are the names that DVC knows its commands by.
    """

    dataset: str
    variant: str
    seed: int | None
    commands: tuple[tuple[str, ...], ...]
    params: tuple[str, ...]
    deps: tuple[str, ...]
    stages: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.dataset} {self.variant} {paths.run(self.seed)}"


def cells_of(given: params.Params, chosen: list[str] | None = None) -> list[Cell]:
    """The cells of all datasets or of the ``chosen`` ones; RecoreError where one is not named or has no split.

    Baselines come first: they take seconds. All variants of a seed come before the next seed: what a killed command
    leaves can be compared.
    """
    named = given.at("datasets")
    datasets = list(dict.fromkeys(chosen)) if chosen else named
    for name in datasets:
        if name not in named:
            raise RecoreError(f"--dataset names {name!r}; `datasets` of params.yaml are {', '.join(named)}")
        if not paths.split(name).exists():
            raise RecoreError(
                f"{paths.split(name)} does not exist; make it with `dvc repro split@{name}`, or where DVC is not, "
                "copy it from a machine that has it"
            )
    pipeline = yaml12.read(artifacts.existing(paths.PIPELINE, COPY))["stages"]
    fitted = [(d, v, None, ("baseline",)) for d in datasets for v in given.baselines()]
    trained = [
        (dataset, variant, seed, params.TRAINED[group])
        for dataset in datasets
        for seed in given.at("seeds")
        for variant, group in given.trained().items()
    ]
    encoders = {name: paths.variant_file(given.encoder(name)).as_posix() for name in given.trained()}
    return [
        _cell(*run, {stage: pipeline[stage] for stage in stages}, encoders.get(run[1]))
        for *run, stages in [*fitted, *trained]
    ]


def _cell(dataset: str, variant: str, seed: int | None, stages: dict[str, dict[str, Any]], encoder: str | None) -> Cell:
    """encoder: the file that stage encoders copies for DVC; None for a baseline."""

    def resolved(text: str) -> str:
        for name, value in (("dataset", dataset), ("variant", variant), ("seed", seed)):
            text = text.replace(f"${{item.{name}}}", str(value))
        return text

    def called(command: str) -> tuple[str, ...]:
        words = resolved(command).split()
        return tuple(words[words.index("-m") + 1 :])

    own, copied = str(paths.model(dataset, variant, seed)), str(paths.encoder(variant))
    rows = stages.values()
    keys, files = (dict.fromkeys(resolved(name) for row in rows for name in row[k]) for k in ("params", "deps"))
    commands = tuple(called(row["cmd"]) for row in rows)
    item = "-".join(filter(None, (dataset, variant, "" if seed is None else str(seed))))
    names = tuple(f"{stage}@{item}" for stage in stages)
    # The model goes from one of the two commands to the other.
    deps = tuple(encoder if name == copied else name for name in files if name != own)
    return Cell(dataset, variant, seed, commands, tuple(keys), deps, names)


def stated(cells: list[Cell], given: params.Params) -> set[Cell]:
    """Those of the cells that params.yaml and dvc.yaml still name, with the same commands, params and files."""
    datasets = [name for name in given.at("datasets") if any(cell.dataset == name for cell in cells)]
    return set(cells_of(given, datasets)) & set(cells) if datasets else set()


def inputs(cell: Cell, given: params.Params) -> dict[str, Any]:
    """What a cell depends on: ``commands`` by stage, ``params`` by dotted key, ``sha256`` by file or folder."""
    stages = (name.partition("@")[0] for name in cell.stages)
    return {
        "commands": {stage: " ".join(command) for stage, command in zip(stages, cell.commands, strict=True)},
        "params": {key: given.at(key) for key in cell.params},
        "sha256": {name: _sha256(Path(name)) for name in cell.deps},
    }


def forget() -> None:
    """What ``inputs`` asks for after this is hashed again: files may have changed."""
    _sha256.cache_clear()


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
    if not (
        isinstance(made_from, dict) and all(isinstance(made_from.get(kind), dict) for kind in ("params", "sha256"))
    ):
        return "its inputs.json does not say what it was made of"
    if not isinstance(made_from.get("outputs"), dict):
        return "its inputs.json is of older code, without hashes of what was made"
    older = {} if "config.json" in made_from["outputs"] else _configured(cell)
    made_from["outputs"] = older | made_from["outputs"]
    if other := [name for name, digest in outputs(cell).items() if made_from["outputs"].get(name) != digest]:
        return f"its {', '.join(other)} was torn or altered"
    made_from.setdefault("commands", needed["commands"])  # older code did not say
    differ = differing(needed, made_from)
    return f"its ranks were made with another {', '.join(differ)}" if differ else ""


def _configured(cell: Cell) -> dict[str, str]:
    """The hash of a model's description where it is of this run, for what older code made: it kept none."""
    file = _config(cell)
    try:
        config = artifacts.read_json(file)
        of_it = (config["variant"], config["seed"]) == (cell.variant, cell.seed)
        return {file.name: artifacts.sha256(file)} if of_it else {}
    except (RecoreError, KeyError, TypeError):
        return {}


def _config(cell: Cell) -> Path:
    """The description of its model, which may also have stayed where it was made; a baseline has none."""
    return paths.MODELS / cell.dataset / cell.variant / paths.run(cell.seed) / "config.json"


def differing(needed: dict[str, Any], made_from: dict[str, Any]) -> list[str]:
    """The commands, params and files in which the inputs of a cell are not those that are ``needed``."""
    return [
        f"command of {name}" if kind == "commands" else name
        for kind in ("commands", "params", "sha256")
        for name in sorted(needed[kind].keys() | made_from[kind].keys())
        if needed[kind].get(name) != made_from[kind].get(name)
    ]


def outputs(cell: Cell) -> dict[str, str]:
    """SHA-256 of the files that its results and its model are read from, by their names; meta.json has the weights'."""
    results = paths.results(cell.dataset, cell.variant, cell.seed)
    return {file.name: artifacts.sha256(file) for file in (*results, _config(cell)) if file in results or file.exists()}


def imported(cells: list[Cell]) -> None:
    """Imports what the cells run: a file of code that changes later changes nothing in this process."""
    named = {module for cell in cells for module, *_ in cell.commands}
    files = {Path(name) for cell in cells for name in cell.deps if name.endswith(".py")}
    for module in sorted(named | {".".join(file.with_suffix("").parts[1:]) for file in files}):
        importlib.import_module(module)


def make(cell: Cell, device: str, made_from: dict[str, Any]) -> None:
    """Runs the commands of one cell; ``inputs.json``, written last, says that all are done.

    RecoreError where params.yaml or the split is not what ``made_from`` says any more: a stage reads them when its turn
    comes.
    """
    _check_unchanged(cell, made_from)
    own = paths.ranks(cell.dataset, cell.variant, cell.seed) / "inputs.json"
    own.unlink(missing_ok=True)  # the ranks there are not those of the record that follows
    torch = sys.modules.get("torch")  # a baseline is made without it
    if torch and torch.cuda.is_initialized():
        torch.cuda.reset_peak_memory_stats()  # on a CPU the peak of a record is that of the process so far
    for module, *arguments in cell.commands:
        on_device = [] if cell.seed is None else ["--device", device]
        importlib.import_module(module).main([*arguments, *on_device])
    _check_unchanged(cell, made_from)
    artifacts.write_json(own, made_from | {"outputs": outputs(cell)})


def _check_unchanged(cell: Cell, made_from: dict[str, Any]) -> None:
    """Of what is read while a cell is made; its code was read before."""
    forget()
    given, then = params.load(), made_from["params"] | made_from["sha256"]
    now = {key: given.at(key) for key in cell.params}
    now |= {name: _sha256(Path(name)) for name in cell.deps if Path(name).is_relative_to(paths.DATA)}
    if changed := [name for name in now if now[name] != then[name]]:
        raise RecoreError(
            f"{cell} is not made, since {', '.join(changed)} changed after this command began; run it again"
        )
