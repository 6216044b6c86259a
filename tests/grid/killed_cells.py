"""Kills workers, hosts and the driver of a small grid at random moments: is it the grid of a quiet run?

python tests/grid/killed_cells.py [--kills 40] [--seed 1] [--cells 24] [--hosts 2] [--workers 2] [--into FILE]

The grid is made by Dask's workers on this machine, with temporary folders of their own. A first run is left alone. Then
one starts from nothing, and about as often as a cell takes SIGKILL goes to a worker, to all processes of a host, or to
the driver; what was killed is started again a second later, as whatever watches over it would. Where the grid ends
before the kills do, it starts from nothing again. At each end every file must be that of the quiet run, byte for byte,
but for costs (wrong), DVC must find nothing to train and no cell may be missing (lost). The time to recover is that
from a kill to the next cell that is made, which includes making it; beside it stands that between two cells of the
quiet run.
"""

import argparse
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from cluster import Cluster, end_in_order, kill_all
from seen import keep

sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))
from conftest import Clone, checkout, tiny
from killed import copied, files

KINDS = ("worker", "host", "driver")


class Driver:
    """`recore cells` at work in a clone, and when it said that a cell was made."""

    def __init__(self, clone: Clone, address: str):
        self.clone, self.address = clone, address
        self.log = clone.path.with_name("driver.log")
        self.log.write_text("")
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "recore", "cells", "--device", "cpu"]
        command += ["--executor", "dask", "--address", self.address]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                command, cwd=self.clone.path, env=self.clone.env | {"PYTHONPATH": "src"}, stdout=log, stderr=log
            )

    def made(self) -> int:
        return self.log.read_text().count("): made in ")


def main() -> None:
    parser = argparse.ArgumentParser(description="Kills workers, hosts and the driver of a small grid.")
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cells", type=int, default=24)
    parser.add_argument("--hosts", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2, help="of each host")
    parser.add_argument("--apart", type=float, help="mean seconds between two kills (those that a cell takes)")
    parser.add_argument("--into", type=Path, help="a file like docs/seen.csv, for a line on it")
    args = parser.parse_args()
    end_in_order()

    def grid(tree) -> None:
        tiny(tree)
        tree["seeds"] = list(range(1, args.cells // 2 + 1))
        tree["variants"].pop("baselines")

    with tempfile.TemporaryDirectory() as name, Cluster(Path(name), args.hosts, args.workers) as cluster:
        folder = Path(name)
        template = checkout(folder / "template", grid)
        for room in ("metrics", "plots"):  # those of the demo
            shutil.rmtree(template.path / room)
        template.run("dvc", "repro", "split", "encoders")
        quiet, apart = copied(template, folder / "quiet"), []
        driver, before = Driver(quiet, cluster.address), time.monotonic()
        while driver.process.poll() is None:
            before = noted(driver, len(apart), before, apart)
        assert driver.process.returncode == 0, driver.log.read_text()
        expected = made(quiet)
        long = statistics.median(float(words.split()[0]) for words in driver.log.read_text().split("): made in ")[1:])
        between = statistics.median(apart)
        print(f"quiet: {args.cells} cells of {long:.0f} s, {between:.1f} s between two", flush=True)
        args.apart = args.apart or max(long, 1.0)
        counts, waits = attacked(cluster, template, expected, args, random.Random(args.seed))
    words = {"worker": "to a worker", "host": "to all of a host", "driver": "to the driver"}
    killed = ", ".join(f"{counts[kind]} times {words[kind]}" for kind in KINDS)
    done = (
        f"`killed_cells.py --kills {args.kills}`: {args.cells} cells on {args.hosts} hosts of {args.workers} workers; "
    )
    done += f"SIGKILL {killed}, every {args.apart:.0f} s where a cell takes {long:.0f} s"
    came = [f"the grid was finished {counts['completions']} times: {counts['wrong']} wrong, {counts['lost']} lost"]
    came += [
        f"{statistics.median(waits[kind]):.0f} s from a kill {words[kind]} to the next cell"
        for kind in KINDS
        if waits[kind]
    ]
    came += [f"{between:.0f} s between two of a quiet run"]
    keep(args.into, done, "; ".join(came))
    sys.exit(bool(counts["wrong"] + counts["lost"] or not counts["completions"]))


def noted(driver: Driver, known: int, before: float, apart: list[float]) -> float:
    """Waits a little; keeps the time from ``before`` to a new cell. When the last one came."""
    time.sleep(0.1)
    new = driver.made() - known
    if new <= 0:
        return before
    now = time.monotonic()
    apart += [(now - before) / new] * new
    return now


def attacked(cluster, template, expected, args, moments) -> tuple[Counter, dict[str, list[float]]]:
    """What to count, and the seconds to the next cell, by what was killed."""
    counts: Counter = Counter()
    waits: dict[str, list[float]] = {kind: [] for kind in KINDS}
    while sum(counts[kind] for kind in KINDS) < args.kills:
        clone = copied(template, template.path.with_name("killed"))
        driver, open_kills = Driver(clone, cluster.address), []
        due, known = time.monotonic() + moments.expovariate(1 / args.apart), 0
        while driver.process.poll() is None:
            time.sleep(0.1)
            now = time.monotonic()
            if driver.made() > known:
                known = driver.made()
                for kind, when in open_kills:
                    waits[kind].append(now - when)
                open_kills = []
            if now >= due and sum(counts[kind] for kind in KINDS) < args.kills:
                kind, host = moments.choice(KINDS), moments.randrange(args.hosts)
                counts[kind] += 1
                open_kills.append((kind, now))
                strike(kind, host, cluster, driver)
                due = time.monotonic() + moments.expovariate(1 / args.apart)
                print(dict(counts), f"{driver.made()} made", file=sys.stderr, flush=True)
        if driver.process.returncode:
            counts["lost"] += 1
            print(driver.log.read_text()[-3000:], file=sys.stderr)
        else:
            counts["completions"] += 1
            found = made(clone)
            counts["wrong"] += found != expected
            unknown = clone.run("dvc", "repro", "--dry", "significance").stdout
            counts["lost"] += "stages.train" in unknown or "stages.evaluate" in unknown
        shutil.rmtree(clone.path)
    return counts, waits


def strike(kind: str, host: int, cluster: Cluster, driver: Driver) -> None:
    if kind == "driver":
        kill_all(driver.process)
    else:
        (cluster.kill_worker if kind == "worker" else cluster.kill_host)(host)
    time.sleep(1)
    driver.start() if kind == "driver" else cluster.start(host)


def made(clone: Clone) -> dict[str, str]:
    return {name: digest for name, digest in files(clone).items() if not name.endswith(".lock")}


if __name__ == "__main__":
    main()
