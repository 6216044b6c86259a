"""DVC's repository in the working folder, where there is one and DVC itself."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from recore import RecoreError, artifacts, paths, yaml12
from recore.grid.cells import Cell
from recore.stages import encoders

ROOMS = (paths.MODELS, paths.RECORDS, paths.RANKS)


@contextlib.contextmanager
def locked() -> Iterator[Any]:
    """The repository under its lock, for which this waits; None without DVC or outside one."""
    with _opened() as repo:
        if repo is None:
            yield None
            return
        from dvc.exceptions import DvcException
        from dvc.repo import lock_repo

        try:
            with lock_repo(repo):
                encoders.main([])  # what DVC compares the code of a cell with
                yield repo
        except DvcException as fault:
            raise _failed(fault) from None


@contextlib.contextmanager
def reserved(grid: Iterable[Cell]) -> Iterator[None]:
    """Meanwhile DVC runs no stage that writes where these cells lie; RecoreError where it is running one.

    DVC keeps a list of the folders that its processes read or write. Whoever reads there keeps out those who write, and
    nobody else.
    """
    folders = [str(room / dataset) for dataset in sorted({cell.dataset for cell in grid}) for room in ROOMS]
    with contextlib.ExitStack() as stack:
        with _opened() as repo:
            if repo is not None:
                from dvc.exceptions import DvcException
                from dvc.lock import LockError
                from dvc.rwlock import rwlock

                own = [os.path.join(repo.root_dir, folder) for folder in folders]
                command = " ".join(sys.argv)  # as DVC calls this process where it records, or it would keep itself out
                hardlink = repo.config["core"].get("hardlink_lock", False)
                try:
                    stack.enter_context(rwlock(repo.tmp_dir, repo.fs, command, own, [], hardlink))
                except LockError as fault:
                    said = f"DVC is at work on these cells; wait for it or end it ({_words(fault)})"
                    raise RecoreError(said) from None
                except DvcException as fault:
                    raise _failed(fault) from None
        yield


@contextlib.contextmanager
def _opened() -> Iterator[Any]:
    try:
        from dvc.exceptions import NotDvcRepoError
        from dvc.repo import Repo
    except ModuleNotFoundError:
        yield None
        return
    logging.getLogger("dvc").setLevel(logging.WARNING)
    with contextlib.ExitStack() as stack:
        try:
            repo = stack.enter_context(Repo(".", _wait_for_lock=True))
        except NotDvcRepoError:
            repo = None
        yield repo


def forget_uncached() -> int:
    """Takes every stage out of dvc.lock of which an output is not in DVC's cache; how many. RecoreError without DVC."""
    with locked() as repo:
        if repo is None:
            raise RecoreError("there is no DVC here whose dvc.lock could forget anything")
        there = yaml12.read(paths.LOCK) if paths.LOCK.exists() else {}
        stages = there.get("stages", {})
        uncached = [stage.name for stage in repo.index.stages if stage.name in stages and not stage.outs_cached()]
        for name in uncached:
            del stages[name]
        if uncached and stages:
            artifacts.write_text(paths.LOCK, yaml12.dump(there))
        elif uncached:
            paths.LOCK.unlink()
        return len(uncached)


def _failed(fault: Exception) -> RecoreError:
    return RecoreError(f"DVC failed ({_words(fault)}); mend that and run this again, what is made stays")


def _words(fault: Exception) -> str:
    return " ".join(str(fault).split())
