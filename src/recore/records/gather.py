"""Takes the finished cells of a checkout over into docs/results/NAME, as many as there are, and says what is missing.

python -m recore.records.gather NAME --from CHECKOUT

CHECKOUT is a clone of one commit in which ``python -m recore.cells --no-weights`` makes the cells of its params.yaml,
for as long as it takes. A cell is taken only when that command calls it up to date, its commit is clean and that of the
others, and its ranks are whole and of the test set that it names. A second call takes what was finished since.
docs/results/NAME/cells.md shows the runs, and the verdict of a comparison once all seeds of both variants are there.
"""

import argparse
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recore import RecoreError, artifacts, params, paths
from recore.records.page import page
from recore.records.store import CASES, COUNTS, Stored, load, save, saved
from recore.stages import run

RESULTS = Path("docs/results")


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.records.gather", description="Takes finished cells into a record.")
    parser.add_argument("name", help="docs/results/NAME")
    parser.add_argument("--from", type=Path, required=True, dest="checkout", help="the clone that makes the cells")
    args = parser.parse_args(argv)
    folder = RESULTS / args.name
    own, theirs = folder / "params.yaml", artifacts.existing(args.checkout / paths.PARAMS).read_text(encoding="utf-8")
    if own.exists() and own.read_text(encoding="utf-8") != theirs:
        raise RecoreError(
            f"{args.checkout / paths.PARAMS} is not {own}; a record has one, so gather under another name"
        )
    given = params.load(args.checkout / paths.PARAMS)
    offered = [cell_of(args.checkout, *cell) for cell in current(args.checkout)]
    commits = {cell.record["commit"] for cell in offered} | {load(folder, *c).record["commit"] for c in saved(folder)}
    if len(commits) > 1:
        raise RecoreError(
            f"the cells were made by {len(commits)} commits ({', '.join(sorted(commits))}); one makes a record"
        )
    artifacts.write_text(own, theirs)
    taken = sum(save(folder, cell) for cell in offered)
    cells = [load(folder, *cell) for cell in saved(folder)]
    artifacts.write_text(folder / "cells.md", page(args.name, given, cells))
    print(f"{taken} cells taken over; docs/results/{args.name} has {len(cells)} of {len(planned(given))}")


def planned(given: params.Params) -> list[tuple[str, str, int]]:
    variants = [name for rows in given.at("variants").values() for name in rows]
    return [(d, v, s) for d in given.at("datasets") for v in variants for s in given.at("seeds")]


def current(checkout: Path) -> list[tuple[str, str, int]]:
    """The cells of a checkout that its own code calls up to date."""
    command = [sys.executable, "-m", "recore.cells", "--check"]
    environment = os.environ | {"PYTHONPATH": "src"}
    result = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    lines = [line.rpartition(": ") for line in result.stdout.splitlines()]
    found = [cell.split() for cell, _, state in lines if state == "up to date"]
    if not found:
        raise RecoreError(f"{checkout} has no cell that is up to date: {result.stderr.strip() or 'none is finished'}")
    return [(dataset, variant, int(seed)) for dataset, variant, seed in found]


def cell_of(checkout: Path, dataset: str, variant: str, seed: int) -> Stored:
    """The cell as it lies in a checkout; RecoreError names what is not right with it."""
    ranks, record = (checkout / of(dataset, variant, seed) for of in (paths.ranks, paths.record))
    meta, about = artifacts.read_json(ranks / "meta.json"), artifacts.read_json(record / "record.json")
    try:
        cases = pq.read_table(artifacts.existing(ranks / "cases.parquet")).replace_schema_metadata(None)
    except (pa.ArrowInvalid, OSError) as error:
        raise RecoreError(f"{ranks / 'cases.parquet'} cannot be read ({error}); make the cell again") from None
    history = artifacts.existing(record / "history.csv").read_text(encoding="utf-8")
    inputs = artifacts.read_json(ranks / "inputs.json")
    cell = Stored(dataset, variant, seed, cases, meta["n_items"], about, inputs, history)
    _check(cell, meta, artifacts.read_json(checkout / paths.split(dataset) / "stats.json"))
    return cell


def _check(cell: Stored, meta: dict[str, Any], statistics: dict[str, Any]) -> None:
    columns = set(cell.cases.column_names)
    if not {*CASES, *COUNTS} <= columns <= {*CASES, *COUNTS, "gate"}:
        raise RecoreError(f"{cell}: its ranks have the columns {', '.join(cell.cases.column_names)}")
    if (meta["dataset"], meta["variant"], meta["seed"]) != (cell.dataset, cell.variant, cell.seed):
        raise RecoreError(f"{cell}: its ranks name {meta['dataset']} {meta['variant']} {meta['seed']}")
    if len(cell.cases) != statistics["test"]["cases"] or cell.test_hash != meta["test_hash"]:
        raise RecoreError(f"{cell}: its ranks are not of the test set that it names; make the cell again")
    above, tied = (cell.cases[name].to_numpy().astype(np.int64) for name in COUNTS)
    if above.min() < 0 or tied.min() < 1 or (above + tied).max() > cell.n_items:
        raise RecoreError(f"{cell}: its counts are not of a catalogue of {cell.n_items} items; make the cell again")
    if cell.record["commit"] is None or cell.record["dirty"]:
        raise RecoreError(f"{cell} was not made by a clean commit; make it again in a clone without changes")
    if not np.isfinite(pd.read_csv(io.StringIO(cell.history))["loss"]).all():
        raise RecoreError(f"{cell}: its training curve has a loss that is no number")


if __name__ == "__main__":
    run(main)
