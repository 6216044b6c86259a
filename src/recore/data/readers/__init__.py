"""Readers: the files of a source become flat sessions and a vocabulary; nothing is dropped
without a word or reordered by value.

A click log gives one set of sessions, ``clicks``; a source that others split gives ``train``, ``valid`` and ``test``.
Item numbers are positions in the vocabulary, which holds the source's own items.
"""

from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from recore.data.readers import core_inter, srgnn, tables
from recore.data.readers.tables import Account
from recore.data.sessions import Sessions


class Log(NamedTuple):
    """Sessions by name, the (n,) vocabulary (int64 or string), and what became of the rows of each file of a table."""

    parts: dict[str, Sessions]
    items: pa.Array
    accounts: list[Account]


def read(folder: Path, config: dict[str, Any]) -> Log:
    """The log in a source's folder, as ``config`` (the map ``sources.NAME.read`` of params.yaml) says.

    Raises RecoreError naming file, row and value.
    """
    if config["format"] == "core_inter":
        return Log(*core_inter.read(folder), [])
    if config["format"] == "srgnn":
        return Log(*srgnn.read(folder), [])
    clicks, items, accounts = tables.read(folder, config)
    return Log({"clicks": clicks}, items, accounts)
