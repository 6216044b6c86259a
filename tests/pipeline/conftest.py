"""A clone of this checkout in a temporary folder, with a tiny grid that has run once."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recore import yaml12

ROOT = Path(__file__).parents[2]


class Clone:
    """A checkout elsewhere; commands run there as a user's would, with this environment's programs."""

    def __init__(self, path: Path):
        self.path = path
        identity = {f"GIT_{who}_{what}": "recore" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        self.env = identity | {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(path.parent),
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(path.parent / "site-cache"),
        }

    def run(self, *command: str, ok: bool = True, **env: str) -> subprocess.CompletedProcess:
        result = subprocess.run(command, cwd=self.path, env=self.env | env, capture_output=True, text=True)
        assert not ok or result.returncode == 0, f"{command}: {result.stdout}\n{result.stderr}"
        return result

    def repro(self) -> set[str]:
        """Runs the pipeline; returns the names of the stages that ran."""
        return ran(self.run("dvc", "repro").stdout)

    def changed(self) -> set[str]:
        """The stages that DVC finds changed, before anything downstream of them has."""
        return set(json.loads(self.run("dvc", "status", "--json").stdout))

    def commit(self) -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--allow-empty", "--message", "state")

    def other_results(self, than: "Clone") -> list[str]:
        """The tables and figures of ``than`` that are other files here, or none."""
        files = [file for room in ("metrics", "plots") for file in sorted((than.path / room).rglob("*.*"))]
        assert files
        pairs = ((self.path / file.relative_to(than.path), file) for file in files)
        return [theirs.name for own, theirs in pairs if not own.exists() or own.read_bytes() != theirs.read_bytes()]

    def status(self) -> str:
        return self.run("git", "status", "--porcelain").stdout

    def params(self, change) -> None:
        """Applies ``change(tree)`` to params.yaml."""
        path = self.path / "params.yaml"
        tree = yaml12.read(path)
        change(tree)
        path.write_text(yaml12.dump(tree))

    def edit(self, file: str, old: str, new: str) -> None:
        """Puts ``new`` for the first ``old``."""
        path = self.path / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    def read(self, file: str) -> str:
        return (self.path / file).read_text()


def ran(output: str) -> set[str]:
    prefix = "Running stage '"
    return {line.split("'")[1] for line in output.splitlines() if line.startswith(prefix)}


def kill(process: subprocess.Popen) -> None:
    """SIGKILL to a process of its own session and to all that it started; returns when the last of them is gone.

    DVC takes what a process had claimed for free only when no process of that number is there, not even a dead one.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        while True:
            os.killpg(process.pid, 0)
            time.sleep(0.01)


def tiny(tree) -> None:
    """trm and hn, two seeds, one epoch; two baselines."""
    variants = {"plain": {"trm": {}}, "hybrid": {"hn": {}}, "baselines": {"pop": {}, "sr": {"tune": {"steps": [1, 5]}}}}
    tree |= {"datasets": ["demo"], "seeds": [1, 2], "variants": variants}
    tree["sources"]["demo"]["fetch"] |= {"sessions": 200, "items": 30}
    tree["sources"]["demo"]["train"] |= {"epochs": 1}
    tree["train"]["threads"] = 1
    tree["significance"]["comparisons"] = [["hn", "trm"]]


def checkout(path: Path, change=tiny) -> Clone:
    """The files of this checkout at ``path``, committed there, with ``change`` made to params.yaml and nothing made."""
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for file in filter(None, files.split("\0")):
        if (ROOT / file).exists() and file != "dvc.lock":
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, path / file)
    made = Clone(path)
    made.run("git", "init", "--quiet", "--initial-branch", "main")
    made.params(change)
    made.commit()
    return made


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Clone:
    """The tiny grid, run and committed. Do not change it: take a ``clone``."""
    made = checkout(tmp_path_factory.mktemp("finished") / "recore")
    made.first_run = made.repro()
    made.commit()
    return made


@pytest.fixture
def clone(finished, tmp_path) -> Clone:
    """A copy of the finished clone, results and all, to be changed."""
    path = tmp_path / "recore"
    shutil.copytree(finished.path, path, symlinks=True, copy_function=_link_or_copy)
    return Clone(path)


def _link_or_copy(source: str, destination: str) -> None:
    """Cached objects are read-only and can be shared; everything else is copied."""
    if f"{os.sep}.dvc{os.sep}cache{os.sep}" in source:
        os.link(source, destination)
    else:
        shutil.copy2(source, destination)
