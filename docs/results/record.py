"""Puts a grid on record: runs docs/results/NAME/params.yaml in a clean clone of HEAD and keeps the results beside it.

python docs/results/record.py NAME [--jobs 2] [--folder F]   what `make record NAME=...` runs; F keeps the clone
python docs/results/record.py NAME --from CHECKOUT           takes results that are there already, params.yaml with them

A record is params.yaml, the tables and figures that `aggregate` made of it, and record.json: commit, machine, cost.
It is whole or not there: a failed run leaves what stood in docs/results/NAME.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recore import RecoreError, artifacts, costs, params, paths
from recore.stages import run

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parent
TABLES = ("results.csv", "comparisons.csv", "runs.csv", "across.csv", "breakdowns.csv", "table.md")
NEWER = ("windows.csv",)  # tables that older checkouts do not make
REPORT_LIMIT = 3_000_000  # bytes; git keeps every version
TESTED = ("significance", "aggregate")  # the stages that make the tables, from ranks and records alone


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Puts a grid on record in docs/results/NAME.")
    parser.add_argument("name")
    parser.add_argument("--jobs", type=int, default=2, help="cells at once")
    parser.add_argument("--folder", type=Path, help="where the clone is made and stays; a second run continues there")
    parser.add_argument("--from", type=Path, dest="checkout", help="a checkout whose metrics/ and plots/ are made")
    args = parser.parse_args(argv)
    if args.checkout:
        keep(args.checkout, args.name, taken(args.checkout))
        return
    given = RESULTS / args.name / "params.yaml"
    if not given.exists():
        raise RecoreError(f"{given} does not exist; copy params.yaml there and state the grid to record")
    params.load(given)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.folder or Path(temporary)).resolve()
        checkout = clone_of_head(folder)
        shutil.copy(given, checkout / "params.yaml")
        keep(checkout, args.name, run_grid(checkout, args.name, args.jobs))


def clone_of_head(folder: Path) -> Path:
    """FOLDER/recore, with this environment; RecoreError where one of another commit is there already."""
    checkout = folder / "recore"
    if not checkout.exists():
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
    if git(checkout, "rev-parse", "HEAD") != git(ROOT, "rev-parse", "HEAD"):
        raise RecoreError(f"{checkout} is another commit than {ROOT}; name another --folder, or delete that one")
    if not (checkout / ".venv").exists():
        (checkout / ".venv").symlink_to(Path(sys.prefix).resolve())
    return checkout


def run_grid(checkout: Path, name: str, jobs: int) -> dict[str, Any]:
    """`make grid` there; returns command, jobs, and the wall time of all attempts in this folder."""
    Path(sys.prefix, ".ready").touch()  # newer than the files of the clone: nothing to install there
    attempts = checkout.with_name("attempts.json")
    before = artifacts.read_json(attempts) if attempts.exists() else []
    started = time.monotonic()
    try:
        status = subprocess.run(["make", "grid", f"JOBS={jobs}"], cwd=checkout).returncode
    finally:
        seconds = [*before, round(time.monotonic() - started, 1)]
        artifacts.write_json(attempts, seconds)
    if status:
        raise RecoreError(f"`make grid` failed in {checkout}, see above; with --folder a second run continues there")
    command = f"make record NAME={name} JOBS={jobs}"
    return {"command": command, "jobs": jobs, "wall_seconds": round(sum(seconds), 1), "attempts": len(seconds)}


def taken(checkout: Path) -> dict[str, Any]:
    """The same of results that are there already; RecoreError unless tables, ranks, params and code go together.

    Of cells that DVC made, DVC says so; of others their inputs.json.
    """
    without_dvc = any((checkout / paths.RANKS).rglob("inputs.json"))
    made_by = f"python -m recore.cells; dvc repro --single-item {' '.join(TESTED)}" if without_dvc else "dvc repro"
    command = [sys.executable, "-m", "dvc", "status", "--quiet", *(TESTED if without_dvc else ())]
    if subprocess.run(command, cwd=checkout).returncode or (without_dvc and not cells_are_current(checkout)):
        raise RecoreError(
            f"metrics/ and plots/ of {checkout} are not those of its code, params and ranks; run `{made_by}` there"
        )
    return {"command": made_by, "jobs": None, "wall_seconds": None, "attempts": None}


def keep(checkout: Path, name: str, how: dict[str, Any]) -> None:
    """Copies the results of a checkout to docs/results/NAME and writes record.json."""
    record = facts(checkout, name, how)
    report = checkout / paths.PLOTS / "report.html"
    files = [checkout / "params.yaml", *(checkout / paths.METRICS / table for table in TABLES)]
    files += [file for file in (checkout / paths.METRICS / table for table in NEWER) if file.exists()]
    files += [checkout / paths.PLOTS / "mde.csv", *sorted((checkout / paths.PLOTS).glob("*.png"))]
    if report.stat().st_size < REPORT_LIMIT:
        files.append(report)
    else:
        record["report"] = f"plots/report.html of the command ({report.stat().st_size / 1e6:.1f} MB, too large for git)"
    with artifacts.new_folder(RESULTS / name) as out:
        if (RESULTS / name).exists():  # notes stay, results do not
            made = shutil.ignore_patterns("*.csv", "*.png", "*.json", "*.html", "table.md", "params.yaml")
            shutil.copytree(RESULTS / name, out, ignore=made, dirs_exist_ok=True)
        for file in files:
            shutil.copy(artifacts.existing(file), out)
        artifacts.write_json(out / "record.json", record)
    print(f"{name} is on record: {record['cells']} cells in docs/results/{name}")


def facts(checkout: Path, name: str, how: dict[str, Any]) -> dict[str, Any]:
    """record.json: what was run, where, and what it cost; wall time is null where nobody measured it."""
    given = params.load(checkout / paths.PARAMS)
    variants = [variant for rows in given.at("variants").values() for variant in rows]
    cells = [(d, v, s) for d in given.at("datasets") for v in variants for s in given.at("seeds")]
    records = [cost_of(checkout, *cell) for cell in cells]
    data = (file for file in (checkout / paths.DATA).rglob("*") if file.is_file())
    return {
        "name": name,
        "commit": commit_of(checkout, records),
        "date": datetime.now(UTC).date().isoformat(),
        **how,
        "cells": len(cells),
        "train_seconds": round(sum(record["train_seconds"] + record["valid_seconds"] for record in records), 1),
        "threads": given.at("train.threads"),
        "peak_memory_bytes": max(record["peak_memory_bytes"] for record in records),
        "data_bytes": sum(file.stat().st_size for file in data),
        "machines": machines(records),
        "report": "report.html",
    }


def cost_of(checkout: Path, dataset: str, variant: str, seed: int) -> dict[str, Any]:
    """What a cell cost and where it was made; RecoreError where nobody knows."""
    cost = costs.read(checkout / paths.record(dataset, variant, seed))
    if cost is None:
        raise RecoreError(
            f"what {dataset} {variant} {seed} cost in {checkout} is unknown, since DVC restored it; a record is made "
            "where the cells were made"
        )
    return cost


def machines(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each device, machine and set of versions that cells were made on, and how many of them."""
    found: list[dict[str, Any]] = []
    for record in records:
        own = {key: record[key] for key in ("device", "machine", "versions")}
        if own not in found:
            found.append(own)
    return [own | {"cells": sum(own.items() <= record.items() for record in records)} for own in found]


