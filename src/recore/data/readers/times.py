"""Columns of times as UTC milliseconds.

A time without a zone is UTC, so a log reads the same on every machine. The first time of a file says whether its ISO
times carry a zone; a row that differs from it is a fault, since guessing would move it by hours.
"""

import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from recore import RecoreError

SCALES = {"seconds": 1000, "milliseconds": 1}
LAST_MS = 253_402_300_799_999  # the end of the year 9999
_ZONE = re.compile(r"[T ].*(Z|[+-]\d\d(:?\d\d)?)$")


def milliseconds(column: pa.ChunkedArray, unit: str, file_name: str) -> np.ndarray:
    """(C,) int64 UTC milliseconds of a column in ``seconds``, ``milliseconds``, ``iso8601`` or ``date``.

    Text is parsed; a Parquet column that is a date or a timestamp already is taken as ``date`` or ``iso8601``. Raises
    RecoreError naming the file, the data row (from 1) and the value.
    """
    if unit in SCALES:
        values = numbers(column, "time", file_name, unit)
        out_of_range = np.flatnonzero(~(np.abs(values) <= LAST_MS / SCALES[unit]))
        if out_of_range.size:
            row = out_of_range[0]
            hint = " (is it in milliseconds?)" if unit == "seconds" else ""
            raise _fault(file_name, row, "time", column[int(row)], f"{unit} before the year 10000{hint}")
        return np.rint(values * SCALES[unit]).astype(np.int64)
    _refuse_type(column, _is_moment, "time", unit, file_name)
    if unit == "date":
        dates = _converted(column, lambda values: values.cast(pa.date32()), "time", "a date as 2014-04-06", file_name)
        return dates.cast(pa.timestamp("ms")).to_numpy().astype(np.int64)
    moments = _converted(column, _iso_parser(column), "time", "an ISO 8601 time like the first row's", file_name)
    in_ms = moments.cast(pa.timestamp("ms", moments.type.tz), safe=False)
    return in_ms.to_numpy().astype("datetime64[ms]").astype(np.int64)


def numbers(column: pa.ChunkedArray, role: str, file_name: str, expected: str = "a number") -> np.ndarray:
    """(C,) int64 where all are whole numbers, else float64, of a column of numbers or their text."""
    _refuse_type(column, _is_number, role, expected, file_name)
    values = _converted(column, _number, role, expected, file_name).to_numpy()
    unusable = np.flatnonzero(~np.isfinite(values))
    if unusable.size:
        raise _fault(file_name, unusable[0], role, column[int(unusable[0])], expected)
    return values


def _is_number(stored: pa.DataType) -> bool:
    return pa.types.is_integer(stored) or pa.types.is_floating(stored)


def _is_moment(stored: pa.DataType) -> bool:
    return pa.types.is_timestamp(stored) or pa.types.is_date(stored)


def _refuse_type(
    column: pa.ChunkedArray, fits: Callable[[pa.DataType], bool], role: str, expected: str, file_name: str
) -> None:
    """Arrow would turn a timestamp into a number, and a number into a timestamp, in whatever unit it is stored."""
    stored = column.type
    if not (fits(stored) or pa.types.is_string(stored) or pa.types.is_large_string(stored)):
        raise RecoreError(
            f"{file_name}: the {role} column is of type {stored}, not {expected}; correct the source's `read`"
        )


def _number(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        return column.cast(pa.float64())


def _iso_parser(column: pa.ChunkedArray) -> Callable[[pa.ChunkedArray], pa.ChunkedArray]:
    if pa.types.is_timestamp(column.type):
        return lambda values: values
    zone = "UTC" if _ZONE.search(str(column[0].as_py())) else None
    return lambda values: values.cast(pa.timestamp("ns", zone))


def _converted(
    column: pa.ChunkedArray,
    convert: Callable[[pa.ChunkedArray], pa.ChunkedArray],
    role: str,
    expected: str,
    file_name: str,
) -> pa.ChunkedArray:
    """``convert(column)``; where that fails, the first row that does is found by halving."""
    try:
        return convert(column)
    except pa.ArrowInvalid:
        low, high = 0, len(column)
        while high - low > 1:
            middle = (low + high) // 2
            try:
                convert(column.slice(low, middle - low))
                low = middle
            except pa.ArrowInvalid:
                high = middle
        raise _fault(file_name, low, role, column[low], expected) from None


def _fault(file_name: str, row: int, role: str, value: pa.Scalar, expected: str) -> RecoreError:
    return RecoreError(
        f"{file_name}, data row {row + 1}: the {role} {value.as_py()!r} is not {expected}; correct the row"
    )
