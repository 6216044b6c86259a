"""Which file of a source's folder a reader means."""

from pathlib import Path

from recore import RecoreError


def only_file(folder: Path, pattern: str) -> Path:
    """The one file that matches ``pattern`` in ``folder`` or below it; RecoreError where there is none, or several."""
    found = sorted(path for path in folder.rglob(pattern) if path.is_file() and not path.name.startswith("."))
    if not found:
        raise RecoreError(f"{folder} holds no file {pattern}; correct the source's `fetch.files` or its `read.format`")
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in found[:5])
        raise RecoreError(
            f"{folder} holds {len(found)} files {pattern} ({names}), but one is read; fetch that one alone"
        )
    return found[0]