def commit_of(checkout: Path, records: list[dict[str, Any]]) -> str:
    """The one clean commit that all cells name, or HEAD where their inputs.json proves that its code made them.

    Outside git a cell knows no commit; there the hashes of code, split and params speak for it. Raises RecoreError.
    """
    commits = {record["commit"] for record in records}
    if len(commits) == 1 and None not in commits and not any(record["dirty"] for record in records):
        return commits.pop()
    if git(checkout, "status", "--porcelain", "--", "src", "dvc.yaml") or not cells_are_current(checkout):
        raise RecoreError(
            f"the cells in {checkout} do not name one clean commit, and nothing shows that the code at its HEAD made "
            "them; commit src and dvc.yaml, and make the cells again with that"
        )
    return git(checkout, "rev-parse", "HEAD")


def cells_are_current(checkout: Path) -> bool:
    """Whether the inputs.json of all cells there name its code, params and split."""
    command = [sys.executable, "-m", "recore.cells", "--check"]
    environment = os.environ | {"PYTHONPATH": "src"}
    return not subprocess.run(command, cwd=checkout, env=environment, stdout=sys.stderr).returncode


def git(folder: Path, *arguments: str) -> str:
    """What it prints; RecoreError where it fails, as outside a repository."""
    result = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True)
    if result.returncode:
        raise RecoreError(f"`git {' '.join(arguments)}` failed in {folder}: {result.stderr.strip()}")
    return result.stdout.strip()


if __name__ == "__main__":
    run(main)
