"""What the machine refuses, as a program meets it: one sentence, status 1, and nothing half-written."""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from recore import stages

from . import small_sources
from .small_sources import CSV, ROOT, own_files, small_log, write

NOBODY = 65534


@pytest.fixture
def folder(monkeypatch):
    """A working directory that every user may enter and write in, with a pinned log; pytest's own is private."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tree = small_sources.enter(folder, monkeypatch)
        write(tree, "mine", own_files(folder, log_csv=small_log()), CSV)
        for path in (folder, *folder.iterdir()):
            path.chmod(0o777 if path.is_dir() else 0o644)
        yield folder


def program(*arguments: str, **how) -> subprocess.CompletedProcess:
    environment = {"PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1", "RECORE_CACHE": "cache"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, **how)


def as_ordinary_user(*arguments: str) -> subprocess.CompletedProcess:
    """As somebody whom permissions bind: root becomes nobody. Skips where that user cannot run Python here."""
    how = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        able = program("-c", "import recore.stages.download", **how)
    except PermissionError as error:
        pytest.skip(f"root may not become an ordinary user here: {error}")
    if able.returncode:
        pytest.skip(f"an ordinary user cannot import recore here: {able.stderr.strip().splitlines()[-1]}")
    return program(*arguments, **how)


def refused(done: subprocess.CompletedProcess, said: str) -> None:
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("recore: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("closed", ["file", "folder"])
def test_a_log_that_this_user_may_not_read_is_named(folder, closed):
    log = folder / "log.csv"
    if closed == "folder":
        (folder / "private").mkdir()
        log = log.rename(folder / "private" / "log.csv")
        params = folder / "params.yaml"
        params.write_text(params.read_text().replace(str(folder / "log.csv"), str(log)))
    barred = log if closed == "file" else log.parent
    barred.chmod(0o000)
    try:
        done = as_ordinary_user("-m", "recore.stages.download", "mine")
    finally:
        barred.chmod(0o700)
    refused(
        done, f"{log} cannot be read (Permission denied); give this user the right to read it, or name another file"
    )
    assert list(Path("data/raw").iterdir()) == []


def test_a_folder_that_this_user_may_not_write_is_named(folder):
    folder.chmod(0o555)
    try:
        done = as_ordinary_user("-m", "recore.stages.download", "mine")
    finally:
        folder.chmod(0o777)
    refused(done, "data cannot be read or written (Permission denied); give this user the right to it")
    assert not (folder / "data").exists()


@pytest.mark.parametrize(("stage", "output"), [("download", "raw"), ("filter", "filtered"), ("split", "split")])
def test_a_write_that_fails_leaves_nothing(folder, stage, output):
    for earlier in ("download", "filter", "split")[: ("download", "filter", "split").index(stage)]:
        assert program("-m", f"recore.stages.{earlier}", "mine").returncode == 0
    # No file may pass so many bytes: it stands for a disk that is full.
    full = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))}
    refused(program("-m", f"recore.stages.{stage}", "mine", **full), f"data/{output}/")
    assert list((folder / "data" / output).iterdir()) == []


def test_weights_that_cannot_be_written_are_one_sentence(folder):
    for stage in ("download", "filter", "split"):
        assert program("-m", f"recore.stages.{stage}", "mine").returncode == 0
    full = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))}
    done = program("-m", "recore.stages.train", "mine", "ave", "1", **full)
    *_, last = done.stderr.splitlines()
    assert done.returncode == 1
    assert last.startswith("recore: data/models/mine/ave/1 cannot be read or written (")
    assert list((folder / "data/models/mine/ave").iterdir()) == []
    assert not (folder / "data/records").exists()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (MemoryError(), "memory is full (MemoryError); close other programs, lower `batch_size`"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory:\nyou tried 8 bytes"),
            "can't allocate memory: you tr",
        ),
        (
            OSError(28, "No space left on device", "data/x"),
            "data/x cannot be read or written (No space left on device); m",
        ),
        (
            OSError(30, "Read-only file system", "data/x"),
            "(Read-only file system); work in a folder that can be written",
        ),
    ],
)
def test_what_the_machine_lacks_is_one_sentence(fault, said):
    def main():
        raise fault

    with pytest.raises(SystemExit) as ended:
        stages.run(main)
    assert str(ended.value).startswith("recore: ")
    assert said in str(ended.value)
    assert "\n" not in str(ended.value)


@pytest.mark.parametrize("fault", [RuntimeError("shapes do not fit"), OSError("no file is meant"), KeyError("a")])
def test_a_fault_of_the_program_stays_one(fault):
    def main():
        raise fault

    with pytest.raises(type(fault)):
        stages.run(main)
