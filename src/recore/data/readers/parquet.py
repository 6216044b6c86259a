"""A Parquet file as columns of the types that ids and times are read from."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recore import RecoreError
from recore.data.readers.columns import Column, positions
from recore.data.readers.kinds import PACKED
from recore.data.readers.places import printable

MAGIC = b"PAR1"


def read(file: Path, columns: dict[str, Column], coded: list[str]) -> pa.Table:
    """The columns of a Parquet file by their keys, those of ids in ``coded`` as numbers or text.

    Raises RecoreError naming the file and the column at fault.
    """
    with file.open("rb") as stream:
        begin = stream.read(8)
    if not begin.startswith(MAGIC):
        packed = any(begin.startswith(magic) for magic in PACKED)
        raise RecoreError(f"{file.name} is not a Parquet file; {'unpack it' if packed else 'correct `format`'}")
    try:
        source = pq.ParquetFile(file)
        names = source.schema_arrow.names
        chosen = {key: names[at] for key, at in positions(columns, names, file.name, named=True).items()}
        table = source.read(columns=list(dict.fromkeys(chosen.values())))
    except (pa.ArrowInvalid, OSError) as error:
        raise RecoreError(f"{file.name} is a damaged Parquet file ({printable(error)}); fetch it again") from None
    return pa.table({key: _plain(table[name], key, file.name, key in coded) for key, name in chosen.items()})


def _plain(column: pa.ChunkedArray, key: str, file_name: str, is_id: bool) -> pa.ChunkedArray:
    """Text of any kind as strings; decimals without a fraction as their text, others as floats."""
    try:
        if pa.types.is_dictionary(column.type) and not (is_id and pa.types.is_string(column.type.value_type)):
            column = column.cast(column.type.value_type)
        stored = column.type
        if pa.types.is_string(stored):
            column.validate(full=True)
        if key.startswith("where."):
            return _text(column)
        if pa.types.is_string_view(stored) or pa.types.is_large_string(stored) or pa.types.is_null(stored):
            return column.cast(pa.string())
        if pa.types.is_binary(stored) or pa.types.is_large_binary(stored) or pa.types.is_binary_view(stored):
            return column.cast(pa.binary()).cast(pa.string())
        if pa.types.is_decimal(stored):
            return column.cast(pa.string() if stored.scale == 0 else pa.float64())
        return column
    except pa.ArrowInvalid:
        raise RecoreError(f"{file_name}: `{key}` holds bytes that are not UTF-8 text; convert them") from None


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The text of a value as params.yaml has it: an int column with a gap is floats in pandas, and 1.0 is 1 there."""
    if pa.types.is_floating(column.type):
        whole = pc.all(pc.equal(column, pc.round(column))).as_py()
        return column.cast(pa.int64() if whole is not False else column.type).cast(pa.string())
    return column.cast(pa.string())
