"""Takes the finished cells of a checkout over into docs/results/NAME, as many as there are, and says what is missing.

python -m recore.records.gather NAME --from CHECKOUT

CHECKOUT is a clone of one commit in which ``python -m recore.cells --no-weights`` makes the cells of its params.yaml,
for as long as it takes. A cell is taken only when that command calls it up to date, its commit is clean and that of the
others, its ranks are whole, of the split's own test set and no other cell's, and its curve is that of its record. A
second call takes what was finished since. docs/results/NAME/cells.md shows the runs, and the verdict of a comparison
once all seeds of both variants are there.
"""

import argparse
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recore import RecoreError, artifacts, costs, params, paths
from recore.data.cases import Cases
from recore.data.sessions import Sessions
from recore.evaluation.written import cases_hash
from recore.records.page import page
from recore.records.store import COUNTS, Stored, is_new, load, save, saved
from recore.significance.runs import check_runs
from recore.stages import run

RESULTS = Path("docs/results")
TYPES = {"session": "int64", "position": "int32", "target": "int32", "above": "int32", "tied": "int32"}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.records.gather", description="Takes finished cells into a record.")
    parser.add_argument("name", help="docs/results/NAME")
    parser.add_argument("--from", type=Path, required=True, dest="checkout", help="the clone that makes the cells")
    args = parser.parse_args(argv)
    folder = RESULTS / args.name
    own, offered = folder / "params.yaml", args.checkout / paths.PARAMS
    theirs = artifacts.existing(offered, "name a checkout of this project").read_text(encoding="utf-8")
    if own.exists() and own.read_text(encoding="utf-8") != theirs:
        raise RecoreError(f"{offered} is not {own}; a record has one, so gather under another name")
    given = params.load(offered)
    found = [cell_of(args.checkout, *cell) for cell in current(args.checkout)]
    there = [load(folder, *cell) for cell in saved(folder)]
    new = [cell for cell in found if is_new(folder, cell)]
    cells = in_order([*there, *new], given)
    text = page(args.name, given, cells)
    # Nothing is written before everything is known to be right.
    artifacts.write_text(own, theirs)
    for cell in new:
        save(folder, cell)
    artifacts.write_text(folder / "cells.md", text)
    print(f"{len(new)} cells taken over; docs/results/{args.name} has {len(cells)} of {len(planned(given))}")


def in_order(cells: list[Stored], given: params.Params) -> list[Stored]:
    """The cells as params.yaml orders them; RecoreError where they are not of one grid, one commit, all different."""
    commits = sorted({cell.made["commit"] for cell in cells})
    if len(commits) > 1:
        raise RecoreError(
            f"the cells were made by {len(commits)} commits ({', '.join(commits)}); one makes a record, so gather "
            "those of another one under another name"
        )
    by_name = {(cell.dataset, cell.variant, cell.seed): cell for cell in cells}
    if unplanned := by_name.keys() - set(planned(given)):
        raise RecoreError(f"{' '.join(map(str, min(unplanned)))} is no cell of the record's params.yaml; remove it")
    ordered = [by_name[name] for name in planned(given) if name in by_name]
    for dataset in dict.fromkeys(cell.dataset for cell in ordered):
        check_runs(dataset, [cell for cell in ordered if cell.dataset == dataset])
    return ordered


def planned(given: params.Params) -> list[tuple[str, str, int]]:
    variants = [name for rows in given.at("variants").values() for name in rows]
    return [(d, v, s) for d in given.at("datasets") for v in variants for s in given.at("seeds")]


def current(checkout: Path) -> list[tuple[str, str, int]]:
    """The cells of a checkout that its own code calls up to date."""
    code = checkout.resolve() / "src"
    if not (code / "recore/cells.py").exists():
        raise RecoreError(f"{checkout} is no checkout of this project: it has no src/recore/cells.py")
    command = [sys.executable, "-m", "recore.cells", "--check"]
    environment = os.environ | {"PYTHONPATH": str(code)}
    result = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    lines = [line.rpartition(": ") for line in result.stdout.splitlines()]
    found = [cell.split() for cell, _, state in lines if state == "up to date"]
    if not found:
        raise RecoreError(f"{checkout} has no cell that is up to date: {(result.stderr.splitlines() or ['none'])[-1]}")
    return [(dataset, variant, int(seed)) for dataset, variant, seed in found]


