"""A checkout's DVC experiments: queue those that are missing, wait until they are done, find their commits.

An experiment is known by what it set, read from the params.yaml of its commit, never by its name.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field, fields
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NamedTuple

from recore import RecoreError, schema, yaml12
from recore.records.git import git, head

POLL = 10  # seconds
PATIENCE = 30  # polls without a worker; a busy machine misses some answers
LOG_LINES = 30


@dataclass(frozen=True)
class Setting:
    """What the experiments of a sweep differ in."""

    hard_neg_k: int
    hard_neg_lambda: float
    seeds: tuple[int, ...]
    others: str = field(repr=False)  # all else of params.yaml: an experiment with another one is not of this sweep

    @classmethod
    def of(cls, tree: dict[str, Any]) -> "Setting":
        """That of a params.yaml."""
        tree = schema.LATER | tree  # a record's own may be older than its clone's
        own = {f.name: tree[f.name] for f in fields(cls) if f.name in tree}
        others = {key: value for key, value in tree.items() if key not in own}
        return cls(**own | {"seeds": tuple(tree["seeds"])}, others=json.dumps(others, sort_keys=True))

    def arguments(self, base: "Setting") -> list[str]:
        """The `-S` of `dvc exp run` that make this setting of ``base``."""
        values = {
            "hard_neg_k": (self.hard_neg_k, base.hard_neg_k),
            "hard_neg_lambda": (self.hard_neg_lambda, base.hard_neg_lambda),
            "seeds": (self.seeds, base.seeds),
        }
        changed = [(key, own) for key, (own, theirs) in values.items() if own != theirs]
        return [part for key, own in changed for part in ("-S", f"{key}={_written(own)}")]


class Task(NamedTuple):
    """A line of `dvc queue status`."""

    rev: str
    name: str
    status: str  # Queued, Running, Success or Failed


def _written(value: int | float | tuple[int, ...]) -> str:
    return f"[{','.join(map(str, value))}]" if isinstance(value, tuple) else str(value)


def dvc(checkout: Path, *arguments: str) -> str:
    """What the command prints; its workers find python beside the one that runs this, as a clone has no .venv of its
    own where DVC runs an experiment."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "dvc", *arguments]
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err:  # workers would keep a pipe open
        result = subprocess.run(command, cwd=checkout, env=environment, stdout=out, stderr=err)
        if result.returncode:
            err.seek(0)
            raise RecoreError(f"`dvc {' '.join(arguments)}` failed in {checkout}: {err.read().strip()}")
        out.seek(0)
        return out.read()


def finished(checkout: Path) -> dict[Setting, str]:
    """The commit of every experiment that is done; DVC keeps them under refs/exps/BASELINE."""
    baseline = head(checkout)
    refs = git(checkout, "for-each-ref", "--format=%(objectname)", f"refs/exps/{baseline[:2]}/{baseline[2:]}/")
    return {setting_of(checkout, rev): rev for rev in refs.split()}


def setting_of(checkout: Path, rev: str) -> Setting:
    return Setting.of(yaml12.parse(git(checkout, "show", f"{rev}:params.yaml"), f"params.yaml of {rev}"))


def status(checkout: Path) -> tuple[list[Task], int]:
    """The tasks of the queue, and how many workers answer."""
    return parsed(dvc(checkout, "queue", "status"))


def parsed(printed: str) -> tuple[list[Task], int]:
    words = [line.split() for line in printed.splitlines()]
    tasks = [Task(line[0], line[1], line[-1]) for line in words if line and line[-1] in _STATUSES]
    workers = next(line for line in words if line[:2] == ["Worker", "status:"])
    return tasks, int(workers[2]) + int(workers[4])


_STATUSES = ("Queued", "Running", "Success", "Failed")


def names(tasks: list[Task], *statuses: str) -> list[str]:
    return [task.name for task in tasks if task.status in statuses]


def missing(checkout: Path, plan: list[Setting]) -> list[Setting]:
    """What of the plan is neither done nor waiting nor running; forgets what failed or lost its worker before."""
    tasks, workers = status(checkout)
    dead = names(tasks, "Running") if not workers else []
    if dead:
        dvc(checkout, "queue", "kill", *dead)
    if dead or names(tasks, "Failed"):
        dvc(checkout, "queue", "remove", "--failed")
        tasks, _ = status(checkout)
    under_way = {setting_of(checkout, task.rev) for task in tasks if task.status in ("Queued", "Running")}
    known = under_way | finished(checkout).keys()
    return [setting for setting in plan if setting not in known]


def run_queue(checkout: Path, jobs: int) -> None:
    """Starts workers and waits until nothing is queued or running; RecoreError names what failed."""
    alone, shown = 0, 0
    while True:
        tasks, workers = status(checkout)
        waiting = names(tasks, "Queued", "Running")
        if not waiting:
            break
        if not workers:
            dvc(checkout, "queue", "start", "--jobs", str(jobs))
        alone = 0 if workers else alone + 1
        if alone > PATIENCE:
            raise RecoreError(f"no worker runs {', '.join(waiting)} in {checkout}; run again with the same --folder")
        if len(waiting) != shown:
            print(f"{len(waiting)} experiments to go", flush=True)
        shown = len(waiting)
        time.sleep(POLL)
    failed = names(tasks, "Failed")
    for name in failed:
        log = dvc(checkout, "queue", "logs", name).splitlines()[-LOG_LINES:]
        print(f"--- dvc queue logs {name}", *log, sep="\n", file=sys.stderr)
    if failed:
        raise RecoreError(
            f"experiments failed in {checkout}: {', '.join(failed)}; their logs end above, and `dvc queue logs NAME` "
            "has all of one. With --folder a second run continues there"
        )
