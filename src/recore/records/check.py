"""Recomputes what a record publishes, without data or training, and compares.

python -m recore record check [NAME ...]     all of them without a name

First every file is held against SHA256SUMS. Then stages significance and aggregate make tables and figures again from
the ranks, as ``tables`` says; a record that still grows has its cells.md. Numbers are equal to rounding. Figures are
compared where they were drawn by the version of Matplotlib that is installed, but for single pixels. A line for each
file says what was compared.

It shows that what is published follows from the ranks that are on record, not that a model made these ranks.
"""

import argparse
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from recore import RecoreError, artifacts, params, paths
from recore.evaluation.on_record import sums
from recore.evaluation.on_record.files import NOT_WHOLE, RESTORE
from recore.records import finish, tables
from recore.records.checkout import in_order
from recore.records.compare import difference
from recore.records.folder import folder_of
from recore.records.page import page

SAME = "the same"


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m recore record check", description="Recomputes what records publish, and compares."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="docs/results/NAME (all)")
    names = parser.parse_args(argv).names
    every = sorted(folder for folder in paths.ON_RECORD.glob("[!.]*/") if folder.is_dir())
    if not every:
        raise RecoreError(f"{paths.ON_RECORD} holds no record here; run from the root of the repository")
    folders = [folder_of(name) for name in names] or every
    faults = []
    for folder in folders:
        for name, said, right in checked(folder):
            print(": ".join(filter(None, (folder.name, name, said))), flush=True)
            faults += [] if right else [f"{folder / name}: {said}"]
    if faults:
        raise RecoreError("\nrecore: ".join([f"{len(faults)} files are not what they should be", *faults]))


def checked(folder: Path) -> Iterator[tuple[str, str, bool]]:
    """For each file of a record its name, what is said of it, and whether it is right."""
    try:
        artifacts.existing(folder / finish.PARAMS, "name a folder of docs/results, or restore it from git")
        if not any((folder / name).exists() for name in finish.OWN):
            params.load(folder / finish.PARAMS)
            yield finish.PARAMS, "has not been run yet", True
            return
        broken = dict(sums.faults(folder))
        yield from ((name, fault, False) for name, fault in broken.items())
        if any(name.startswith(("ranks/", "params.yaml", "provenance.json")) for name in broken):
            return  # what is computed of them would say nothing
        yield from _recomputed(folder)
    except RecoreError as fault:
        yield "", str(fault), False
    except NOT_WHOLE as error:
        yield "", f"its files do not fit together ({type(error).__name__}: {error}); restore them from git", False


def _recomputed(folder: Path) -> Iterator[tuple[str, str, bool]]:
    given = params.load(folder / "params.yaml")
    cells = in_order(tables.cells_of(folder), given)
    if not cells:
        raise RecoreError(f"{folder / 'ranks'} holds no cell; restore it from git")
    yield "ranks", f"{len(cells)} of {len(given.runs())} cells, all as they were recorded", True
    if not (folder / "provenance.json").exists():
        again = page(folder.name, given, cells)
        yield _compared(folder, "cells.md", again.encode())
        there = {name for name in finish.OWN if (folder / name).exists()} | {
            name for name in sums.read(folder) if not name.startswith("ranks/")
        }
        for name in sorted(there - {"cells.md", finish.PARAMS, "ranks", sums.NAME}):
            yield name, "has no place in a record that grows; remove it or restore provenance.json", False
        return
    about = artifacts.read_json(folder / "provenance.json", RESTORE)
    yield "provenance.json", *_facts(about, finish.of_runs(given, cells))
    noted = about.get("external", {})
    if missing := given.external().keys() - noted.keys():
        raise RecoreError(
            f"{folder / 'provenance.json'} does not say which runs {min(missing)} took; "
            f"`python -m recore record tables {folder.name}` notes them"
        )
    with tables.remade(folder, given, cells, noted) as made:
        for name, file in made.files.items():
            yield _compared(folder, name, file.read_bytes(), tables.drawn_otherwise(about), set(made.files))


def _facts(about: dict[str, Any], again: dict[str, Any]) -> tuple[str, bool]:
    for key, value in again.items():
        if about[key] != value:
            return f"{key} is {about[key]}, but {value} comes out", False
    return SAME, True


def _compared(
    folder: Path, name: str, again: bytes, drawn: str | None = None, made: Collection[str] = ()
) -> tuple[str, str, bool]:
    """drawn: why figures cannot be compared, if so; made: the names of all files that were made again."""
    file = folder / name
    if not file.is_file():
        return name, "is missing, but comes out", False
    recorded = file.read_bytes()
    if recorded == again:
        return name, f"{SAME}, byte for byte", True
    if drawn and name.endswith(".png"):
        numbers = f"{file.stem}.csv"
        return (
            name,
            f"not compared, since {drawn}" + (f"; its numbers, {numbers}, are" if numbers in made else ""),
            True,
        )
    fault = difference(name, recorded, again)
    return name, fault or f"{SAME} to rounding", not fault
