"""Who may make cells in a checkout beside whom. Most of it is what another process says."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from recore.grid import lock


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (lock.alone, ["--executor", "given.one:there"], "another `python -m recore cells` is at work in this checkout"),
        (lock.alone, [], "`python -m recore cells --executor` is at work in this checkout; wait"),
        (lock.among_others, ["--executor", "given.one:there"], "another `python -m recore cells` is at work"),
    ],
)
def test_two_at_once_in_a_checkout_are_refused(folder, first, second, said):
    with first():
        refused = cells_command(*second)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert said in refused.stderr
    assert "given.one" in another().stderr


@pytest.mark.slow
def test_several_that_make_their_cells_themselves_go_together(folder):
    with lock.among_others():
        made = cells_command("--dataset", "demo", "--device", "cpu")
    assert "demo hn 1 (3 of 3): made in" in made.stdout, made.stderr


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS])
def test_a_file_system_without_locks_is_no_fault(folder, monkeypatch, number):
    monkeypatch.setattr(lock.fcntl, "lockf", raising(OSError(number, os.strerror(number))))
    with lock.alone():
        pass
    monkeypatch.setattr(lock.fcntl, "lockf", raising(OSError(errno.EIO, "broken")))
    with pytest.raises(OSError, match="broken"), lock.alone():
        pass


def raising(fault):
    def call(*_):
        raise fault

    return call


@pytest.mark.slow
def test_what_a_killed_command_has_forked_does_not_stop_the_next_one(folder):
    """The processes of a ProcessPoolExecutor outlive it."""
    with lock.alone():
        pid = os.fork()
        if not pid:
            time.sleep(600)
            os._exit(0)
    try:
        assert "given.one" in another().stderr
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def another() -> subprocess.CompletedProcess:
    """Once it is alone, it ends for want of a module."""
    return cells_command("--executor", "given.one:there")


def cells_command(*words: str) -> subprocess.CompletedProcess:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "recore", "cells", *words]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": "src"})
