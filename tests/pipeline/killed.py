"""Kills a small grid at random moments and starts it again until it comes through: is it the grid of a quiet run?

python tests/pipeline/killed.py [--kills 200] [--seed 1] [--of repro grid cells]

Each of the three ways to make a grid is first left alone, which gives its length and its files. Then it starts from
nothing, gets SIGKILL with all its processes at a moment drawn uniformly from that length, and is started again. Once it
ends, every file that it made (but for what runs cost) must be that of the quiet run, byte for byte, nothing else may
lie beside them, and the check of that way must find nothing to do. Counted are the kills, the runs that came through,
those with another file (wrong), those that could not be started again (lost), and the calls of `recore mend` that plain
`dvc repro` needed after a kill inside DVC.
"""

import argparse
import hashlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from conftest import Clone, checkout, kill, tiny

STAGES = "python -m recore.stages"
MEND = "PYTHONPATH=src python -m recore mend"
CELLS = "PYTHONPATH=src python -m recore cells --device cpu"


@dataclass(frozen=True)
class Way:
    """How a grid is made from what lies there, and how it is asked whether it is up to date."""

    prepare: str
    command: str
    check: str
    mend: str = ""


WAYS = {
    "repro": Way("true", "dvc repro", "dvc status | grep 'up to date'", MEND),
    # The environment is this one: nothing to install.
    "grid": Way("true", "make --old-file=.venv/.ready grid JOBS=2", "dvc status | grep 'up to date'"),
    "cells": Way(
        f"export PYTHONPATH=src; {STAGES}.download demo && {STAGES}.filter demo && {STAGES}.split demo",
        f"{CELLS} && export PYTHONPATH=src && {STAGES}.significance demo && {STAGES}.aggregate",
        f"{CELLS} --check",
    ),
}


def small(tree) -> None:
    """Two variants, two seeds, three epochs."""
    tiny(tree)
    tree["sources"]["demo"]["train"] |= {"epochs": 3}


def main() -> None:
    parser = argparse.ArgumentParser(description="Kills a small grid at random moments and starts it again.")
    parser.add_argument("--kills", type=int, default=200, help="of each way")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--of", nargs="+", choices=WAYS, default=list(WAYS))
    args = parser.parse_args()
    failed = False
    for name in args.of:
        with tempfile.TemporaryDirectory() as folder:
            counts = killed(WAYS[name], Path(folder), args.kills, random.Random(f"{args.seed} {name}"))
        told = ", ".join(f"{counts[what]} {what}" for what in ("kills", "completions", "wrong", "lost", "mended"))
        print(f"{name}: {told}", flush=True)
        failed |= bool(counts["wrong"] + counts["lost"] or not counts["completions"])
    sys.exit(failed)


def killed(way: Way, folder: Path, kills: int, moments: random.Random) -> Counter:
    """The counts of one way, from so many kills."""
    template = checkout(folder / "template", small)
    for room in ("metrics", "plots"):  # those of the demo
        shutil.rmtree(template.path / room)
    template.run("sh", "-c", way.prepare)
    quiet = copied(template, folder / "quiet")
    began = time.monotonic()
    assert ended(quiet, way.command, None) == 0, said(quiet)
    length, expected = time.monotonic() - began, files(quiet)
    print(f"{way.command}: {length:.0f} s, {len(expected)} files", file=sys.stderr, flush=True)
    counts: Counter = Counter()
    while counts["kills"] < kills:
        clone = copied(template, folder / "killed")
        outcome = one(way, clone, length, kills, moments, counts)
        counts[outcome] += 1
        if outcome == "completions" and (found := files(clone)) != expected:
            counts["wrong"] += 1
            other = sorted(k for k in found.keys() | expected if found.get(k) != expected.get(k))
            print(f"wrong after {counts['kills']} kills: {other}", file=sys.stderr, flush=True)
        print(dict(counts), file=sys.stderr, flush=True)
        shutil.rmtree(clone.path)
    return counts


def one(way: Way, clone: Clone, length: float, kills: int, moments: random.Random, counts: Counter) -> str:
    """Starts again until it comes through; what to count then."""
    mended = False
    while True:
        status = ended(clone, way.command, moments.uniform(0, length) if counts["kills"] < kills else None)
        if status is None:
            counts["kills"] += 1
            mended = False
        elif status == 0:
            return "completions" if clone.run("sh", "-c", way.check, ok=False).returncode == 0 else "lost"
        elif way.mend and not mended:
            print(said(clone)[-300:], clone.run("sh", "-c", way.mend).stdout, file=sys.stderr, flush=True)
            counts["mended"] += 1
            mended = True
        else:
            print(said(clone)[-2000:], file=sys.stderr, flush=True)
            return "lost"


def ended(clone: Clone, command: str, moment: float | None) -> int | None:
    """The exit status of a command; None where it still ran at that moment (in seconds) and was killed."""
    with clone.path.with_name("output").open("w") as output:
        process = subprocess.Popen(
            ["sh", "-c", command],
            **{"cwd": clone.path, "env": clone.env, "stdout": output, "stderr": output, "start_new_session": True},
        )
        try:
            return process.wait(moment)
        except subprocess.TimeoutExpired:
            return None
        finally:  # Ctrl-C here does not reach the processes there
            kill(process)


def said(clone: Clone) -> str:
    return clone.path.with_name("output").read_text()


def copied(template: Clone, path: Path) -> Clone:
    shutil.copytree(template.path, path, symlinks=True)
    return Clone(path)


def files(clone: Clone) -> dict[str, str]:
    """SHA-256 of everything that was made, leftovers too, but for what the runs cost."""
    made = (file for room in ("data", "metrics", "plots") for file in (clone.path / room).rglob("*") if file.is_file())
    return {
        str(file.relative_to(clone.path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in made
        if file.name != "cost.json"
    }


if __name__ == "__main__":
    main()
