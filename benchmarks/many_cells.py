"""What a cell costs beside its own work when Dask's workers make it, and what DVC's bookkeeping of so many takes.

python benchmarks/many_cells.py [--cells 1000] [--workers 8] [--large 200]

The cells are of no size: a child that writes the files of one cell that was really made, under another seed. The plain
reference starts the same children from as many threads, and neither sends nor verifies nor places anything. Times are
of the CPU, of all processes that take part, so that they hold on a machine that does other things, too. Writes
benchmarks/results/many_cells_1000.csv, which machines_page.py puts into docs/MACHINES.md. Needs the extra recore[dask].
"""

import argparse
import base64
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/grid"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests/pipeline"))

from children import write
from cluster import Cluster, end_in_order
from conftest import checkout, tiny
from measure import where

Measured = dict[str, tuple[float, str]]
QUICK = 100  # cells, below which it is a mere trial
DRY = ["dvc", "repro", "--dry", "significance"]

CHILD = """
import base64, hashlib, json, pathlib, sys
dataset, variant, seed = sys.argv[1:4]
given = json.loads(pathlib.Path("expected.json").read_text())
files = json.loads(pathlib.Path("src/recore/grid/template.json").read_text())
outputs = {}
for name, content in files.items():
    content = base64.b64decode(content)
    file = pathlib.Path(name.replace("/trm/1/", f"/{variant}/{seed}/"))
    if file.name in ("meta.json", "config.json"):
        content = json.dumps(json.loads(content) | {"variant": variant, "seed": int(seed)}).encode()
    if file.name in ("cases.parquet", "meta.json", "history.csv", "record.json", "config.json"):
        outputs[file.name] = hashlib.sha256(content).hexdigest()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
inputs = pathlib.Path("data/ranks", dataset, variant, seed, "inputs.json")
inputs.write_text(json.dumps(given | {"outputs": outputs}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="The cost of a cell beside its own work, and of DVC's bookkeeping.")
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--large", type=int, default=200, help="MB of one result")
    args = parser.parse_args()
    end_in_order()
    rows = []
    for what, (value, unit) in measured(args.cells, args.workers, args.large).items():
        print(f"{what}: {value:.3g} {unit}", flush=True)
        rows.append({"what": what, "cells": args.cells, "value": value, "unit": unit} | where())
    print(write(rows, f"many_cells_{args.cells}", args.cells < QUICK))


def measured(cells: int, workers: int, megabytes: int) -> Measured:
    """What is measured of a grid of so many cells, by its name."""

    def grid(tree) -> None:
        tiny(tree)
        tree["variants"] = {"plain": {"trm": {}, "da": {}}, "hybrid": {}}
        tree["significance"]["comparisons"] = [["da", "trm"]]
        tree["seeds"] = list(range(1, cells // 2 + 1))

    with tempfile.TemporaryDirectory() as name:
        clone = checkout(Path(name) / "clone/recore", grid)
        clone.run("dvc", "repro", "split", "encoders")
        stub(clone)
        found = reference(clone, cells, workers)
        with Cluster(Path(name), 2, workers // 2) as cluster:
            found |= made(clone, cluster, cells)
            found |= large(cluster.address, megabytes)
        return found | bookkeeping(clone)


def stub(clone) -> None:
    """Puts CHILD in the place of what makes a cell, with the files of one that was made."""
    clone.run(sys.executable, "-m", "recore.stages.train", "demo", "trm", "1", "--device", "cpu", PYTHONPATH="src")
    clone.run(sys.executable, "-m", "recore.stages.evaluate", "demo", "trm", "1", "--device", "cpu", PYTHONPATH="src")
    files = [file for room in ("models", "records", "ranks") for file in (clone.path / "data" / room).rglob("*.*")]
    template = {str(f.relative_to(clone.path)): base64.b64encode(f.read_bytes()).decode() for f in files}
    (clone.path / "src/recore/grid/template.json").write_text(json.dumps(template))
    (clone.path / "src/recore/grid/child.py").write_text(CHILD)
    for room in ("models", "records", "ranks"):
        clone.run("rm", "-r", f"data/{room}")


def reference(clone, cells: int, workers: int) -> Measured:
    """The children alone, each in a folder of its own."""

    def child(seed: int) -> None:
        with tempfile.TemporaryDirectory() as work:
            (Path(work) / "src").symlink_to(clone.path / "src")
            (Path(work) / "expected.json").write_text("{}")
            command = [sys.executable, "-m", "recore.grid.child", "demo", "trm", str(seed)]
            subprocess.run(command, cwd=work, env=clone.env | {"PYTHONPATH": "src"}, check=True)

    began = ended_children()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(child, range(cells)))
    return {"a cell, by children alone": (1000 * (ended_children() - began) / cells, "CPU ms")}


def ended_children() -> float:
    """CPU seconds of what this process has started and that has ended, and of what these had started."""
    return sum(os.times()[2:4])


def used(processes: Iterable[subprocess.Popen]) -> float:
    """CPU seconds of processes and of their children that have ended."""
    return sum(sum(psutil.Process(process.pid).cpu_times()[:4]) for process in processes)


def made(clone, cluster: Cluster, cells: int) -> Measured:
    """By the command, which has to make them all."""
    log = clone.path.with_name("driver.log")
    command = [sys.executable, "-m", "recore", "cells", "--executor", "dask", "--address", cluster.address]
    with log.open("w") as out:
        driver = subprocess.Popen(
            command, cwd=clone.path, env=clone.env | {"PYTHONPATH": "src"}, stdout=out, stderr=out
        )
    peaks = {"driver": 0, "scheduler": 0}
    taking_part = [driver, cluster.scheduler, *(worker for host in cluster.hosts.values() for worker in host)]
    begun, first, last, of_driver = ended_children(), None, None, 0.0
    while driver.poll() is None:
        done = log.read_text().count("): made in ")
        with contextlib.suppress(psutil.NoSuchProcess):
            for name, process in (("driver", driver), ("scheduler", cluster.scheduler)):
                peaks[name] = max(peaks[name], psutil.Process(process.pid).memory_info().rss)
            if done and first is None:
                first, before = used(taking_part), done
            if done == cells and last is None:
                last, of_driver = used(taking_part), used([driver])
        time.sleep(0.2)
    assert driver.returncode == 0, log.read_text()[-3000:]
    return {
        "a cell, by Dask's workers, verified and placed": (1000 * (last - first) / (cells - before), "CPU ms"),
        "largest memory of the driver": (peaks["driver"] / 1e6, "MB"),
        "largest memory of the scheduler": (peaks["scheduler"] / 1e6, "MB"),
        "recording them in `dvc.lock`": (ended_children() - begun - of_driver, "CPU s"),
    }


def large(address: str, megabytes: int) -> Measured:
    from distributed import Client

    from recore.grid.executors import sending

    with Client(address, set_as_default=False) as client:
        began = time.perf_counter()
        content = sending(client).submit(bytes, megabytes * 2**20).result()
        return {f"one result of {len(content) >> 20} MB": (time.perf_counter() - began, "s")}


def bookkeeping(clone) -> Measured:
    """Of the cells that are recorded, so that nothing is left to make."""
    found = {"`dvc.lock`": ((clone.path / "dvc.lock").stat().st_size / 1e6, "MB")}
    again = [sys.executable, "-m", "recore", "cells", "--executor", "processes"]
    for what, command in (
        ("the command again, with nothing to make", again),
        ("`dvc repro --dry` up to the tests", DRY),
        ("the same with `--single-item`", [*DRY, "--single-item"]),
        ("`dvc status`", ["dvc", "status"]),
        ("recording them once more, by `dvc commit -f`", ["dvc", "commit", "-f", "train", "evaluate"]),
    ):
        began = ended_children()
        said = clone.run(*command, PYTHONPATH="src").stdout
        found[what] = (ended_children() - began, "CPU s")
        assert not re.search(r"stages\.train|train@\S+:$", said, re.MULTILINE), said
    return found


if __name__ == "__main__":
    main()
