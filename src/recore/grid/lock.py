"""Who may make cells in a checkout: one command with an executor, or any number without, each its own."""

import contextlib
import errno
import fcntl
from collections.abc import Iterator

from recore import RecoreError, paths

FILE = paths.DATA / ".cells.lock"
NONE_HERE = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # a file system that has no locks


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """For what makes cells anywhere; RecoreError where anything else makes some here."""
    said = "another `python -m recore cells` is at work in this checkout; wait for it or end it"
    with _locked(fcntl.LOCK_EX, said):
        yield


@contextlib.contextmanager
def among_others() -> Iterator[None]:
    """For what makes cells in its own process; RecoreError where the cells are made by an executor."""
    said = "`python -m recore cells --executor` is at work in this checkout; wait for it or end it"
    with _locked(fcntl.LOCK_SH, said):
        yield


@contextlib.contextmanager
def _locked(kind: int, said: str) -> Iterator[None]:
    FILE.parent.mkdir(exist_ok=True)
    with FILE.open("a+") as file:
        try:
            fcntl.lockf(file, kind | fcntl.LOCK_NB)  # not flock: a pool's forked processes would keep that
        except (BlockingIOError, PermissionError):
            raise RecoreError(said) from None
        except OSError as fault:
            if fault.errno not in NONE_HERE:
                raise
        yield
