"""Puts the cells of a growing record back into a clone of its commit, so that another machine makes the missing ones.

python -m recore.records.restore NAME --to CLONE

Afterwards ``python -m recore.cells --no-weights`` in CLONE (with the record's params.yaml and the split, which are put
there or made there first) makes only what is not up to date by its own check. Cells that CLONE has already stay.
"""

import argparse
import subprocess
from pathlib import Path

import pyarrow.parquet as pq

from recore import RecoreError, artifacts, costs, paths
from recore.records.gather import RESULTS
from recore.records.store import Stored, load, saved
from recore.stages import run


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.records.restore", description="Puts a record's cells into a clone.")
    parser.add_argument("name", help="docs/results/NAME")
    parser.add_argument("--to", type=Path, required=True, dest="clone", help="a clone of the record's commit")
    args = parser.parse_args(argv)
    folder = RESULTS / args.name
    cells = [load(folder, *cell) for cell in saved(folder)]
    if not cells:
        raise RecoreError(f"{folder} holds no cell; records that grow have a folder ranks")
    if not (args.clone / paths.PIPELINE).exists():
        raise RecoreError(f"{args.clone} is no checkout of this project; clone it and check {_commit(cells)} out there")
    head = head_of(args.clone)
    if head != _commit(cells):
        raise RecoreError(f"{args.clone} is at {head or 'no commit'}; check {_commit(cells)} out there")
    given = artifacts.existing(folder / "params.yaml", "restore it from git").read_text(encoding="utf-8")
    artifacts.write_text(args.clone / paths.PARAMS, given)
    put = sum(_put(args.clone, cell) for cell in cells)
    print(f"{put} cells put into {args.clone}")


def head_of(clone: Path) -> str:
    """The commit that is checked out there; empty outside git."""
    return subprocess.run(["git", "rev-parse", "HEAD"], cwd=clone, capture_output=True, text=True).stdout.strip()


def _put(clone: Path, cell: Stored) -> bool:
    own = (cell.dataset, cell.variant, cell.seed)
    if (clone / paths.ranks(*own)).exists() or (clone / paths.record(*own)).exists():
        return False
    with artifacts.new_folder(clone / paths.record(*own)) as out:
        artifacts.write_json(out / "record.json", cell.record)
        artifacts.write_text(out / "history.csv", cell.history)
        if cell.cost:
            costs.write(out, cell.cost)
    with artifacts.new_folder(clone / paths.ranks(*own)) as out:
        pq.write_table(cell.cases, out / "cases.parquet")
        names = {"dataset": cell.dataset, "variant": cell.variant, "seed": cell.seed}
        hashes = {"test_hash": cell.test_hash, **cell.weights}
        artifacts.write_json(out / "meta.json", names | {"n_items": cell.n_items, **hashes})
        whole = [out / file.name if file.parent == paths.ranks(*own) else clone / file for file in paths.results(*own)]
        outputs = {file.name: artifacts.sha256(file) for file in whole}
        artifacts.write_json(out / "inputs.json", cell.inputs | {"outputs": outputs})
    return True


def _commit(cells: list[Stored]) -> str:
    return str(cells[0].made["commit"])


if __name__ == "__main__":
    run(main)
