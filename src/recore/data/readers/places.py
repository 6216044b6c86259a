"""Where a value stands, for the sentences about it."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from recore import RecoreError

SHOWN = 60  # characters of a value


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
    """A value in quotes, shortened."""
    text = value if isinstance(value, str) else value.as_py()
    text = repr(text)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
