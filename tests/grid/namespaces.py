"""Two hosts with a network between them, on this machine: a grid with one host killed, and one with a cable pulled.

python tests/grid/namespaces.py [--grid tiny demo] [--of killed cable full] [--into FILE]

Needs root and `ip` (Debian's iproute2): each host is a network namespace with a worker of Dask's, which
reaches the head over a bridge; they share the disk, but each has a folder of temporary files. Half-way through the grid
all processes of host 1 are killed, or its cable is pulled, and nothing is started again; or the folder of host 1 is too
small for anything (a tmpfs). The tables must be those of `dvc repro` in another clone byte for byte (those in
git may be of another processor), and DVC must have nothing left to train.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from cluster import Cluster, end_in_order
from seen import keep

sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))
from conftest import Clone, checkout, ran, tiny

BRIDGE, NETWORK = "recore-br", "10.77.77"
HEAD = f"{NETWORK}.1"
WHAT = {"killed": "all processes of one killed", "cable": "the cable of one pulled", "full": "one has no room"}


def lacking() -> str:
    """Why this cannot run here; empty where it can."""
    if not shutil.which("ip", path=f"{os.environ['PATH']}:/usr/sbin:/sbin"):
        return "no `ip`"
    if os.getuid():
        return "network namespaces need root"
    return "" if ip("link", "add", BRIDGE, "type", "bridge") and ip("link", "del", BRIDGE) else "no bridges here"


def ip(*arguments: str) -> bool:
    return subprocess.run(["ip", *arguments], capture_output=True).returncode == 0


@contextlib.contextmanager
def network(hosts: int) -> Iterator[None]:
    """A bridge with the head's address, and a namespace recore-N for each host."""
    try:
        steps = [["link", "add", BRIDGE, "type", "bridge"], ["addr", "add", f"{HEAD}/24", "dev", BRIDGE]]
        steps += [["link", "set", BRIDGE, "up"]]
        for n in range(hosts):
            own, inside = f"recore-{n}", ["netns", "exec", f"recore-{n}", "ip"]
            steps += [["netns", "add", own], ["link", "add", own, "type", "veth", "peer", "name", "eth0", "netns", own]]
            steps += [["link", "set", own, "master", BRIDGE], ["link", "set", own, "up"]]
            steps += [
                [*inside, "addr", "add", f"{NETWORK}.{n + 2}/24", "dev", "eth0"],
                [*inside, "link", "set", "lo", "up"],
            ]
            steps += [[*inside, "link", "set", "eth0", "up"]]
        for step in steps:
            assert ip(*step), step
        yield
    finally:
        for n in range(hosts):
            ip("netns", "del", f"recore-{n}")
            ip("link", "del", f"recore-{n}")
        ip("link", "del", BRIDGE)


@contextlib.contextmanager
def small(folder: Path) -> Iterator[None]:
    """A disk of 64 kB at the folder."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def made(folder: Path, clone: Clone, of: str) -> str:
    """The cells of a clone, with that happening half-way; when it did and when all were made, in words."""
    happened = ""
    inside = {n: ["ip", "netns", "exec", f"recore-{n}"] for n in (0, 1)}
    with contextlib.ExitStack() as stack:
        stack.enter_context(network(2))
        if of == "full":
            stack.enter_context(small(folder / "host1"))
        cluster = stack.enter_context(Cluster(folder, 2, 1, HEAD, inside))
        log = folder / "driver.log"
        command = [sys.executable, "-m", "recore", "cells", "--device", "cpu"]
        command += ["--executor", "dask", "--address", cluster.address]
        with log.open("w") as out:
            driver = subprocess.Popen(
                command, cwd=clone.path, env=clone.env | {"PYTHONPATH": "src"}, stdout=out, stderr=out
            )
        total, began = 0, time.monotonic()
        while driver.poll() is None:
            time.sleep(0.2)
            lines = [line for line in log.read_text().splitlines() if "): made in " in line]
            if lines:
                total = int(lines[0].partition(" of ")[2].partition(")")[0])
            if of != "full" and total and len(lines) >= total // 2:
                happened = f"after {len(lines)} of {total} cells ({time.monotonic() - began:.0f} s); "
                cluster.kill_host(1) if of == "killed" else ip("link", "set", "recore-1", "down")
                of = "full"  # once
        assert driver.returncode == 0, log.read_text()
        took = time.monotonic() - began
        print("\n".join(line for line in log.read_text().splitlines() if line.startswith("recore: ")), flush=True)
    return f"{happened}all {total} cells made after {took:.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description="A grid on two network namespaces, one of which fails.")
    parser.add_argument("--grid", choices=["tiny", "demo"], default="tiny")
    parser.add_argument("--of", nargs="+", choices=["killed", "cable", "full"], default=["killed", "cable", "full"])
    parser.add_argument("--into", type=Path, help="a file like docs/seen.csv, for a line on each")
    args = parser.parse_args()
    end_in_order()
    if reason := lacking():
        sys.exit(f"cannot be tried here: {reason}")
    with tempfile.TemporaryDirectory() as name:
        change = tiny if args.grid == "tiny" else lambda tree: None
        alone = checkout(Path(name) / "alone/recore", change)
        alone.repro()
        for of in args.of:
            folder = Path(name) / of
            clone = checkout(folder / "recore", change)
            clone.run("dvc", "repro", "split", "encoders")
            took = made(folder, clone, of)
            left = {stage for stage in ran(clone.run("dvc", "repro").stdout) if not stage.startswith(("sig", "agg"))}
            differ = clone.other_results(than=alone)
            command = f"`namespaces.py{'' if args.grid == 'tiny' else ' --grid demo'} --of {of}`"
            came = f"{took}; {len(left)} stages left to train, {len(differ)} other files"
            keep(args.into, f"{command}: two network namespaces, {WHAT[of]}", came)
            if left or differ:
                sys.exit(f"{left} {differ}")


if __name__ == "__main__":
    main()
