"""Seconds, peak memory and clicks a second of the stages filter and split on a synthetic csv log.

    python benchmarks/filter_split.py [--clicks 10000000]

The log is in order of time, so the clicks of a session lie scattered through the file, the hardest case for the reader.
Both stages run as the pipeline runs them, each in a process of its own, start and writing included.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from recore import yaml12

GOAL_SECONDS, GOAL_GB = 30, 4
DATASET = "bench"
SOURCE = {
    "fetch": {"files": {"log.csv": {"path": "/log.csv", "sha256": "0" * 64}}},
    "read": {
        "format": "delimited",
        "delimiter": ",",
        "columns": {"session": "session_id", "item": "item_id", "time": "time"},
        "time": "seconds",
        "comparable": False,
    },
    "split": {"recent": 1.0},
    "train": {},
}


def write_log(file: Path, clicks: int) -> None:
    """A csv of ``clicks`` rows: sessions of 5 clicks on average, 1 click a row, items by Zipf's law."""
    rng = np.random.default_rng(0)
    session = rng.integers(0, clicks // 5, clicks)
    start_s = 1_500_000_000 + np.sort(rng.integers(0, 180 * 86_400, clicks // 5))
    time_s = start_s[session] + rng.integers(0, 3600, clicks)
    rank = np.exp(rng.random(clicks) * np.log(clicks / 100)).astype(np.int64)
    order = np.argsort(time_s, kind="stable")
    columns = {"session_id": session[order], "item_id": rank[order] * 7 + 1000, "time": time_s[order]}
    pacsv.write_csv(pa.table(columns), file)


def run_stage(stage: str, folder: Path, source: Path) -> tuple[float, float]:
    """Seconds and peak GB of the stage in ``folder``."""
    started = time.perf_counter()
    command = [sys.executable, "-m", f"recore.stages.{stage}", DATASET]
    child = subprocess.Popen(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(source)})
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"stage {stage} failed")
    return time.perf_counter() - started, usage.ru_maxrss * 1024 / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clicks", type=int, default=10_000_000)
    clicks = parser.parse_args().clicks
    tree = yaml12.read(Path("params.yaml"))
    with tempfile.TemporaryDirectory() as name:
        folder, source = Path(name), Path("src").resolve()
        (folder / "params.yaml").write_text(yaml12.dump(tree | {"sources": tree["sources"] | {DATASET: SOURCE}}))
        log = folder / "data" / "raw" / DATASET / "log.csv"
        log.parent.mkdir(parents=True)
        # In a process of its own: on Linux the peak of a child counts from the peak of the process that starts it.
        writer = multiprocessing.get_context("spawn").Process(target=write_log, args=(log, clicks))
        writer.start()
        writer.join()
        print(f"{clicks:,} clicks, {log.stat().st_size / 1e6:.0f} MB, {os.cpu_count()} cores")
        measured = {stage: run_stage(stage, folder, source) for stage in ("filter", "split")}
        stats = (folder / "data" / "split" / DATASET / "stats.json").read_text(encoding="utf-8")
    total, peak_gb = sum(seconds for seconds, _ in measured.values()), max(gb for _, gb in measured.values())
    print(" ".join(stats.split()))
    for stage, (seconds, gb) in measured.items():
        print(f"{stage}: {seconds:.1f} s, peak {gb:.2f} GB")
    print(f"together {total:.1f} s (goal {GOAL_SECONDS}), peak {peak_gb:.2f} GB (goal {GOAL_GB})")
    print(f"{clicks / total:,.0f} clicks/s")


if __name__ == "__main__":
    main()
