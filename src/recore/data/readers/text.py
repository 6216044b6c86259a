"""Delimited text and RecBole's atomic tables (``name:type`` headers) as columns of text.

Ids are read as text, whatever they look like, so that "007" and "7" stay two items and no block of a file decides the
type of the next.
"""

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from recore import RecoreError
from recore.data.readers import quoting
from recore.data.readers.columns import Column, positions
from recore.data.readers.ids import unquoted
from recore.data.readers.kinds import blocks, open_text, refuse_bytes
from recore.data.readers.places import Place, printable, shown
from recore.data.readers.quoting import Way, way_of
from recore.data.readers.times import milliseconds

BLOCK_BYTES = (1 << 20, 1 << 28)  # parsed at once; the second only where a row is longer than the first
IDS = pa.dictionary(pa.int32(), pa.string())


def read(
    file: Path, config: dict[str, Any], columns: dict[str, Column], ids: list[str]
) -> tuple[pa.Table, Way, list[str]]:
    """The columns of a text file by their keys, those in ``ids`` as dictionaries, the others as strings; how it
    quotes (what ``quoted`` says is left to do); the header's names of columns given by position.

    Raises RecoreError naming the file, and line or column at fault.
    """
    recbole = config["format"] == "recbole"
    delimiter = "\t" if recbole else config["delimiter"]
    way = way_of(file, delimiter, "none" if recbole else config.get("quoting"))
    parse = pacsv.ParseOptions(
        delimiter=delimiter,
        quote_char=False if way.quoting == "none" else '"',
        newlines_in_values=way.breaks,
    )
    for size in BLOCK_BYTES:
        options = pacsv.ReadOptions(
            autogenerate_column_names=not (recbole or config.get("header", True)), block_size=size
        )
        try:
            table, names = _parsed(file, way, options, parse, config, columns, ids)
            return table, way, names
        except (pa.ArrowException, UnicodeDecodeError) as error:
            if "straddling" not in str(error):  # a row longer than the block
                raise _sentence(file, delimiter, way, error) from None
    raise RecoreError(f"{file.name} has a row of over {BLOCK_BYTES[-1] >> 20} MiB; correct `delimiter` or `quoting`")


def _parsed(
    file: Path,
    way: Way,
    options: pacsv.ReadOptions,
    parse: pacsv.ParseOptions,
    config: dict[str, Any],
    columns: dict[str, Column],
    ids: list[str],
) -> tuple[pa.Table, list[str]]:
    header, recbole, time = not options.autogenerate_column_names, config["format"] == "recbole", config.get("time")
    begin = next(blocks(file), b"")
    if not begin:
        raise RecoreError(f"{file.name} is empty; give a log with at least one row")
    begin = pa.BufferReader(_unescaped(begin + b"\n") if way.quoting == "backslash" else begin + b"\n")
    stored = pacsv.open_csv(begin, read_options=options, parse_options=parse).schema.names
    names = [unquoted(name) for name in stored] if way.quoting == "none" else stored
    names = [re.sub(r"^([^:]*):\w+$", r"\1", name) for name in names] if recbole else names
    chosen = positions(columns, names, file.name, named=header)
    if header and "columns.time" in chosen:
        _refuse_click(file, names[chosen["columns.time"]], columns["columns.time"], time)
    types = {stored[at]: pa.string() for at in chosen.values()} | {stored[chosen[key]]: IDS for key in ids}
    convert = pacsv.ConvertOptions(include_columns=list(types), column_types=types, null_values=[])
    # Not closed here: where parsing fails, Arrow's threads still read, and a file opened next could be theirs.
    if way.quoting == "backslash":
        source = pa.BufferReader(_unescaped(b"".join(blocks(file))))
    else:
        source = open_text(file) if way.rows > 1 else pa.BufferReader(b"".join(blocks(file)) + b"\n")
    table = pacsv.read_csv(source, read_options=options, parse_options=parse, convert_options=convert)
    if table.num_rows + header != way.rows:
        raise RecoreError(
            f"{file.name}: {table.num_rows:,} rows were read, but the file has {way.rows - header:,}; "
            "set `read.quoting` to the way in which it quotes"
        )
    named = {key: table[stored[at]] for key, at in chosen.items()}
    by_position = [names[at] for key, at in chosen.items() if header and isinstance(columns[key], int)]
    return pa.table({key: c if key in ids else c.cast(pa.string()) for key, c in named.items()}), by_position


def _unescaped(content: bytes) -> bytes:
    """With "" in place of \\", NULL of \\N and \\ of \\\\; any other backslash stays, so that ids stay apart."""
    plain = {b'\\"': b'""', b"\\\\": b"\\", b"\\N": b"NULL"}
    return re.sub(rb"\\[\"\\]|(?<!\w)\\N(?!\w)", lambda found: plain[found[0]], content)


def _refuse_click(file: Path, name: str, column: Column, time: str) -> None:
    """A click taken for the header would be lost; where columns are named it is noticed, by positions it is not."""
    if not isinstance(column, int):
        return
    try:
        milliseconds(pa.chunked_array([[name]]), time, Place(file.name))
    except RecoreError:
        return
    raise RecoreError(
        f"{file.name}: its first line is taken for the header, but {shown(name)} looks like the time of a click; set "
        "`header: false`"
    )


def _sentence(file: Path, delimiter: str, way: Way, error: Exception) -> RecoreError:
    reason = printable(error)
    if "utf" in reason.lower():
        refuse_bytes(file)
    found = re.search(r"Expected (\d+) columns, got (\d+)", reason)
    if found and way.quoting == "none" and (odd := quoting.uneven(file, delimiter)):
        line, columns, expected = odd
        return RecoreError(
            f"{file.name}, line {line}: it has {columns} columns, but the first line has {expected}; correct the line, "
            "or `delimiter`"
        )
    if found and (odd := quoting.odd_row(file, delimiter, way.quoting == "backslash")):
        line, columns, expected = odd
        return RecoreError(
            f"{file.name}, line {line}: this row has {columns} columns, but the first has {expected}; correct it, "
            "`delimiter` or `quoting`"
        )
    return RecoreError(f"{file.name} cannot be read as it is described: {reason}; correct the file or `read`")
