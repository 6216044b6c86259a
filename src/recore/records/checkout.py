"""The finished runs of a checkout, each looked at before it goes on record.

A run counts where the checkout's own code calls it up to date (DVC says so of what it made, ``inputs.json`` of what
`python -m recore cells` made), where one clean commit made it, where its ranks are whole, of the split's own test set
and no other run's, and where its curve, which a baseline does not have, is that of its record.
"""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from recore import RecoreError, artifacts, costs, params, paths
from recore.data.cases import Cases
from recore.data.sessions import Sessions
from recore.evaluation.identity import cases_hash
from recore.evaluation.on_record import whole
from recore.evaluation.on_record.files import NOT_WHOLE
from recore.evaluation.stored import Stored
from recore.records.git import clean_head
from recore.significance.runs import check_runs

Cell = tuple[str, str, int | None]  # dataset, variant, seed


def current(checkout: Path) -> list[Cell]:
    """The runs that the checkout's own code calls up to date; RecoreError where there is none."""
    if not (checkout / "src/recore").exists():
        raise RecoreError(f"{checkout} is no checkout of this project: it has no src/recore")
    found, fault = (_by_inputs if made_without_dvc(checkout) else _by_dvc)(checkout)
    if made_without_dvc(checkout) and (
        others := _without_inputs(checkout)
    ):  # made by DVC, unless left by something else
        found = [*found, *(run for run in _by_dvc(checkout)[0] if run in others)]
    if not found:
        raise RecoreError(f"{checkout} has no cell that is up to date: {fault or 'none was made'}")
    return found


def _without_inputs(checkout: Path) -> list[Cell]:
    """The runs that have ranks but no inputs.json."""
    ranks = {run: checkout / paths.ranks(*run) for run in params.load(checkout / paths.PARAMS).runs()}
    return [run for run, folder in ranks.items() if folder.exists() and not (folder / "inputs.json").exists()]


def made_without_dvc(checkout: Path) -> bool:
    return any((checkout / paths.RANKS).glob("*/*/*/inputs.json"))


def _by_inputs(checkout: Path) -> tuple[list[Cell], str]:
    code = checkout.resolve() / "src"
    # Records grow for weeks in clones of one commit, which may be from before there was one program.
    program = ["recore", "cells"] if (code / "recore/__main__.py").exists() else ["recore.cells"]
    result = _run(checkout, "-m", *program, "--check")
    lines = [line.rpartition(": ") for line in result.stdout.splitlines()]
    found = [cell.split() for cell, _, state in lines if state == "up to date"]
    return [(d, v, paths.seed_of(seed)) for d, v, seed in found], (result.stderr.splitlines() or [""])[-1]


def _by_dvc(checkout: Path) -> tuple[list[Cell], str]:
    result = _run(checkout, "-m", "dvc", "status", "--json")
    if result.returncode:
        return [], " ".join(result.stderr.split())
    changed, given = json.loads(result.stdout), params.load(checkout / paths.PARAMS)
    groups, found = given.trained(), []
    for d, v, s in given.runs():
        stages = ["encoders", *(f"{name}@{d}" for name in ("download", "filter", "split"))]
        stages += [f"baseline@{d}-{v}"] if s is None else [f"{name}@{d}-{v}-{s}" for name in params.TRAINED[groups[v]]]
        if not any(stage in changed for stage in stages):
            found.append((d, v, s))
    return found, "see `dvc status` there"


def _run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(checkout.resolve() / "src")}
    return subprocess.run([sys.executable, *arguments], cwd=checkout, env=environment, capture_output=True, text=True)


def in_order(cells: list[Stored], given: params.Params) -> list[Stored]:
    """The runs as params.yaml orders them; RecoreError where they are not of its params, one commit, all different."""
    commits = sorted({cell.made["commit"] for cell in cells})
    if len(commits) > 1:
        raise RecoreError(
            f"the cells were made by {len(commits)} commits ({', '.join(commits)}); one makes a record, so put those "
            "of another one on record under another name"
        )
    for cell in cells:
        _check_params(cell, given)
    by_name = {(cell.dataset, cell.variant, cell.seed): cell for cell in cells}
    if unplanned := by_name.keys() - set(given.runs()):
        d, v, seed = min(unplanned, key=str)
        raise RecoreError(f"{d} {v} {paths.run(seed)} is no cell of the record's params.yaml; remove it")
    ordered = [by_name[name] for name in given.runs() if name in by_name]
    for dataset in dict.fromkeys(cell.dataset for cell in ordered):
        check_runs(dataset, [cell for cell in ordered if cell.dataset == dataset], max(given.at("evaluate.cutoffs")))
    return ordered


