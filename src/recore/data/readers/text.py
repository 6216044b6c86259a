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
from recore.data.readers.quoting import Way, way_of

BLOCK_BYTES = (1 << 20, 1 << 28)  # parsed at once; the second only where a row is longer than the first
IDS = pa.dictionary(pa.int32(), pa.string())


def read(file: Path, config: dict[str, Any], columns: dict[str, Column], ids: list[str]) -> tuple[pa.Table, Way]:
    """The columns of a text file by their keys, those in ``ids`` as dictionaries, the others as strings; how it
    quotes (what ``quoted`` says is left to do).

    Raises RecoreError naming the file, and line or column at fault.
    """
    recbole = config["format"] == "recbole"
    delimiter = "\t" if recbole else config["delimiter"]
    if not file.stat().st_size:
        raise RecoreError(f"{file.name} is empty; give a log with at least one row")
    way = way_of(file, delimiter, "none" if recbole else config.get("quoting"))
    parse = pacsv.ParseOptions(
        delimiter=delimiter,
        quote_char=False if way.quoting == "none" else '"',
        double_quote=way.quoting == "csv",
        escape_char="\\" if way.quoting == "backslash" else False,
        newlines_in_values=way.breaks,
    )
    for size in BLOCK_BYTES:
        options = pacsv.ReadOptions(
            autogenerate_column_names=not (recbole or config.get("header", True)), block_size=size
        )
        try:
            return _parsed(file, way, options, parse, recbole, columns, ids), way
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            if "straddling" not in str(error):  # a row longer than the block
                raise _sentence(file, delimiter, way, error) from None
    raise RecoreError(f"{file.name} has a row of over {BLOCK_BYTES[-1] >> 20} MiB; correct `delimiter` or `quoting`")


def _parsed(
    file: Path,
    way: Way,
    options: pacsv.ReadOptions,
    parse: pacsv.ParseOptions,
    recbole: bool,
    columns: dict[str, Column],
    ids: list[str],
) -> pa.Table:
    header = not options.autogenerate_column_names
    begin = pa.BufferReader(next(blocks(file)))
    stored = pacsv.open_csv(begin, read_options=options, parse_options=parse).schema.names
    names = [unquoted(name) for name in stored] if way.quoting == "none" else stored
    names = [re.sub(r"^([^:]*):\w+$", r"\1", name) for name in names] if recbole else names
    chosen = positions(columns, names, file.name, named=header)
    if header and "columns.time" in chosen:
        _refuse_click(file, names[chosen["columns.time"]], columns["columns.time"])
    types = {stored[at]: IDS if key in ids else pa.string() for key, at in chosen.items()}
    convert = pacsv.ConvertOptions(include_columns=list(types), column_types=types, null_values=[])
    # Not closed here: where parsing fails, Arrow's threads still read, and a file opened next could be theirs.
    table = pacsv.read_csv(open_text(file), read_options=options, parse_options=parse, convert_options=convert)
    if table.num_rows + header != way.rows:
        raise RecoreError(
            f"{file.name}: {table.num_rows:,} rows were read, but the file has {way.rows - header:,}; "
            "set `read.quoting` to the way in which it quotes"
        )
    return pa.table({key: table[stored[at]] for key, at in chosen.items()})


def _refuse_click(file: Path, name: str, column: Column) -> None:
    """A click taken for the header would be lost; where columns are named it is noticed, by positions it is not."""
    if isinstance(column, int) and re.fullmatch(r"-?\d+(\.\d+)?|\d{4}[-/]\d\d?[-/]\d\d?.*", name):
        raise RecoreError(
            f"{file.name}: its first line is taken for the header, but {name!r} looks like the time of a click; set "
            "`header: false`"
        )


def _sentence(file: Path, delimiter: str, way: Way, error: Exception) -> RecoreError:
    reason = " ".join(str(error).split())
    if "utf" in reason.lower():
        refuse_bytes(file)
    found = re.search(r"Expected (\d+) columns, got (\d+)", reason)
    if found and way.quoting == "none" and (odd := quoting.uneven(file, delimiter)):
        line, columns, expected = odd
        return RecoreError(
            f"{file.name}, line {line}: it has {columns} columns, but the first line has {expected}; correct the line, "
            "or `delimiter`"
        )
    if found:
        expected, columns = found.groups()
        reason = f"a row has {columns} columns, but the first has {expected}"
    return RecoreError(f"{file.name} cannot be read as it is described: {reason[:200]}; correct the file or `read`")
