"""Which files of a source's folder a reader means."""

import filecmp
from itertools import combinations
from pathlib import Path

from recore import RecoreError


def only_file(folder: Path, pattern: str) -> Path:
    """The one file that matches ``pattern`` in ``folder`` or below it; RecoreError where there is none, or several."""
    found = _files(folder, pattern)
    if not found:
        raise RecoreError(f"{folder} holds no file {pattern}; correct the source's `fetch.files` or its `read.format`")
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in found[:5])
        raise RecoreError(
            f"{folder} holds {len(found)} files {pattern} ({names}); name the one to read, or those that are one log "
            "together, in their order: `read: {files: [...]}`"
        )
    return found[0]


def log_files(folder: Path, pattern: str, names: list[str] | None) -> list[Path]:
    """The files of a log: the ``names``, in that order, or the one that matches ``pattern``.

    Raises RecoreError where a name is missing, or stands for several files.
    """
    if names is None:
        return [only_file(folder, pattern)]
    chosen = []
    for name in names:
        found = [path for path in _files(folder, "*") if path.relative_to(folder).as_posix() == name]
        if not found:
            there = ", ".join(str(path.relative_to(folder)) for path in _files(folder, "*")[:5])
            raise RecoreError(f"`read.files` names {name!r}, which {folder} does not hold; it holds {there}")
        chosen.append(found[0])
    for one, other in combinations(chosen, 2):
        if one.stat().st_size == other.stat().st_size and filecmp.cmp(one, other, shallow=False):
            raise RecoreError(f"{one.name} and {other.name} of `read.files` have the same content; name one of them")
    return chosen


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.rglob(pattern) if path.is_file() and not path.name.startswith("."))
