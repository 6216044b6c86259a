"""A file of ranks as a table, in whichever of its forms it is: CSV, Parquet, or a TREC run.

counts        case, above, tied
list          q_id, doc_id, score; a TREC run (query Q0 document rank score tag, no header) is one
session_rec   SessionId, Position, Recommendations, Scores: the predictions that session-rec saves
"""

import io
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from recore import RecoreError

FORMS = {
    "counts": ("case", "above", "tied"),
    "list": ("q_id", "doc_id", "score"),
    "session_rec": ("SessionId", "Position", "Recommendations", "Scores"),
}
TREC = ("q_id", "Q0", "doc_id", "rank", "score", "tag")
SEPARATORS = (",", ";", "\t")
SHORT = ((pa.types.is_float16, 11), (pa.types.is_float32, 24))  # bits of the whole numbers that they hold
TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
LONGEST = 2**31 - 2  # bytes that the reader of text takes as one block


def read(content: bytes, file: str) -> tuple[str, pa.Table]:
    """The form of a file and its rows, all columns; RecoreError, naming ``file``, where it has none of the forms."""
    if not content.strip():
        raise RecoreError(f"{file} is empty; write the ranks of the test cases into it")
    try:
        table = pq.read_table(io.BytesIO(content)) if content.startswith(b"PAR1") else _text(content, file)
    except (pa.ArrowException, OSError) as error:  # Thrift's faults come as the latter
        fault = " ".join(str(error).split())
        raise RecoreError(f"{file} cannot be read ({fault}); write it again") from None
    if len(set(table.column_names)) < len(table.column_names):
        raise RecoreError(f"{file} names a column twice, {', '.join(table.column_names)}; name every column once")
    if len(forms := [form for form, own in FORMS.items() if set(own) <= set(table.column_names)]) > 1:
        raise RecoreError(f"{file} has the columns of {len(forms)} forms ({', '.join(forms)}); keep those of one")
    if (form := _form(table.column_names)) is None:
        known = "; ".join(", ".join(columns) for columns in FORMS.values())
        raise RecoreError(
            f"{file} has the columns {', '.join(table.column_names)}; it needs those of one form: {known}; or the six "
            "fields of a TREC run, without a header"
        )
    if len(table) == 0:
        raise RecoreError(f"{file} has no rows; write the ranks of the test cases into it")
    return form, table


def _form(columns: list[str]) -> str | None:
    return next((form for form, own in FORMS.items() if set(own) <= set(columns)), None)


def _text(content: bytes, file: str) -> pa.Table:
    try:
        head = content.split(b"\n", 1)[0].decode("utf-8-sig").rstrip("\r")
    except UnicodeDecodeError:
        raise RecoreError(f"{file} is neither Parquet nor text in UTF-8; unpack it, or write it as UTF-8") from None
    if len(content) > LONGEST:
        raise RecoreError(f"{file} has {len(content) / 1e9:.1f} GB of text, too much to be read; write it as Parquet")
    names, separator = None, next((s for s in SEPARATORS if _form(head.split(s))), None)
    if separator is None and len(head.split()) == len(TREC):
        content = b"\n".join(b" ".join(line.split()) for line in content.splitlines())
        names, separator = TREC, " "
    table = pc.read_csv(
        io.BytesIO(content),
        # One block: the type of a column is that of all its values, not of the first.
        read_options=pc.ReadOptions(column_names=names, block_size=len(content) + 1),
        # A TREC run knows no quotes; in the others a field may need them for its commas.
        parse_options=pc.ParseOptions(delimiter=separator or ",", quote_char=False if names else '"'),
    )
    lines = sum(map(bool, map(bytes.strip, content.splitlines()))) - (names is None)
    if len(table) != lines:
        raise RecoreError(
            f"{file} has {lines:,} lines of values, of which {len(table):,} rows can be made: a quote opens and does "
            "not close on its line; write the file without it"
        )
    return table


def whole(column: pa.ChunkedArray, name: str, file: str) -> np.ndarray:
    """A column as int64 (M,); RecoreError names the first value that is no whole number. Text of digits is one."""
    values = column.to_pandas()
    numbers = _numbers(column, values).astype(float)
    with np.errstate(invalid="ignore"):
        wrong = ~(numbers % 1 == 0) | (np.abs(numbers) >= 2.0**53)
    if wrong.any():
        raise RecoreError(f"{file}: {_place(name, values, wrong)}, which is no whole number; write the file again")
    exact = next((bits for is_kind, bits in SHORT if is_kind(column.type)), 53)
    if (wrong := np.abs(numbers) >= 2.0**exact).any():
        raise RecoreError(
            f"{file}: {_place(name, values, wrong)}, where {column.type} rounds whole numbers; write them as integers"
        )
    return numbers.astype(np.int64)


def finite(column: pa.ChunkedArray, name: str, file: str) -> np.ndarray:
    """A column as float64 (M,); RecoreError names the first value that is no number, or not a finite one.

    Nor may a whole number be one that float64 cannot tell from its neighbours.
    """
    values = column.to_pandas()
    numbers = _numbers(column, values).astype(float)
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        raise RecoreError(f"{file}: {_place(name, values, wrong)}, which is no finite number; write the file again")
    if pa.types.is_integer(column.type) and (wrong := np.abs(numbers) >= 2.0**53).any():
        raise RecoreError(
            f"{file}: {_place(name, values, wrong)}, too large to be told from its neighbours; write smaller numbers"
        )
    return numbers


def _numbers(column: pa.ChunkedArray, values: pd.Series) -> np.ndarray:
    """NaN where there is no number: a truth value, a time and a list are none."""
    if any(is_kind(column.type) for is_kind in (pa.types.is_boolean, pa.types.is_temporal, pa.types.is_nested)):
        return np.full(len(column), np.nan)
    if any(is_kind(column.type) for is_kind in TEXTS):
        try:
            return column.cast(pa.float64()).to_numpy()  # to the last bit, which tells whether scores tie
        except pa.ArrowInvalid:
            pass  # one of them is no number
    return pd.to_numeric(values, errors="coerce").to_numpy()


def _shown(value: Any) -> Any:
    return "empty" if value is None or value == "" or value != value else value


def _place(name: str, values: pd.Series, wrong: np.ndarray) -> str:
    at = int(wrong.argmax())
    return f"{name} of row {at + 1} is {_shown(values[at])}"
