"""Where a record lies: docs/results/NAME, and nowhere else."""

import re
from pathlib import Path

from recore import RecoreError, paths

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def folder_of(name: str) -> Path:
    """The folder of a record; RecoreError for what is no name, such as a path, which would replace another folder."""
    if not NAME.fullmatch(name):
        raise RecoreError(f"{name!r} is no name of a record; it has letters, digits, _ and - alone")
    return paths.ON_RECORD / name
