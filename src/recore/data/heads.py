"""The first part of each file of a log, so that a large one is looked at in seconds."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recore.data.archives import opened_zip
from recore.data.readers.kinds import PACKED
from recore.data.readers.lines import Lines
from recore.data.readers.scan import Scan

LIMIT = 1 << 26  # bytes of text
ROWS = 1 << 21  # of Parquet
TEXTS = ("delimited", "recbole")


def head(file: Path, target: Path, config: dict[str, Any]) -> tuple[float, int]:
    """Puts the first part of a file that ``config`` (``sources.NAME.read``) says how to read at ``target``.

    Returns the share of the file that this is, 1 where it is whole, and the file's size in bytes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    size = file.stat().st_size
    share = 1.0
    try:
        if config["format"] == "parquet":
            share = _of_parquet(file, target)
        elif config["format"] in TEXTS:
            share = _of_text(file, target, config)
    except (pa.ArrowException, OSError, EOFError):
        share = 1.0  # damaged, or of another kind: the reader says which
    if share == 1 and not target.exists():
        os.symlink(file.resolve(), target)
    return share, size


def of_zip(file: Path, folder: Path, config: dict[str, Any]) -> list[tuple[float, int]]:
    """The same for each member of a zip, put into ``folder`` under its name."""
    parts = []
    with opened_zip(file, folder) as archive:
        for member in (member for member in archive.infolist() if not member.is_dir()):
            with archive.open(member) as stream:
                content = stream.read(LIMIT if config["format"] in TEXTS else -1)
            share = len(content) / max(member.file_size, 1)
            (folder / member.filename).parent.mkdir(parents=True, exist_ok=True)
            (folder / member.filename).write_bytes(content if share == 1 else whole_rows(content, config))
            parts.append((share, member.file_size))
    return parts


def _of_text(file: Path, target: Path, config: dict[str, Any]) -> float:
    with file.open("rb") as raw:
        packed = next((name for magic, name in PACKED.items() if raw.peek(8).startswith(magic)), None)
        opened = pa.CompressedInputStream(raw, packed) if packed else raw
        content = opened.read(LIMIT)
        if not opened.read(1):
            return 1.0
        share = raw.tell() / file.stat().st_size
    target.write_bytes(whole_rows(content, config))
    return share


def whole_rows(content: bytes, config: dict[str, Any]) -> bytes:
    """The begin of a text file without the row that its end cuts, also where that row holds line breaks in quotes."""
    content = content[: max(content.rfind(b"\n"), content.rfind(b"\r")) + 1] or content
    if config.get("quoting") != "none" and b'"' in content and config["format"] == "delimited":
        lines = Lines(content)
        columns = lines.columns(np.flatnonzero(lines.data == ord(config["delimiter"])))[lines.full]
        if np.all(columns == columns[0]):  # each line is a row
            return content
        scan = Scan(config["delimiter"], backslash=config.get("quoting") == "backslash")
        scan.add(content)
        if not scan.unclosed:  # else quotes are no quotes there, and every line is a row
            return content[: scan.end]
    return content


def _of_parquet(file: Path, target: Path) -> float:
    source = pq.ParquetFile(file)
    if source.metadata.num_rows <= ROWS:
        return 1.0
    rows = next(source.iter_batches(batch_size=ROWS))
    pq.write_table(pa.Table.from_batches([rows]), target)
    return rows.num_rows / source.metadata.num_rows