def _check_params(cell: Stored, given: params.Params) -> None:
    """A cell that was made without DVC knows its params; they have to be those of the grid. So does any in part."""
    if cell.recommended and cell.recommended["cutoff"] != (first := given.at("evaluate.cutoffs.0")):
        raise RecoreError(
            f"{cell} recommended lists of {cell.recommended['cutoff']} items, but the first of `evaluate.cutoffs` in "
            f"the record's params.yaml is {first}; restore that from git"
        )
    if cell.seed is None and cell.variant in given.baselines():
        _check_settings(cell, given.at(f"variants.baselines.{cell.variant}"))
    for key, value in cell.inputs.get("params", {}).items():
        made, stated = _leaves(key, value), _leaves(key, given.at(key))
        for name in sorted(made.keys() | stated.keys()):
            was, says = (values.get(name, "left out") for values in (made, stated))
            if was != says:
                raise RecoreError(
                    f"{cell} was made with `{name}` {was}, but in the record's params.yaml it is {says}; restore that "
                    "from git"
                )


def _check_settings(cell: Stored, row: dict[str, Any]) -> None:
    """Those of a baseline are fixed by its row, chosen from what that tunes, or the defaults of the method's file."""
    fixed, grid = {name: value for name, value in row.items() if name != "tune"}, row.get("tune", {})
    known: dict[str, Any] = importlib.import_module(f"recore.baselines.{cell.variant}").Settings(**fixed).model_dump()
    allowed = {name: grid.get(name, [value]) for name, value in known.items()}
    was = cell.record["settings"]
    for name in sorted(allowed.keys() | was.keys()):
        if was.get(name, "left out") not in allowed.get(name, ["left out"]):
            says = " or ".join(map(str, allowed.get(name, ["no setting"])))
            raise RecoreError(
                f"{cell} was made with `{name}` {was.get(name, 'left out')}, but by the record's params.yaml and "
                f"src/recore/baselines/{cell.variant}.py it is {says}; restore what was changed from git"
            )
    if cell.record["tuned"] != list(grid):
        raise RecoreError(
            f"{cell} says that it tuned {', '.join(cell.record['tuned']) or 'nothing'}, but the record's params.yaml "
            f"tunes {', '.join(grid) or 'nothing'}; restore that from git"
        )


def _leaves(key: str, value: Any) -> dict[str, Any]:
    """The plain values at and below a dotted key."""
    if not isinstance(value, dict):
        return {key: value}
    return {name: leaf for inner, own in value.items() for name, leaf in _leaves(f"{key}.{inner}", own).items()}


def cell_of(checkout: Path, dataset: str, variant: str, seed: int | None) -> Stored:
    """The cell as it lies in a checkout; RecoreError names what is not right with it."""
    ranks, record = (checkout / of(dataset, variant, seed) for of in (paths.ranks, paths.record))
    try:
        meta, about = (json.loads((f / n).read_bytes()) for f, n in ((ranks, "meta.json"), (record, "record.json")))
        cases = pq.read_table(ranks / "cases.parquet").replace_schema_metadata(None)
        history = None if seed is None else (record / "history.csv").read_text(encoding="utf-8")
        made_from = ranks / "inputs.json"
        inputs = json.loads(made_from.read_bytes()) if made_from.exists() else {}  # DVC keeps them in dvc.lock
        inputs.pop("outputs", None)  # the record has hashes of its own files
        cost = costs.read(record) if (record / costs.NAME).exists() else None
        cost = cost and _committed(cost, checkout, proven=made_from.exists())
        cell = Stored(
            *(dataset, variant, seed, cases, meta["n_items"]),
            *(about, inputs, history, meta.get("weights_hash")),
            cost=cost,
            recommended=meta.get("recommended"),
            held=meta.get("held"),
        )
        _check_origin(cell, meta, _expected(checkout, dataset))
        whole.check(cell, "make the cell again, in a clone without changes")
    except (OSError, *NOT_WHOLE, pa.ArrowException) as error:
        fault = " ".join(f"{type(error).__name__}: {error}".split())
        raise RecoreError(
            f"{dataset} {variant} {paths.run(seed)} in {checkout} is not whole ({fault}); make it again"
        ) from None
    return cell


def _committed(cost: dict[str, Any], checkout: Path, proven: bool) -> dict[str, Any]:
    """The cost of a run with its commit: where it knows no clean one, as outside git, that of the checkout, if hashes
    of what it was made from have ``proven`` that this code made it."""
    if (cost["commit"] is not None and not cost["dirty"]) or not proven or not (commit := clean_head(checkout)):
        return cost
    return cost | {"commit": commit, "dirty": False}


def _expected(checkout: Path, dataset: str) -> tuple[str, int]:
    """The hash of the test cases and the number of items that the checkout's own split has."""
    folder = checkout / paths.split(dataset)
    test = Cases(Sessions.load(folder, "test"), 1)  # the cases do not depend on how many clicks of a prefix are read
    hashed = cases_hash(test.session, test.position, test.target)
    return hashed, artifacts.read_json(folder / "stats.json")["items"]


def _check_origin(cell: Stored, meta: dict[str, Any], expected: tuple[str, int]) -> None:
    if (meta["dataset"], meta["variant"], meta["seed"]) != (cell.dataset, cell.variant, cell.seed):
        raise RecoreError(f"{cell}: its ranks name {meta['dataset']} {meta['variant']} {meta['seed']}; make it again")
    if (cell.test_hash, cell.n_items) != expected or cell.test_hash != meta["test_hash"]:
        raise RecoreError(f"{cell}: its ranks are not of the test set that the split has; make the cell again")
