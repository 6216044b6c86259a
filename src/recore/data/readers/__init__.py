"""Readers: the files of a source become flat sessions and a vocabulary; nothing is dropped or reordered by value.

A click log gives one set of sessions, ``clicks``; a source that others split gives ``train``, ``valid`` and ``test``.
Item numbers are positions in the vocabulary, which holds the source's own items.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa

from recore.data.readers import core_inter, srgnn, tables
from recore.data.sessions import Sessions


def read(folder: Path, config: dict[str, Any]) -> tuple[dict[str, Sessions], pa.Array]:
    """The sessions by name and the (n,) vocabulary (int64 or string) of a source's folder, as ``config`` says.

    ``config`` is the map ``sources.NAME.read`` of params.yaml. Raises RecoreError naming file, row and value.
    """
    if config["format"] == "core_inter":
        return core_inter.read(folder)
    if config["format"] == "srgnn":
        return srgnn.read(folder)
    clicks, items = tables.read(folder, config)
    return {"clicks": clicks}, items
