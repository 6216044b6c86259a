"""A published file beside the same file made again: where they differ, by row and column."""

import csv
import io
import math
from itertools import zip_longest

import numpy as np
from matplotlib.image import imread

# The files have ten digits, and other versions of NumPy and SciPy move the last ones. A changed digit of a file itself
# is found by its hash.
ROUNDING = 1e-6  # relative
# On another processor the last digit of a coordinate may be another, and the edge of a mark in the next pixel.
PIXELS = 1e-4  # share of a figure's pixels


def difference(name: str, recorded: bytes, again: bytes) -> str | None:
    """The first difference that is more than rounding, as half a sentence; None where there is none."""
    if recorded == again:
        return None
    if name.endswith(".csv"):
        return _of_tables(*(list(csv.reader(io.StringIO(file.decode()))) for file in (recorded, again)))
    if name.endswith(".md"):
        return _of_lines(*(file.decode().splitlines() for file in (recorded, again)))
    if name.endswith(".png") and _drawn_alike(recorded, again):
        return None
    return "is not what is made of the ranks here"


def _drawn_alike(recorded: bytes, again: bytes) -> bool:
    """Whether two PNG files show the same but for single pixels."""
    try:
        was, is_now = (imread(io.BytesIO(file), format="png") for file in (recorded, again))
    except (OSError, SyntaxError, ValueError):  # it is no image
        return False
    return was.shape == is_now.shape and bool(np.mean(np.any(was != is_now, axis=-1)) <= PIXELS)


def _of_tables(recorded: list[list[str]], again: list[list[str]]) -> str | None:
    names = zip_longest(*(table[0] if table else [] for table in (recorded, again)), fillvalue="nothing")
    for number, (was, is_now) in enumerate(names, start=1):
        if was != is_now:
            return f"column {number} is {was}, but {is_now} comes out"
    if len(recorded) != len(again):
        return f"has {len(recorded) - 1} rows, but {len(again) - 1} come out"
    columns = recorded[0]
    for number, (old, new) in enumerate(zip(recorded, again, strict=True), start=1):
        if len(old) != len(columns):
            return f"line {number} has {len(old)} values for {len(columns)} columns"
        for column, was, is_now in zip(columns, old, new, strict=True):
            if not _alike(was, is_now):
                row = ", ".join(value for value in old if value and not _number(value))
                return (
                    f"line {number} ({row}), column {column}: {was or 'nothing'}, but {is_now or 'nothing'} comes out"
                )
    return None


def _of_lines(recorded: list[str], again: list[str]) -> str | None:
    for number, (was, is_now) in enumerate(zip(recorded, again, strict=False), start=1):
        if was != is_now:
            return f"line {number} is {was!r}, but {is_now!r} comes out"
    if len(recorded) == len(again):
        return "has other line ends than come out"
    return f"has {len(recorded)} lines, but {len(again)} come out"


def _alike(was: str, is_now: str) -> bool:
    if was == is_now:
        return True
    old, new = _number(was), _number(is_now)
    return old is not None and new is not None and math.isclose(old, new, rel_tol=ROUNDING, abs_tol=1e-12)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
