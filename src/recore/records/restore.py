"""Puts the cells of a growing record back into a clone of its commit, so that another machine makes the missing ones.

python -m recore record restore NAME --to CLONE

Afterwards `python -m recore cells --no-weights` in CLONE makes only what is not up to date by its own check, once the
split is there (in a clone of older code that is `python -m recore.cells`). Cells that CLONE has already stay.
"""

import argparse
from pathlib import Path

from recore import RecoreError, artifacts, paths
from recore.evaluation.stored import Stored
from recore.records.folder import folder_of
from recore.records.git import head
from recore.records.tables import cells_of, place


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m recore record restore", description="Puts a record's cells into a clone."
    )
    parser.add_argument("name", help="docs/results/NAME")
    parser.add_argument("--to", type=Path, required=True, dest="clone", help="a clone of the record's commit")
    args = parser.parse_args(argv)
    folder = folder_of(args.name)
    cells = cells_of(folder)
    if not cells:
        raise RecoreError(f"{folder} holds no cell; records that grow have a folder ranks")
    if not (args.clone / paths.PIPELINE).exists():
        raise RecoreError(f"{args.clone} is no checkout of this project; clone it and check {_commit(cells)} out there")
    if (at := head(args.clone)) != _commit(cells):
        raise RecoreError(f"{args.clone} is at {at}; check {_commit(cells)} out there")
    given = artifacts.existing(folder / "params.yaml", "restore it from git").read_text(encoding="utf-8")
    artifacts.write_text(args.clone / paths.PARAMS, given)
    put = sum(_put(args.clone, cell) for cell in cells)
    print(f"{put} cells put into {args.clone}")


def _put(clone: Path, cell: Stored) -> bool:
    own = (cell.dataset, cell.variant, cell.seed)
    if (clone / paths.ranks(*own)).exists() or (clone / paths.record(*own)).exists():
        return False
    if not cell.inputs:
        raise RecoreError(f"{cell} was made by DVC, so nothing here can tell what it was made of; `dvc repro` makes it")
    place(cell, clone)
    outputs = {file.name: artifacts.sha256(clone / file) for file in paths.results(*own)}
    artifacts.write_json(clone / paths.ranks(*own) / "inputs.json", cell.inputs | {"outputs": outputs})
    return True


def _commit(cells: list[Stored]) -> str:
    return str(cells[0].made["commit"])
