"""What was done to a grid and what came of it, as a line of docs/seen.csv, which docs/MACHINES.md shows."""

import csv
import datetime
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def keep(file: Path | None, done: str, came: str) -> None:
    """Prints both, and puts them at the end of a file, or in the place of what had the same command before."""
    print(f"{done}: {came}", flush=True)
    if file is None:
        return
    commit = subprocess.run(["git", "rev-parse", "--short=7", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout
    row = {"what was done to the grid": done, "what came of it": came}
    row |= {"date": datetime.datetime.now(datetime.UTC).date().isoformat(), "commit": commit.strip() or "none"}
    with file.open(newline="", encoding="utf-8") as handle:
        rows = [old for old in csv.DictReader(handle) if _command(old[next(iter(row))]) != _command(done)]
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, list(row), lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, row])


def _command(done: str) -> str:
    return done.partition(":")[0]
