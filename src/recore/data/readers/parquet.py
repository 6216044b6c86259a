"""A Parquet file as columns of the types that ids and times are read from."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recore import RecoreError
from recore.data.readers.columns import Column, positions

MAGIC = b"PAR1"


def read(file: Path, columns: dict[str, Column]) -> pa.Table:
    """The columns of a Parquet file by their keys. Raises RecoreError naming the file and the column at fault."""
    with file.open("rb") as stream:
        begins_well = stream.read(4) == MAGIC
    if not begins_well:
        raise RecoreError(f"{file.name} is not a Parquet file; correct `format`")
    try:
        source = pq.ParquetFile(file)
        names = source.schema_arrow.names
        chosen = {key: names[at] for key, at in positions(columns, names, file.name, named=True).items()}
        table = source.read(columns=list(dict.fromkeys(chosen.values())))
    except (pa.ArrowInvalid, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise RecoreError(f"{file.name} is a damaged Parquet file ({reason}); fetch it again") from None
    return pa.table({key: _plain(table[name], key, file.name) for key, name in chosen.items()})


def _plain(column: pa.ChunkedArray, key: str, file_name: str) -> pa.ChunkedArray:
    """Text of any kind as strings, decimals without a fraction as integers where they fit; the others as they are."""
    stored = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_string_view(stored) or pa.types.is_large_string(stored) or pa.types.is_null(stored):
        return column.cast(pa.string())
    if pa.types.is_binary(stored) or pa.types.is_large_binary(stored) or pa.types.is_binary_view(stored):
        try:
            return column.cast(pa.binary()).cast(pa.string())
        except pa.ArrowInvalid:
            raise RecoreError(f"{file_name}: `{key}` holds bytes that are not UTF-8 text; convert them") from None
    if pa.types.is_decimal(stored) and stored.scale == 0:
        return column.cast(pa.string())
    if pa.types.is_decimal(stored):
        return column.cast(pa.float64())
    return pc.cast(column, stored) if pa.types.is_dictionary(column.type) and not pa.types.is_string(stored) else column
