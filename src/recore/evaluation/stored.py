"""One run of a record: its ranks, and how it was made."""

import hashlib
import io
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recore import artifacts, paths
from recore.evaluation.identity import CASES, cases_hash

COUNTS = ("above", "tied")
# Dictionaries do not help numbers that hardly repeat, and DVC or pandas need no metadata here.
FORMAT = {"compression": "zstd", "compression_level": 19, "use_dictionary": False, "store_schema": False}


@dataclass(frozen=True)
class Stored:
    """One cell: its table of the test cases (N rows: ``CASES``, ``COUNTS``, perhaps gate), and what belongs to it.

    ``cost`` is None in a cell of older code, whose record holds it. ``seed`` and ``history`` are None of a baseline.
    """

    dataset: str
    variant: str
    seed: int | None
    cases: pa.Table
    n_items: int
    record: dict[str, Any]
    inputs: dict[str, Any]
    history: str | None
    weights_hash: str | None  # None: its ranks were made before they said so
    _: KW_ONLY
    cost: dict[str, Any] | None = None
    recommended: dict[str, Any] | None = None  # None: its ranks were made before they said so
    listed: bool = False  # its ranks are from lists of another program, never on record themselves
    held: dict[str, Any] | None = None  # None: so too, or the variant has no gate

    def __str__(self) -> str:
        return f"{self.dataset} {self.variant} {paths.run(self.seed)}"

    @property
    def told(self) -> dict[str, Any]:
        """What ranks did not always say, as a file holds it: nothing where it is not known."""
        told = {
            "weights_hash": self.weights_hash,
            "recommended": self.recommended,
            "listed": self.listed,
            "held": self.held,
        }
        return {name: value for name, value in told.items() if value}

    @property
    def files(self) -> dict[str, bytes]:
        """What is stored of it beside its description, by the ending of the name."""
        counts = self.cases.select([name for name in self.cases.column_names if name not in CASES])
        curve = {} if self.history is None else {"csv": self.history.encode()}
        return {"parquet": packed(counts)} | curve

    @property
    def above(self) -> np.ndarray:
        return self.cases["above"].to_numpy()

    @property
    def tied(self) -> np.ndarray:
        return self.cases["tied"].to_numpy()

    @property
    def made(self) -> dict[str, Any]:
        """The record with where the cell was made (commit, dirty, …), wherever its code kept that."""
        return self.record | (self.cost or {})

    @property
    def test_hash(self) -> str:
        return cases_hash(*(self.cases[name].to_numpy() for name in CASES))

    @property
    def counts_hash(self) -> str:
        """SHA-256 over above, then tied, of every case, as little-endian int32."""
        return hashlib.sha256(
            b"".join(self.cases[name].to_numpy().astype("<i4").tobytes() for name in COUNTS)
        ).hexdigest()

    def write_ranks(self, folder: Path, variant: str | None = None, **more: Any) -> None:
        """Into an existing folder what stage evaluate leaves, under the name of ``variant``, if it has another.

        more: what is to be known of the ranks besides.
        """
        pq.write_table(self.cases, folder / "cases.parquet")
        names = {"dataset": self.dataset, "variant": variant or self.variant, "seed": self.seed}
        known = {"n_items": self.n_items, "test_hash": self.test_hash, **self.told}
        artifacts.write_json(folder / "meta.json", names | known | more)


def plain(table: pa.Table) -> pa.Table:
    return table.replace_schema_metadata(None)


def packed(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(plain(table), buffer, **FORMAT)
    return buffer.getvalue()
