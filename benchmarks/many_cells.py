"""What a cell costs beside its own work when Dask's workers make it, and what DVC's bookkeeping of so many takes.

python benchmarks/many_cells.py [--cells 1000] [--workers 8] [--large 200]

The cells are of no size: a child that writes the files of one cell that was really made, under another seed. The plain
reference starts the same children from as many threads, and neither sends nor verifies nor places anything. Needs the
extra recore[dask].
"""

import argparse
import base64
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/grid"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests/pipeline"))

from cluster import Cluster, end_in_order
from conftest import checkout, tiny

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
    if file.name in ("cases.parquet", "meta.json", "history.csv", "record.json"):
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

    def grid(tree) -> None:
        tiny(tree)
        tree["variants"] = {"plain": {"trm": {}, "da": {}}, "hybrid": {}}
        tree["significance"]["comparisons"] = [["da", "trm"]]
        tree["seeds"] = list(range(1, args.cells // 2 + 1))

    with tempfile.TemporaryDirectory() as name:
        clone = checkout(Path(name) / "clone/recore", grid)
        clone.run("dvc", "repro", "split")
        stub(clone)
        plain = reference(clone, args.cells, args.workers)
        with Cluster(Path(name), 2, args.workers // 2) as cluster:
            made(clone, cluster, args.cells, plain)
            large(cluster.address, args.large)
        bookkeeping(clone)


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


def reference(clone, cells: int, workers: int) -> float:
    """Seconds a cell of the children alone, each in a folder of its own."""

    def child(seed: int) -> None:
        with tempfile.TemporaryDirectory() as work:
            (Path(work) / "src").symlink_to(clone.path / "src")
            (Path(work) / "expected.json").write_text("{}")
            command = [sys.executable, "-m", "recore.grid.child", "demo", "trm", str(seed)]
            subprocess.run(command, cwd=work, env=clone.env | {"PYTHONPATH": "src"}, check=True)

    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(child, range(cells)))
    seconds = (time.perf_counter() - began) / cells
    print(f"children alone: {1000 * seconds:.0f} ms a cell with {workers} at once", flush=True)
    return seconds


def made(clone, cluster: Cluster, cells: int, plain: float) -> None:
    log = clone.path.with_name("driver.log")
    command = [sys.executable, "-m", "recore", "cells", "--executor", "dask", "--address", cluster.address]
    began = time.perf_counter()
    with log.open("w") as out:
        driver = subprocess.Popen(
            command, cwd=clone.path, env=clone.env | {"PYTHONPATH": "src"}, stdout=out, stderr=out
        )
    peaks = {"driver": 0, "scheduler": 0}
    first = last = None
    while driver.poll() is None:
        for name, process in (("driver", driver), ("scheduler", cluster.scheduler)):
            try:
                peaks[name] = max(peaks[name], psutil.Process(process.pid).memory_info().rss)
            except psutil.NoSuchProcess:
                continue
        done = log.read_text().count("): made in ")
        now = time.perf_counter()
        first = first or (now if done else None)
        last = last or (now if done == cells else None)
        time.sleep(0.2)
    assert driver.returncode == 0, log.read_text()[-3000:]
    ended = time.perf_counter()
    seconds = (last - first) / cells
    print(
        f"by Dask's workers: {1000 * seconds:.0f} ms a cell, {seconds / plain:.2f} times the children alone", flush=True
    )
    print(f"before the first cell: {first - began:.0f} s; recorded in dvc.lock in {ended - last:.0f} s", flush=True)
    print(", ".join(f"{name} at most {peak / 1e6:.0f} MB" for name, peak in peaks.items()), flush=True)


def large(address: str, megabytes: int) -> None:
    from distributed import Client

    from recore.grid.executors import sending

    with Client(address, set_as_default=False) as client:
        began = time.perf_counter()
        content = sending(client).submit(bytes, megabytes * 2**20).result()
        print(f"a result of {len(content) >> 20} MB: {time.perf_counter() - began:.1f} s", flush=True)


def bookkeeping(clone) -> None:
    print(f"dvc.lock: {(clone.path / 'dvc.lock').stat().st_size / 1e6:.1f} MB", flush=True)
    for command in (["dvc", "repro", "--dry", "significance"], ["dvc", "status"]):
        began = time.perf_counter()
        said = clone.run(*command, ok=False).stdout
        left = said.count("stages.train") + said.count("stages.evaluate")
        print(f"{' '.join(command)}: {time.perf_counter() - began:.0f} s, {left} cells to make", flush=True)
    began = time.perf_counter()
    command = [sys.executable, "-m", "recore", "cells", "--executor", "processes"]
    clone.run(*command, PYTHONPATH="src")
    print(f"the command with nothing to make: {time.perf_counter() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
