"""Columns of times as UTC milliseconds.

A time without a zone is UTC, so a log reads the same on every machine. The first time of a file says in which form its
ISO times are (zone, " UTC", slashes); a row that differs from it is a fault, since guessing would move it by hours.
"""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from recore import RecoreError
from recore.data.readers.missing import CUT_SHORT, is_cut, is_missing
from recore.data.readers.places import Place, shown

SCALES = {"seconds": 1000, "milliseconds": 1, "microseconds": 1e-3, "nanoseconds": 1e-6}  # to milliseconds
# No click of a log that people study is older than 1990 or later than 2099.
FIRST_MS, LAST_MS = 631_152_000_000, 4_102_444_799_999
NO_DATES = ("0000-00-00", "0000-00-00 00:00:00", "9999-12-31", "9999-12-31 23:59:59")
_ZONE = re.compile(r"[T ].*(Z|[+-]\d\d(:?\d\d)?)$")
_UTC = re.compile(r"\d ?(UTC|GMT)$")
_SLASHES = re.compile(r"\d{4}/\d\d/\d\d")
FORMS = (
    "forms are 2014-04-06T18:44:52Z, 2014-04-06 18:44:52.123, 2014/04/06 18:44:52 UTC and the like; correct the row or "
    'give another form, as `time: "%m/%d/%Y %I:%M:%S %p"`, or `seconds`, `milliseconds` …'
)


def milliseconds(column: pa.ChunkedArray, unit: str, place: Place) -> np.ndarray:
    """(R,) int64 UTC milliseconds of a column in ``unit``: a key of SCALES, ``iso8601``, ``date`` or a strptime form.

    Text is parsed; a Parquet column that is a timestamp already is taken as ``iso8601``, one of dates as both. Raises
    RecoreError naming the file, the data row (from 1) and the value.
    """
    if not len(column):
        return np.zeros(0, np.int64)
    if unit in SCALES:
        return _in_unit(numbers(column, "time", place, unit), unit, column, place)
    if unit == "date":
        _refuse_type(column, pa.types.is_date, "time", 'a date (a timestamp is `iso8601`, 20190131 is "%Y%m%d")', place)
        dates = _converted(column, lambda values: values.cast(pa.date32()), "time", "a date as 2014-04-06", place)
        return dates.cast(pa.timestamp("ms")).to_numpy().astype(np.int64)
    if unit == "iso8601":
        _refuse_type(column, _is_moment, "time", unit, place)
        parse = _iso_parser(column)
        _converted(column[:1], parse, "time", "an ISO 8601 time", place, FORMS)
        form = f"an ISO 8601 time in the form of the first row, {shown(column[0])}"
        moments = _converted(column, parse, "time", form, place, FORMS)
    else:
        _refuse_type(column, pa.types.is_integer, "time", f"text as {unit!r}", place)
        return _in_form(column, unit, place)
    if moments.null_count:
        at = int(np.flatnonzero(moments.is_null().to_numpy())[0])
        raise place.fault(at, "time", column[at], "a time")
    in_ms = moments.cast(pa.timestamp("ms", moments.type.tz), safe=False)
    return in_ms.to_numpy().astype("datetime64[ms]").astype(np.int64)


def numbers(column: pa.ChunkedArray, role: str, place: Place, expected: str = "a number") -> np.ndarray:
    """(R,) int64 where all are whole numbers, else float64, of a column of numbers or their text."""
    _refuse_type(column, _is_number, role, expected, place)
    if column.null_count:
        at = int(np.flatnonzero(column.is_null().to_numpy())[0])
        raise place.fault(at, role, column[at], expected)
    values = _converted(column, _number, role, expected, place).to_numpy()
    unusable = np.flatnonzero(~np.isfinite(values))
    if unusable.size:
        raise place.fault(int(unusable[0]), role, column[int(unusable[0])], expected)
    if column.type in (pa.float32(), pa.float16()) and np.abs(values).max(initial=0) > 1 << 24:
        raise RecoreError(
            f"{place.file}: the {role} column is of type {column.type}, which has lost the last digits; write doubles"
        )
    if values.dtype.kind == "f" and _is_text(column.type) and (cut := np.flatnonzero(is_cut(column))).size:
        raise place.fault(int(cut[0]), role, column[int(cut[0])], f"{expected} with all its digits", CUT_SHORT)
    return values


def missing(column: pa.ChunkedArray) -> np.ndarray:
    """(R,) whether a row has no time or number: null, not a number, or a word or date for it."""
    if _is_text(column.type):
        return is_missing(column, *NO_DATES)
    return pc.is_null(column, nan_is_null=True).to_numpy()


