"""Runs measurements in processes of their own and collects their rows in a csv.

Nothing heavy is imported here: on Linux the peak memory of a child counts from that of the process that starts it.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
# glibc keeps what is freed instead of handing it back to the kernel, which would have to clear it again. Read at start.
TUNED = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "68719476736", "MALLOC_TOP_PAD_": "268435456"}
ALLOCATORS = {"shipped": {}, "tuned": TUNED}
# Where nothing of the rendition is measured.
OURS_ALONE = ("own_steps", "mining", "beside_floor", "large_step", "large_ranking", "choice")
Row = dict[str, Any]


def measure(kind: str, threads: int, allocator: str = "shipped", **task: Any) -> list[Row]:
    """The rows of ``measure.KIND`` with these arguments, run under this allocator.

    Huge pages are on, as recore turns them on, where nothing but recore is measured; beside the rendition both go
    without, because PyTorch as shipped does and one process has one allocator.
    """
    print("measuring", kind, allocator, *task.values(), file=sys.stderr, flush=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    environment |= ALLOCATORS[allocator] | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": str(threads)}
    environment["THP_MEM_ALLOC_ENABLE"] = "1" if kind in OURS_ALONE or task.get("side") in ("ours", "bfloat16") else "0"
    command = [sys.executable, str(ROOT / "benchmarks" / "measure.py")]
    described = json.dumps({"kind": kind, "threads": threads} | task)
    child = subprocess.run([*command, described], env=environment, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    inputs = {name: task.get(name, "") for name in ("items", "batch", "prefix_length")}
    return [row | inputs | {"allocator": allocator} for row in json.loads(child.stdout)]


def write(rows: list[Row], name: str, quick: bool) -> Path:
    """``benchmarks/results/NAME.csv``: the rows with the command that made them, and whether it was a mere trial."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{name}.csv"
    command = " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    rows = [row | {"command": command, "quick": quick} for row in rows]
    with file.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file


def options(description: str, defaults: dict[str, int], quick: dict[str, int]) -> argparse.Namespace:
    """Whole-number options with their defaults, which ``--quick`` replaces by tiny ones."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, only to try the code; numbers mean nothing")
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=int, help=f"default {value}")
    chosen = parser.parse_args()
    for name, value in (defaults | (quick if chosen.quick else {})).items():
        if getattr(chosen, name) is None:
            setattr(chosen, name, value)
    return chosen
