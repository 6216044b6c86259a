"""Dask's scheduler and workers as processes of this machine, hosts of a kind: each has a folder of temporary files."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

Inside = dict[int, list[str]] | None
WORKER = ["--nthreads", "1", "--no-nanny", "--no-dashboard"]  # what dies stays dead: nothing here starts it again


class Cluster:
    """A scheduler, and ``hosts`` × ``workers``. A context: at its end all of it is gone."""

    def __init__(self, folder: Path, hosts: int = 2, workers: int = 1, head: str = "127.0.0.1", inside: Inside = None):
        """head: the address at which the scheduler listens; inside: what leads into a host, before a command there."""
        self.folder, self.workers, self._inside = folder, workers, inside or {}
        self.hosts: dict[int, list[subprocess.Popen]] = {}
        about = folder / "scheduler.json"
        self.scheduler = self._started(
            None, "scheduler", "--host", head, "--port", "0", "--no-dashboard", "--scheduler-file", str(about)
        )
        deadline = time.monotonic() + 60
        while not about.exists() or not about.read_text():
            assert time.monotonic() < deadline, self.said("scheduler")
            time.sleep(0.1)
        self.address = json.loads(about.read_text())["address"]
        for host in range(hosts):
            self.start(host)

    def start(self, host: int) -> None:
        """As many workers as a host is to have, where some were killed."""
        there = [worker for worker in self.hosts.get(host, []) if worker.poll() is None]
        missing = self.workers - len(there)
        self.hosts[host] = there + [self._started(host, "worker", self.address, *WORKER) for _ in range(missing)]

    def kill_worker(self, host: int) -> None:
        """SIGKILL to one worker, and nothing to what it has started."""
        if self.hosts[host]:
            self.hosts[host][0].kill()
            self.hosts[host][0].wait()

    def kill_host(self, host: int) -> None:
        """SIGKILL to all that a host runs."""
        for worker in self.hosts[host]:
            kill_all(worker)

    def _started(self, host: int | None, kind: str, *arguments: str) -> subprocess.Popen:
        temporary = self.folder / ("head" if host is None else f"host{host}")
        temporary.mkdir(exist_ok=True)
        command = [*self._inside.get(host, ()), sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
        with (self.folder / f"{kind}{'' if host is None else host}.log").open("a") as log:
            return subprocess.Popen(
                command, cwd=temporary, env=os.environ | {"TMPDIR": str(temporary)}, stdout=log, stderr=log
            )

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()[-3000:]

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        for process in [self.scheduler, *(worker for host in self.hosts.values() for worker in host)]:
            kill_all(process)


def kill_all(process: subprocess.Popen) -> None:
    """SIGKILL to a process and all that it has started."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for own in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                own.send_signal(signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.wait()


def end_in_order() -> None:
    """SIGTERM unwinds this process, as Ctrl-C does, so that what it has started ends with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
