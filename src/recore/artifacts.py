"""Atomic writes and guarded reads: a file or folder of the pipeline is whole, or it is not there.

Everything is written beside its destination under a hidden name and renamed at the end, so a kill at
any moment leaves at worst a hidden leftover, which the next writer of the same destination removes. A file that was
torn in another way, as by a copy that broke off, is named by whoever reads it.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from recore import RecoreError

REPRO = "`dvc repro` makes it"


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.unfinished")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished, former = _unfinished(path), _unfinished(path.with_name(f"{path.name}.former"))
    _remove(unfinished)
    _put_back(former, path)
    try:
        yield unfinished
        if path.is_dir():
            os.replace(path, former)  # no folder is ever seen half removed
        os.replace(unfinished, path)
    except OSError as error:
        if error.filename is None:  # a write that fails, as on a full disk, does not say where
            error.filename = str(path)
        raise
    finally:
        _remove(unfinished)
        _put_back(former, path)


def _put_back(former: Path, path: Path) -> None:
    """Removes the folder that ``path`` replaced, or puts it back where a kill left nothing in its place."""
    if former.exists() and not path.exists():
        os.replace(former, path)
    _remove(former)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yields an empty folder that becomes ``path`` (replacing what stood there) when the block succeeds.

    RecoreError where what stands there is no result: a name that went wrong must not cost somebody's files.
    """
    _check_replaceable(path)
    with _replacing(path) as unfinished:
        unfinished.mkdir()
        yield unfinished


def _check_replaceable(path: Path) -> None:
    there = path.resolve()
    used = (Path(folder).resolve() for folder in (os.curdir, os.path.expanduser("~"), gettempdir()))
    if (
        any(folder.is_relative_to(there) for folder in used)
        or os.path.ismount(there)
        or any((there / name).exists() for name in (".git", ".dvc"))
    ):
        raise RecoreError(f"{path} holds more than a result, so it is not replaced; name another folder")


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yields a file name to write to, which becomes ``path`` when the block succeeds; a folder is never replaced."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    with _replacing(path) as unfinished:
        yield unfinished


def write_text(path: Path, text: str) -> None:
    with new_file(path) as file:
        file.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Indented, keys in the order given, NaN refused: strict JSON that diffs well."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_json(path: Path, way_out: str | None = None) -> Any:
    """Raises RecoreError where the file is missing or torn; way_out as in ``reading``."""
    with reading(path, way_out):
        return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def reading(path: Path, way_out: str | None = None) -> Iterator[Path]:
    """``path`` for the block that reads it and does nothing else; RecoreError where it is missing or torn.

    way_out: for what the pipeline does not make.
    """
    existing(path, way_out or REPRO)
    try:
        yield path
    except MemoryError:
        raise
    except Exception as error:  # every format has errors of its own, and each of them says that this is not one
        fault = " ".join(f"{type(error).__name__}: {error}".split())
        again = "delete it and make it again with `dvc repro`, or with `python -m recore cells` where that made it"
        raise RecoreError(f"{path} is torn or not what was written there ({fault}); {way_out or again}") from None


def sha256(path: Path) -> str:
    """Of the bytes of a file; RecoreError where nothing is there."""
    return hashlib.sha256(existing(path).read_bytes()).hexdigest()


def existing(path: Path, way_out: str = REPRO) -> Path:
    """``path`` itself; RecoreError with the way out where nothing is there."""
    if not path.exists():
        raise RecoreError(f"{path} does not exist; {way_out}")
    return path
