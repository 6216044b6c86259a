"""Where a value stands, for the sentences about it."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from recore import RecoreError

SHOWN, MOST = 60, 20  # characters of a value, values of a list


@dataclass(frozen=True)
class Place:
    """A file, and the data row (from 0) of each row that is left of it; all are while ``rows`` is None."""

    file: str
    rows: np.ndarray | None = None

    def row(self, position: int) -> str:
        number = position if self.rows is None else self.rows[position]
        return f"{self.file}, data row {number + 1}"

    def only(self, keep: np.ndarray) -> "Place":
        """Without the rows where ``keep`` is false."""
        return Place(self.file, np.flatnonzero(keep) if self.rows is None else self.rows[keep])

    def fault(
        self, position: int, role: str, value: pa.Scalar, expected: str, way_out: str = "correct the row"
    ) -> RecoreError:
        return RecoreError(f"{self.row(position)}: the {role} {shown(value)} is not {expected}; {way_out}")


def shown(value: pa.Scalar | str) -> str:
    """A value in quotes, shortened, in printable characters."""
    try:
        text = value if isinstance(value, str) else value.as_py()
    except (OverflowError, ValueError):  # a time that Python has no value for
        text = "beyond the calendar"
    text = text if text is None or isinstance(text, (int, float)) else str(text)
    text = repr(text)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def printable(text: object) -> str:
    """A text of others, such as an error's, in one line of printable characters, shortened."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(str(text).split()))[:200]


def listed(names: list[str]) -> str:
    """The first names, separated by commas."""
    first = ", ".join(name if name.isprintable() and len(name) <= SHOWN else shown(name) for name in names[:MOST])
    return first if len(names) <= MOST else f"{first}, … ({len(names)} in all)"