def cell_of(checkout: Path, dataset: str, variant: str, seed: int) -> Stored:
    """The cell as it lies in a checkout; RecoreError names what is not right with it."""
    ranks, record = (checkout / of(dataset, variant, seed) for of in (paths.ranks, paths.record))
    try:
        meta, about = (json.loads((f / n).read_bytes()) for f, n in ((ranks, "meta.json"), (record, "record.json")))
        cases = pq.read_table(ranks / "cases.parquet").replace_schema_metadata(None)
        history = (record / "history.csv").read_text(encoding="utf-8")
        inputs = json.loads((ranks / "inputs.json").read_bytes())
        inputs.pop("outputs", None)  # the record has hashes of its own files
        cost = costs.read(record) if (record / costs.NAME).exists() else None
        cell = Stored(
            *(dataset, variant, seed, cases, meta["n_items"]),
            *(about, inputs, history, meta.get("weights_hash"), cost),
        )
        _check(cell, meta, _expected(checkout, dataset))
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        fault = " ".join(f"{type(error).__name__}: {error}".split())
        raise RecoreError(f"{dataset} {variant} {seed} in {checkout} is not whole ({fault}); make it again") from None
    return cell


def _expected(checkout: Path, dataset: str) -> tuple[str, int]:
    """The hash of the test cases and the number of items that the checkout's own split has."""
    folder = checkout / paths.split(dataset)
    # The cases do not depend on how many clicks of a prefix are read.
    return cases_hash(Cases(Sessions.load(folder, "test"), 1)), artifacts.read_json(folder / "stats.json")["items"]


def _check(cell: Stored, meta: dict[str, Any], expected: tuple[str, int]) -> None:
    types = {field.name: str(field.type) for field in cell.cases.schema}
    if types not in (TYPES, TYPES | {"gate": "float"}) or any(c.null_count for c in cell.cases.columns):
        raise RecoreError(
            f"{cell}: its ranks have the columns {types}, which stage evaluate does not write; make it again"
        )
    if (meta["dataset"], meta["variant"], meta["seed"]) != (cell.dataset, cell.variant, cell.seed):
        raise RecoreError(f"{cell}: its ranks name {meta['dataset']} {meta['variant']} {meta['seed']}; make it again")
    if (cell.test_hash, cell.n_items) != expected or cell.test_hash != meta["test_hash"]:
        raise RecoreError(f"{cell}: its ranks are not of the test set that the split has; make the cell again")
    above, tied = (cell.cases[name].to_numpy().astype(np.int64) for name in COUNTS)
    if above.min() < 0 or tied.min() < 1 or (above + tied).max() > cell.n_items:
        raise RecoreError(f"{cell}: its counts are not of a catalogue of {cell.n_items} items; make the cell again")
    gate = cell.cases["gate"].to_numpy() if "gate" in types else np.zeros(1)
    if not ((gate >= 0) & (gate <= 1)).all():
        raise RecoreError(f"{cell}: its gate has a share outside 0 to 1; make the cell again")
    history, record = pd.read_csv(io.StringIO(cell.history)), cell.record
    best = history.iloc[record["best_epoch"] - 1]
    if len(history) != record["epochs"] or not np.allclose(
        [best[name] for name in record["valid"]], list(record["valid"].values()), rtol=1e-12, atol=0
    ):
        raise RecoreError(f"{cell}: its training curve is not that of its record; make the cell again")
    if not np.isfinite(history["loss"]).all():
        raise RecoreError(f"{cell}: its training curve has a loss that is no number; make the cell again")
    # A cell without a cost of its own names no commit either.
    if not isinstance(cell.made.get("commit"), str) or cell.made["dirty"] is not False:
        raise RecoreError(f"{cell} was not made by a clean commit; make it again in a clone without changes")


if __name__ == "__main__":
    run(main)
