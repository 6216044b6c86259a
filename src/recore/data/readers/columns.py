"""Which columns of a file a source means: by name, or by position from 0.

A column is called by the key of ``read`` that names it: ``columns.item``, ``sessions.by``, ``where.event``.
"""

import re

from recore import RecoreError
from recore.data.readers.places import listed, shown

Column = str | int


def positions(columns: dict[str, Column], names: list[str], file_name: str, named: bool) -> dict[str, int]:
    """Where the column of each key of ``columns`` stands among the ``names`` of a file; ``named``: it has a header.

    Raises RecoreError naming the column that is not there, or there twice.
    """
    return {key: _position(key, column, names, file_name, named) for key, column in columns.items()}


def _position(key: str, column: Column, names: list[str], file_name: str, named: bool) -> int:
    if isinstance(column, int):
        if column >= len(names):
            raise RecoreError(f"{file_name} has {len(names)} columns, so `{key}` cannot be number {column}")
        if names.count(names[column]) > 1:  # it is read by name
            raise RecoreError(
                f"{file_name} has more than one column {names[column]!r}, which `{key}` = {column} is; rename one of "
                "them"
            )
        return column
    if not named:
        raise RecoreError(f"{file_name} is read without a header, so `{key}` is a position from 0, not {column!r}")
    if names.count(column) == 1:
        return names.index(column)
    if len(names) == 1:
        raise RecoreError(
            f"{file_name} has no column {shown(column)} for `{key}`: its first line is one column, {shown(names[0])}; "
            "correct `delimiter` (RecBole's tables have tabs: read others as `delimited`)"
        )
    count = "more than one column" if column in names else "no column"
    hint = ""
    if any(re.fullmatch(r"-?\d+(\.\d+)?", name) for name in names):
        hint = "; if the first line is a click, set `header: false` and give positions"
    raise RecoreError(f"{file_name} has {count} {shown(column)} for `{key}`; its columns are {listed(names)}{hint}")
