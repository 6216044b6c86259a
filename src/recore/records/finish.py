"""A record is written as a whole: what follows from its runs, provenance.json, and the hashes of all of it.

python -m recore record tables NAME     after a change of the code that makes tables and figures
"""

import argparse
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recore import RecoreError, artifacts, params
from recore.evaluation.on_record import sums
from recore.evaluation.on_record.files import RESTORE
from recore.evaluation.stored import Stored
from recore.records import tables
from recore.records.checkout import in_order
from recore.records.folder import folder_of
from recore.records.page import page

LIMIT = 12_000_000  # bytes of a record that needs no reason
PARAMS = "params.yaml"
# Names of records alone: where one is, there is or was a record, whatever has become of its SHA256SUMS.
OWN = {*tables.TABLES, tables.REPORT, "cells.md", "provenance.json", "ranks", sums.NAME}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m recore record tables", description="Makes a record's tables and figures again."
    )
    parser.add_argument("name", help="docs/results/NAME")
    folder, about = finished(parser.parse_args(argv).name)
    given = params.load(folder / "params.yaml")
    with replacing(folder, keep_ranks=True) as out:
        whole(out, given, in_order(tables.cells_of(folder), given), about, about.pop("large", None))
    print(f"the tables and figures of {folder} are made again; `python -m recore record render` shows them")


def finished(name: str) -> tuple[Path, dict[str, Any]]:
    """The folder and provenance.json of a record; RecoreError where it still grows or has lost its ranks."""
    folder = folder_of(name)
    about = artifacts.read_json(folder / "provenance.json", "a record has one when it is finished; restore it from git")
    artifacts.existing(folder / "ranks", RESTORE)
    return folder, about


@contextmanager
def replacing(folder: Path, keep_ranks: bool) -> Iterator[Path]:
    """A folder that becomes the record when the block succeeds, with its params.yaml and perhaps its ranks.

    What SHA256SUMS of the record there lists goes; every other file was put there by people and stays. RecoreError
    where the new record has a file of the same name, or such a file lies among the ranks.
    """
    theirs = notes(folder)
    with artifacts.new_folder(folder) as out:
        if (folder / PARAMS).exists():
            shutil.copy(folder / PARAMS, out)
        if keep_ranks:
            shutil.copytree(folder / "ranks", out / "ranks")
        yield out
        sums.write(out, [file for file in out.rglob("*") if file.is_file()])
        for name in theirs:
            if (out / name).exists():
                raise RecoreError(f"{folder / name} is not in {sums.NAME}, and the record writes that name; rename it")
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, out / name, follow_symlinks=False)


def notes(folder: Path) -> list[str]:
    """The files of a record's folder that people put there; RecoreError where one lies among the ranks."""
    listed = {*(sums.read(folder) if (folder / sums.NAME).exists() else ()), PARAMS, sums.NAME}
    there = (file.relative_to(folder).as_posix() for file in sorted(folder.rglob("*")) if not _is_folder(file))
    theirs = [name for name in there if name not in listed]
    if among := [name for name in theirs if name.startswith("ranks/")]:
        raise RecoreError(f"{folder / among[0]} is not in {sums.NAME}; remove it, or restore both from git")
    return theirs


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def growing(out: Path, name: str, given: params.Params, cells: list[Stored], why: str | None) -> None:
    """Writes what can be said before every run is there: cells.md."""
    artifacts.write_text(out / "cells.md", page(name, given, cells))
    _sized(out, why)


def whole(out: Path, given: params.Params, cells: list[Stored], about: dict[str, Any], why: str | None) -> None:
    """Writes tables, figures and provenance.json of a record that has all its runs.

    about: provenance.json but for what follows from the runs; why: it is large, where it is.
    """
    with tables.remade(out, given, cells) as made:
        for name, file in made.files.items():
            shutil.copy(file, out / name)
    large = _sized(out, why)
    own = about | of_runs(given, cells) | ({"external": made.external} if made.external else {})
    own |= {"versions": tables.versions()}
    artifacts.write_json(out / "provenance.json", own | ({"large": large} if large else {}))


def of_runs(given: params.Params, cells: list[Stored]) -> dict[str, Any]:
    """What provenance.json says of the runs, all of one commit: where they were made, and what they cost."""
    made = [cell.made for cell in cells]
    return {
        "commit": made[0]["commit"],
        "cells": len(made),
        "train_seconds": round(sum(cost["train_seconds"] + cost["valid_seconds"] for cost in made), 1),
        "threads": given.at("train.threads"),
        "peak_memory_bytes": max(cost["peak_memory_bytes"] for cost in made),
        "machines": machines(made),
    }


def machines(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each device, machine and set of versions that cells were made on, and how many of them."""
    found: list[dict[str, Any]] = []
    for cost in made:
        own = {key: cost[key] for key in ("device", "machine", "versions")}
        if own not in found:
            found.append(own)
    return [own | {"cells": sum(own.items() <= cost.items() for cost in made)} for own in found]


def _sized(out: Path, why: str | None) -> str | None:
    """The reason for a record that is large; RecoreError where one is needed and none is given."""
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    if size <= LIMIT:
        return None
    if not why:
        raise RecoreError(
            f"the record would have {size / 1e6:.1f} MB, and git keeps every version of it; say why with `--large`, or "
            f"leave something out ({LIMIT / 1e6:.0f} MB need no reason)"
        )
    return why
