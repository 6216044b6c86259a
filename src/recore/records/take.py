"""Puts the finished runs of a checkout on record in docs/results/NAME, as many as there are.

python -m recore record from NAME CHECKOUT

CHECKOUT has made runs of its params.yaml, with DVC or by ``python -m recore cells``, for as long as it takes. A second
call takes what was finished since (``checkout`` says what counts). Until the last run is there, cells.md shows the runs
so far, and the verdict of a comparison once all seeds of both variants are there; then come tables, figures and
provenance.json, made of the ranks in the record. A failed call leaves the record as it was.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recore import RecoreError, artifacts, params, paths
from recore.evaluation.on_record import split
from recore.evaluation.on_record.files import is_new, save
from recore.records import finish
from recore.records.checkout import cell_of, current, in_order, made_without_dvc
from recore.records.folder import folder_of
from recore.records.git import is_ignored
from recore.records.tables import cells_of, check_catalogue


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m recore record from", description="Puts the finished cells of a checkout on record."
    )
    parser.add_argument("name", help="docs/results/NAME")
    parser.add_argument("checkout", type=Path, help="a clone that makes the cells of its params.yaml")
    parser.add_argument("--large", metavar="WHY", help="a sentence for provenance.json, where the record is over 12 MB")
    args = parser.parse_args(argv)
    print(take(args.name, args.checkout, args.large))


def take(name: str, checkout: Path, why: str | None, how: dict[str, Any] | None = None, afresh: bool = False) -> str:
    """Returns a sentence on what is on record now; ``afresh`` replaces what was.

    how: command, jobs, wall_seconds and attempts, where they are known. RecoreError names what is not right.
    """
    folder = folder_of(name)
    theirs, given = _params(folder, checkout, afresh)
    there = [] if afresh or not (folder / "ranks").exists() else cells_of(folder)
    found = [cell_of(checkout, *cell) for cell in current(checkout)]
    new = [cell for cell in found if afresh or is_new(folder, cell)]
    cells = in_order([*there, *new], given)
    whole, finished = len(cells) == len(given.runs()), (folder / "provenance.json").exists()
    told = f"{len(new)} cells taken over; {folder} has {len(cells)} of {len(given.runs())}"
    if finished and not new:
        return told
    if finished and not whole:
        raise RecoreError(
            f"{folder} is finished, and {checkout} has {len(cells)} of its {len(given.runs())} cells; let it make the "
            "others first, or put them on record under another name"
        )
    with finish.replacing(folder, keep_ranks=bool(there)) as out:
        artifacts.write_text(out / "params.yaml", theirs)
        for cell in new:
            save(out, cell)
        for dataset in dict.fromkeys(cell.dataset for cell in cells):
            split.take(checkout, out, dataset)
        check_catalogue(out, new, "make the cell again")
        if whole:
            finish.whole(out, given, cells, _about(name, checkout, how), why)
        else:
            finish.growing(out, name, given, cells, why)
    return told


def _params(folder: Path, checkout: Path, afresh: bool) -> tuple[str, params.Params]:
    """The params.yaml of a checkout, as text and checked; RecoreError where the record has another one."""
    own, offered = folder / "params.yaml", checkout / paths.PARAMS
    theirs = artifacts.existing(offered, "name a checkout of this project").read_text(encoding="utf-8")
    if not afresh and own.exists() and own.read_text(encoding="utf-8") != theirs:
        raise RecoreError(f"{offered} is not {own}; a record has one, so put it on record under another name")
    given = params.load(offered)
    for variant, row in given.external().items():
        for file in params.files_of(row).values():
            if fault := _kept_from_clones(file["path"]):
                raise RecoreError(
                    f"{offered}: `variants.external.{variant}` names {file['path']}, which {fault}, so no clone would "
                    f"have it; commit the file, say in {folder}, and name it from the root of the repository, or name "
                    "the record that its ranks are of"
                )
    return theirs, given


def _kept_from_clones(path: str) -> str | None:
    """Why git would not carry a file, if so; outside a repository nothing is known to be ignored."""
    if Path(path).is_absolute():
        return "is an absolute path"
    if not Path(path).resolve().is_relative_to(Path.cwd()):
        return "lies outside the repository"
    return "git ignores" if is_ignored(Path(path)) else None


def _about(name: str, checkout: Path, how: dict[str, Any] | None) -> dict[str, Any]:
    """What provenance.json says that does not follow from the runs; wall time is null where nobody measured it."""
    made_by = "python -m recore cells" if made_without_dvc(checkout) else "dvc repro"
    data = (file for file in (checkout / paths.DATA).rglob("*") if file.is_file())
    return {
        "name": name,
        "commit": None,  # of the runs
        "date": datetime.now(UTC).date().isoformat(),
        **(how or {"command": made_by, "jobs": None, "wall_seconds": None, "attempts": None}),
        "data_bytes": sum(file.stat().st_size for file in data),
    }
