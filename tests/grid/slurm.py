"""A real SLURM of two nodes on this machine: the demo grid by the array script and by dask-jobqueue, one node killed.

python tests/grid/slurm.py [--of array jobqueue] [--seeds 2] [--epochs 3] [--into FILE]

Needs root and Debian's packages slurm-wlm and munge (`apt-get install --no-install-recommends slurm-wlm munge`), and
for the second way the Python packages distributed and dask-jobqueue. SLURM's daemons run with folders of their own and
end with the script. The grid's tables must be those of `dvc repro` in another clone, byte for byte, and DVC must have
nothing left to train.
"""

import argparse
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cluster import end_in_order, kill_all
from seen import keep

sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))
from conftest import Clone, checkout, ran, tiny

from recore import yaml12

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
CONF = """\
ClusterName=recore
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=20
KillWait=3
MpiDefault=none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={first} CPUs={cpus}
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={second} CPUs={cpus}
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    """munged, slurmctld and two slurmd. A context: at its end all of it is gone."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("state", "spool-n1", "spool-n2"):
            (folder / name).mkdir()
        ports = free_ports(3)
        text = CONF.format(
            host=socket.gethostname(), folder=folder, port=ports[0], first=ports[1], second=ports[2], cpus=1
        )
        (folder / "slurm.conf").write_text(text)
        (folder / "munge.key").write_bytes(os.urandom(128))
        (folder / "munge.key").chmod(0o600)
        folder.chmod(0o755)
        self.env = {"SLURM_CONF": str(folder / "slurm.conf")}
        self.nodes: dict[str, subprocess.Popen] = {}
        self.processes = [
            self._started(
                "munged",
                "--foreground",
                "--force",
                f"--key-file={folder}/munge.key",
                "--num-threads=1",
                f"--socket={folder}/munge.socket",
                f"--pid-file={folder}/munge.pid",
                f"--log-file={folder}/munge.log",
                f"--seed-file={folder}/munge.seed",
            )
        ]
        self._until(lambda: (folder / "munge.socket").exists())
        self.processes.append(self._started("slurmctld", "-D"))
        for name in ("n1", "n2"):
            self.start(name)
        self._until(lambda: self.run("sinfo", "-h", "-o", "%T").split() == ["idle"])

    def start(self, node: str) -> None:
        self.nodes[node] = self._started("slurmd", "-D", "-N", node)

    def kill(self, node: str) -> None:
        """SIGKILL to slurmd and to all that it has started: its steps are not its children.

        A step before what it runs, or it would report that as a job that died, which SLURM does not start again.
        """
        import psutil

        steps = [
            process
            for process in psutil.process_iter()
            if process.name() == "slurmstepd" and self._is_of(process, node)
        ]
        kill_all(self.nodes[node])
        for process in steps:
            for own in [process, *process.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    own.kill()

    def _is_of(self, process, node: str) -> bool:
        """Whether a step belongs to a node: what it runs knows."""
        found = set()
        for own in process.children(recursive=True):
            with contextlib.suppress(Exception):
                found.add(own.environ().get("SLURMD_NODENAME"))
        return node in found

    def run(self, *command: str, **settings) -> str:
        return subprocess.run(
            command, env=os.environ | self.env, capture_output=True, text=True, check=True, **settings
        ).stdout

    def running_on(self, node: str) -> list[str]:
        return self.run("squeue", "-h", "-t", "R", "-w", node, "-o", "%i").split()

    def _started(self, *command: str) -> subprocess.Popen:
        with (self.folder / f"{command[0]}.out").open("a") as log:
            return subprocess.Popen(command, env=os.environ | self.env, stdout=log, stderr=log)

    def _until(self, holds, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(subprocess.CalledProcessError):
                if holds():
                    return
            assert time.monotonic() < deadline, "\n".join(p.read_text()[-2000:] for p in self.folder.glob("*.log"))
            time.sleep(0.3)

    def __enter__(self) -> "Slurm":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            self.run("scancel", "-u", "root")
            time.sleep(1)
        for node in self.nodes:
            with contextlib.suppress(Exception):
                self.kill(node)
        for process in reversed(self.processes):
            kill_all(process)


def free_ports(n: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for own in sockets:
            own.bind(("127.0.0.1", 0))
        return [own.getsockname()[1] for own in sockets]


def lacking(way: str) -> str:
    """Why this cannot run here; empty where it can."""
    missing = [name for name in PROGRAMS if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")]
    if missing:
        return f"SLURM is not installed: no {missing[0]}"
    if os.getuid():
        return "slurmd needs root"
    if way == "jobqueue":
        try:
            import dask_jobqueue  # noqa: F401
        except ModuleNotFoundError as fault:
            return f"no package {fault.name}"
    return ""


def another_machine(clone: Clone) -> None:
    """Leaves in dvc.lock what it has of a stage where somebody else committed what it made."""
    clone.run("dvc", "repro", "--single-item", "train@demo-trm-1")
    lock = yaml12.read(clone.path / "dvc.lock")
    lock["stages"]["train@demo-trm-1"]["outs"][0]["md5"] = "0" * 32 + ".dir"
    (clone.path / "dvc.lock").write_text(yaml12.dump(lock))
    for folder in ("data/models", "data/records"):
        shutil.rmtree(clone.path / folder)


def by_array(slurm: Slurm, clone: Clone) -> str:
    """The commands of slurm/array.sh; kills node n2 while it makes a cell. What SLURM did, in words."""
    cells = clone.run("sh", "-c", "dvc stage list --name-only | grep -E '^(train|train_hybrid|baseline)@'").stdout
    (clone.path / "data/cells.txt").write_text(cells)
    n = len(cells.splitlines())
    environment = os.environ | clone.env | slurm.env
    command = ["sbatch", "--parsable", f"--array=1-{n}", "slurm/array.sh"]
    job = subprocess.run(command, cwd=clone.path, env=environment, capture_output=True, text=True, check=True).stdout
    slurm._until(lambda: slurm.running_on("n2"), 120)
    time.sleep(5)
    began = time.monotonic()
    lost = slurm.running_on("n2")
    slurm.kill("n2")
    print(f"n2 killed while it made {', '.join(lost)}", flush=True)
    slurm._until(
        lambda: (
            slurm.run("squeue", "-h", "-j", job.strip(), "-t", "R", "-o", "%i").split()
            and any(
                f"start {i}" in log.read_text() for log in (clone.path / "data").glob("slurm-*.out") for i in (1, 2)
            )
        ),
        300,
    )
    again = f"its cell started again after {time.monotonic() - began:.0f} s"
    slurm._until(lambda: not slurm.run("squeue", "-h", "-o", "%i").split(), 900)
    print((clone.path / "data/slurm-1.out").read_text()[:200], flush=True)
    return again


def by_jobqueue(slurm: Slurm, clone: Clone) -> str:
    """dask-jobqueue starts workers as jobs; kills node n2 while it makes a cell. What came of it, in words."""
    (clone.path / "ourcluster.py").write_text(JOBQUEUE)
    command = [sys.executable, "-m", "recore", "cells", "--device", "cpu", "--executor", "ourcluster:opened"]
    environment = os.environ | clone.env | slurm.env | {"PYTHONPATH": "src"}
    log = clone.path.with_name("driver.log")
    with log.open("w") as out:
        driver = subprocess.Popen(command, cwd=clone.path, env=environment, stdout=out, stderr=out)
        try:
            slurm._until(lambda: slurm.running_on("n2") and "made in" in log.read_text(), 300)
            time.sleep(2)
            slurm.kill("n2")
            print("n2 killed", flush=True)
            assert driver.wait(900) == 0, log.read_text()
        finally:
            kill_all(driver)
    (clone.path / "ourcluster.py").unlink()
    print(log.read_text(), flush=True)
    return "the other worker made the rest"


JOBQUEUE = '''\
"""Workers as jobs of the site's SLURM."""

from dask_jobqueue import SLURMCluster

from recore.grid.executors import sending


def opened():
    cluster = SLURMCluster(cores=1, processes=1, memory="1GB", interface="lo", job_cpu=1, job_mem="1MB",
                           walltime="01:00:00", worker_extra_args=["--no-dashboard"])
    cluster.scale(jobs=2)
    return sending(cluster.get_client())
'''
WAYS = {"array": by_array, "jobqueue": by_jobqueue}


def main() -> None:
    parser = argparse.ArgumentParser(description="The demo grid on a SLURM of two nodes, one killed.")
    parser.add_argument("--of", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--into", type=Path, help="a file like docs/seen.csv, for a line on each")
    args = parser.parse_args()
    end_in_order()

    def grid(tree) -> None:
        tiny(tree)
        tree["seeds"] = list(range(1, args.seeds + 1))
        tree["sources"]["demo"]["train"] |= {"epochs": args.epochs}

    if reason := next(filter(None, map(lacking, args.of)), ""):
        sys.exit(f"cannot be tried here: {reason}")
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    with tempfile.TemporaryDirectory() as name:
        alone = checkout(Path(name) / "alone/recore", grid)
        alone.repro()
        for way in args.of:
            folder = Path(name) / way
            clone = checkout(folder / "recore", grid)
            (clone.path / ".venv").symlink_to(sys.prefix)
            clone.run("dvc", "repro", "split", "encoders")
            another_machine(clone)
            clone.run("python", "-m", "recore", "mend", "--forget", PYTHONPATH="src")
            clone.commit()
            (folder / "slurm").mkdir()
            with Slurm(folder / "slurm") as slurm:
                said = WAYS[way](slurm, clone)
            trained = {stage for stage in ran(clone.run("dvc", "repro").stdout) if not stage.startswith(("sig", "agg"))}
            differ = clone.other_results(than=alone)
            came = f"{said}; {len(trained)} stages left to train, {len(differ)} other files"
            keep(args.into, f"`slurm.py --of {way}`: two nodes, one killed while it makes a cell", came)
            if trained or differ:
                sys.exit(f"{trained} {differ}")


if __name__ == "__main__":
    main()
