"""Click logs as tables: delimited text, RecBole's atomic tables (``name:type`` headers) and Parquet.

Ids are read as text, whatever they look like, so that "007" and "7" stay two items and no block of a file decides the
type of the next; a vocabulary of plain whole numbers becomes integers at the end.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from recore import RecoreError
from recore.data.readers.clicks import assemble
from recore.data.readers.files import only_file
from recore.data.sessions import Sessions

PATTERNS = {"delimited": "*", "recbole": "*.inter", "parquet": "*.parquet"}


def read(folder: Path, config: dict[str, Any]) -> tuple[Sessions, pa.Array]:
    """The log of a source's folder as ``config`` (``sources.NAME.read``) says, and its vocabulary.

    Raises RecoreError naming the file, and the column, row and value at fault.
    """
    file = only_file(folder, PATTERNS[config["format"]])
    try:
        table = _read_parquet(file, config) if config["format"] == "parquet" else _read_text(file, config)
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:  # not its format, damaged, or not UTF-8
        reason = " ".join(str(error).split())
        raise RecoreError(
            f"{file.name} cannot be read as {config['format']}: {reason}; correct the file or `read`"
        ) from None
    if not table.num_rows:
        raise RecoreError(f"{file.name} holds no clicks; give a log with at least one row")
    return assemble(table, config["time"], file.name)


def _read_text(file: Path, config: dict[str, Any]) -> pa.Table:
    if not file.stat().st_size:
        raise RecoreError(f"{file.name} is empty; give a log with at least one row")
    recbole = config["format"] == "recbole"
    header = recbole or config.get("header", True)
    parse = pacsv.ParseOptions(delimiter="\t" if recbole else config["delimiter"], quote_char=False if recbole else '"')
    options = pacsv.ReadOptions(autogenerate_column_names=not header)
    with pacsv.open_csv(file, read_options=options, parse_options=parse) as stream:
        stored = stream.schema.names
    shown = [name.split(":")[0] for name in stored] if recbole else stored
    chosen = _positions(config["columns"], shown, file.name, named=header)
    types = {
        stored[position]: pa.dictionary(pa.int32(), pa.string()) if role in ("session", "item") else pa.string()
        for role, position in chosen.items()
    }
    convert = pacsv.ConvertOptions(
        include_columns=list(types), column_types=types, null_values=[""], strings_can_be_null=True
    )
    table = pacsv.read_csv(file, read_options=options, parse_options=parse, convert_options=convert)
    return _by_role(table, {role: stored[position] for role, position in chosen.items()})


def _read_parquet(file: Path, config: dict[str, Any]) -> pa.Table:
    source = pq.ParquetFile(file)
    names = source.schema_arrow.names
    chosen = {role: names[at] for role, at in _positions(config["columns"], names, file.name, named=True).items()}
    return _by_role(source.read(columns=list(dict.fromkeys(chosen.values()))), chosen)


def _by_role(table: pa.Table, names: dict[str, str]) -> pa.Table:
    return pa.table([table[name] for name in names.values()], names=list(names))


def _positions(columns: dict[str, str | int], names: list[str], file_name: str, named: bool) -> dict[str, int]:
    """Where each role's column stands among ``names``."""
    found = {}
    for role, column in columns.items():
        if isinstance(column, int):
            if column >= len(names):
                raise RecoreError(
                    f"{file_name} has {len(names)} columns, so `columns.{role}` cannot be number {column}"
                )
            if names.count(names[column]) > 1:  # it is read by name
                raise RecoreError(
                    f"{file_name} has more than one column {names[column]!r}, which `columns.{role}` = {column} is; "
                    "rename one of them"
                )
            found[role] = column
        elif not named:
            raise RecoreError(
                f"{file_name} is read without a header, so `columns.{role}` is a position from 0, not {column!r}"
            )
        elif names.count(column) != 1:
            count = "no column" if column not in names else "more than one column"
            raise RecoreError(
                f"{file_name} has {count} {column!r} for `columns.{role}`; its columns are {', '.join(names)}"
            )
        else:
            found[role] = names.index(column)
    return found