def unset(time_ms: np.ndarray, newest_ms: int) -> np.ndarray:
    """(R,) whether a time is no time of a log whose newest one is ``newest_ms``.

    That is one after 2099, or before 1990 where the newest is not: 0 or -1 for one that was not set, seconds in a
    column of milliseconds, 1900-01-01, 9999-12-31. A clock of its own may begin at 0.
    """
    return (time_ms > LAST_MS) | ((time_ms < FIRST_MS) & (newest_ms >= FIRST_MS))


def _in_unit(values: np.ndarray, unit: str, column: pa.ChunkedArray, place: Place) -> np.ndarray:
    """UTC milliseconds of numbers; RecoreError where they are plainly in another unit, or are no counts of a unit."""
    limit = (LAST_MS + 1) / SCALES[unit]
    highest, lowest, units = values.max(), values.min(), list(SCALES)
    finer = units[min(units.index(unit) + 1, len(units) - 1)]
    if highest >= 2 * limit or lowest <= -limit:
        at = int(np.flatnonzero((values >= 2 * limit) | (values <= -limit))[0])
        raise place.fault(at, "time", column[at], f"{unit} before the year 2100 (is it in {finer}?)")
    if unit != "seconds" and highest * SCALES[unit] < FIRST_MS <= highest * 1000 <= LAST_MS:
        at = int(np.argmax(values))
        raise place.fault(at, "time", column[at], f"{unit} after 1990 (is it in seconds?)", "correct `read.time`")
    if 19_900_101 <= highest <= 20_991_231 and _are_dates(values):
        at = int(np.argmax(values))
        raise place.fault(at, "time", column[at], f"{unit} (is it a date?)", 'set `time: "%Y%m%d"`')
    if values.dtype.kind == "i" and SCALES[unit] >= 1:
        return values * SCALES[unit]  # exact, and no copy as floats
    return np.rint(values * SCALES[unit]).astype(np.int64)


def _are_dates(values: np.ndarray) -> bool:
    """Whether all are numbers like 20190131."""
    month, day = values // 100 % 100, values % 100
    return bool(np.all((values >= 19_900_101) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)))


def _in_form(column: pa.ChunkedArray, form: str, place: Place) -> np.ndarray:
    """Text in a form of ``strptime``, by pandas: Arrow's parser knows no fractions and makes March of February 31."""
    moments = pd.to_datetime(column.cast(pa.string()).to_pandas(), format=form, utc=True, errors="coerce")
    bad = np.flatnonzero(moments.isna())
    if bad.size:
        raise place.fault(int(bad[0]), "time", column[int(bad[0])], f"a time as {form!r}", "correct the row or `time`")
    return moments.dt.tz_localize(None).to_numpy().astype("datetime64[ms]").astype(np.int64)


def _is_number(stored: pa.DataType) -> bool:
    return pa.types.is_integer(stored) or pa.types.is_floating(stored)


def _is_moment(stored: pa.DataType) -> bool:
    return pa.types.is_timestamp(stored) or pa.types.is_date(stored)


def _is_text(stored: pa.DataType) -> bool:
    return pa.types.is_string(stored)


def _refuse_type(
    column: pa.ChunkedArray, fits: Callable[[pa.DataType], bool], role: str, expected: str, place: Place
) -> None:
    """Arrow would make numbers or dates of timestamps, and timestamps of numbers in whatever unit is stored."""
    stored = column.type
    if not (fits(stored) or _is_text(stored)):
        raise RecoreError(
            f"{place.file}: the {role} column is of type {stored}, not {expected}; correct the source's `read`"
        )


def _number(column: pa.ChunkedArray) -> pa.ChunkedArray:
    for kind in (pa.int64(), pa.uint64()):
        try:
            return column.cast(kind)
        except pa.ArrowInvalid:
            pass
    return column.cast(pa.float64())


def _iso_parser(column: pa.ChunkedArray) -> Callable[[pa.ChunkedArray], pa.ChunkedArray]:
    if _is_moment(column.type):
        return lambda values: values.cast(pa.timestamp("ms")) if pa.types.is_date(values.type) else values
    first = str(column[0].as_py())
    slashes, utc = _SLASHES.match(first), _UTC.search(first)
    zone = "UTC" if utc or _ZONE.search(first) else None

    def parse(values: pa.ChunkedArray) -> pa.ChunkedArray:
        if slashes:
            values = pc.replace_substring_regex(values, r"^(\d{4})/(\d\d)/(\d\d)", r"\1-\2-\3")
        if utc:
            values = pc.replace_substring_regex(values, r" ?(UTC|GMT)$", "Z")
        return values.cast(pa.timestamp("ns", zone))

    return parse


def _converted(
    column: pa.ChunkedArray,
    convert: Callable[[pa.ChunkedArray], pa.ChunkedArray],
    role: str,
    expected: str,
    place: Place,
    way_out: str = "correct the row",
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
        raise place.fault(low, role, column[low], expected, way_out) from None
