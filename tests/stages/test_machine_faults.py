"""What the machine refuses, as a program meets it: one sentence, status 1, and nothing half-written."""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from recore import stages
from recore.stages import download, evaluate, filter, split, train

from . import small_sources
from .small_sources import CSV, ROOT, own_files, small_log, write

NOBODY = 65534
UNABLE, TRACEBACK = 3, 4  # statuses that no stage has
STAGES = {
    download: ["mine"],
    filter: ["mine"],
    split: ["mine"],
    train: ["mine", "ave", "1"],
    evaluate: ["mine", "ave", "1"],
}


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


def download_as_ordinary_user() -> tuple[int, str]:
    """Status and message of stage download for a user whom permissions bind: root becomes nobody.

    In a fork, since nobody may be unable to read the Python that root has.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status, said = UNABLE, ""
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            status = 0
            stages.run(lambda: download.main(["mine"]))
        except SystemExit as ended:
            status, said = 1, str(ended.code)
        except BaseException as fault:
            status, said = status or TRACEBACK, repr(fault)
        finally:
            os.write(writing, said.encode())
            os._exit(status)
    os.close(writing)
    with open(reading, encoding="utf-8") as stream:
        said = stream.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == UNABLE:
        pytest.skip(f"root may not become an ordinary user here: {said}")
    return status, said


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
    said = (
        f"recore: {log} cannot be read (Permission denied); give this user the right to read it, or name another file"
    )
    assert download_as_ordinary_user() == (1, said)
    barred.chmod(0o755)
    assert list(Path("data/raw").iterdir()) == []
    assert download_as_ordinary_user() == (0, "")


def test_a_folder_that_this_user_may_not_write_is_named(folder):
    folder.chmod(0o555)
    said = "recore: data cannot be read or written (Permission denied); give this user the right to it"
    assert download_as_ordinary_user() == (1, said)
    folder.chmod(0o777)
    assert not (folder / "data").exists()


def on_a_full_disk(*arguments: str) -> subprocess.CompletedProcess:
    """No file may pass so many bytes."""
    return program(*arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64)))


def test_a_write_that_fails_leaves_nothing(folder):
    refused(on_a_full_disk("-m", "recore.stages.download", "mine"), "log.csv cannot be written (File too large); make")
    assert list((folder / "data/raw").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "output"),
    [
        ("filter", "filtered/mine"),
        ("split", "split/mine"),
        ("train", "models/mine/ave/1"),
        ("evaluate", "ranks/mine/ave/1"),
    ],
)
def test_every_stage_leaves_nothing_where_a_write_fails(folder, stage, output):
    for earlier, arguments in STAGES.items():
        if earlier.__name__.endswith(stage):
            break
        earlier.main(arguments)
    done = on_a_full_disk("-m", earlier.__name__, *arguments)
    *_, last = done.stderr.splitlines()
    assert done.returncode == 1
    assert last.startswith(f"recore: data/{output} cannot be read or written (")
    assert list((folder / "data" / output).parent.iterdir()) == []
    assert "Traceback" not in done.stderr


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
