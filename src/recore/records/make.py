"""Puts a grid on record: runs docs/results/NAME/params.yaml in a clean clone of HEAD and keeps what comes of it.

python -m recore record make NAME [--jobs 2] [--folder F]     F keeps the clone; a second run continues there

The record replaces the one that stood there, when it is whole: the files that its SHA256SUMS lists. Any other file in
the folder, such as a note or a table of your own, stays as it is.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recore import RecoreError, artifacts, params, paths
from recore.records.folder import folder_of
from recore.records.git import git, head
from recore.records.take import take

HERE = Path(".")


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m recore record make", description="Runs a grid for the record.")
    parser.add_argument("name", help="docs/results/NAME, which has a params.yaml")
    parser.add_argument("--jobs", type=int, default=2, help="cells at once")
    parser.add_argument("--folder", type=Path, help="where the clone is made and stays; a second run continues there")
    parser.add_argument("--large", metavar="WHY", help="a sentence for provenance.json, where the record is over 12 MB")
    args = parser.parse_args(argv)
    if args.jobs < 1:
        raise RecoreError(f"--jobs is {args.jobs}; it is the number of cells at once, 1 or more")
    given = folder_of(args.name) / "params.yaml"
    params.load(artifacts.existing(given, "copy params.yaml there and state the grid to record"))
    with tempfile.TemporaryDirectory() as temporary:
        checkout = clone_of_head((args.folder or Path(temporary)).resolve())
        shutil.copy(given, checkout / paths.PARAMS)
        how = run_grid(checkout, f"make record NAME={args.name} JOBS={args.jobs}", args.jobs)
        print(take(args.name, checkout, args.large, how, afresh=True))


def clone_of_head(folder: Path) -> Path:
    """FOLDER/recore, with this environment; RecoreError where one of another commit is there already."""
    checkout = folder / "recore"
    if not checkout.exists():
        git(HERE, "clone", "--quiet", str(HERE.resolve()), str(checkout))
    if head(checkout) != head(HERE):
        raise RecoreError(f"{checkout} is another commit than HEAD here; name another --folder, or delete that one")
    if not (checkout / ".venv").exists():
        (checkout / ".venv").symlink_to(Path(sys.prefix).resolve())
    return checkout


def run_grid(checkout: Path, command: str, jobs: int) -> dict[str, Any]:
    """`make grid` there; returns command, jobs, and the wall time of all attempts in this folder."""
    Path(sys.prefix, ".ready").touch()  # newer than the files of the clone: nothing to install there
    with timed(checkout.with_name("attempts.json")) as seconds:
        status = subprocess.run(["make", "grid", f"JOBS={jobs}"], cwd=checkout).returncode
    if status:
        raise RecoreError(f"`make grid` failed in {checkout}, see above; with --folder a second run continues there")
    return {"command": command, "jobs": jobs, "wall_seconds": round(sum(seconds), 1), "attempts": len(seconds)}


@contextmanager
def timed(attempts: Path) -> Iterator[list[float]]:
    """The seconds of every attempt so far, those of the block with them when it is left; ``attempts`` keeps them."""
    seconds = artifacts.read_json(attempts) if attempts.exists() else []
    started = time.monotonic()
    try:
        yield seconds
    finally:
        seconds.append(round(time.monotonic() - started, 1))
        artifacts.write_json(attempts, seconds)
