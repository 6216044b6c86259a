"""The cells of a record as files: everything that a published number is a function of, about 2 bytes a case.

ranks/DATASET/test.parquet              session, position and target of the test cases, once
ranks/DATASET/VARIANT/SEED.parquet      above, tied (and the gate, where the variant has one) in the same order
ranks/DATASET/VARIANT/SEED.json         test_hash, n_items, the SHA-256 of that file, the run's record and its inputs
ranks/DATASET/VARIANT/SEED.csv          its training curve
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recore import RecoreError, artifacts

CASES = ("session", "position", "target")
COUNTS = ("above", "tied")
# Dictionaries do not help numbers that hardly repeat, and DVC or pandas need no metadata here.
FORMAT = {"compression": "zstd", "compression_level": 19, "use_dictionary": False, "store_schema": False}


@dataclass(frozen=True)
class Stored:
    """One cell: its table of the test cases (N rows: ``CASES``, ``COUNTS``, perhaps gate), and what belongs to it."""

    dataset: str
    variant: str
    seed: int
    cases: pa.Table
    n_items: int
    record: dict[str, Any]
    inputs: dict[str, Any]
    history: str

    def __str__(self) -> str:
        return f"{self.dataset} {self.variant} {self.seed}"

    @property
    def test_hash(self) -> str:
        """SHA-256 over session, position and target of every case, as stage evaluate computes it."""
        digest = hashlib.sha256()
        for name in CASES:
            digest.update(np.ascontiguousarray(self.cases[name].to_numpy(), dtype="<i8").tobytes())
        return digest.hexdigest()


def save(folder: Path, cell: Stored) -> bool:
    """Writes a cell to a record's ``folder``; False where the same is there already.

    RecoreError where another one is there, or where its test cases are not those of the record.
    """
    own = _own(folder, cell.dataset, cell.variant, cell.seed)
    test = own.parents[1] / "test.parquet"
    if not test.exists():
        _write(test, _packed(cell.cases.select(CASES)))
    elif not pq.read_table(test).equals(_plain(cell.cases.select(CASES))):
        raise RecoreError(f"{cell} was tested on other cases than {test} holds; a record has one test set a dataset")
    counts = _packed(cell.cases.select([name for name in cell.cases.column_names if name not in CASES]))
    about = {
        "test_hash": cell.test_hash,
        "n_items": cell.n_items,
        "sha256": hashlib.sha256(counts).hexdigest(),
        "record": cell.record,
        "inputs": cell.inputs,
    }
    described = own.with_suffix(".json")
    if described.exists():
        there = artifacts.read_json(described)
        if there != about or own.with_suffix(".csv").read_text(encoding="utf-8") != cell.history:
            raise RecoreError(f"{described} is of another run of {cell}; delete the three files there to replace it")
        return False
    _write(own.with_suffix(".parquet"), counts)
    artifacts.write_text(own.with_suffix(".csv"), cell.history)
    artifacts.write_json(described, about)  # last: it says that the cell is whole
    return True


def load(folder: Path, dataset: str, variant: str, seed: int) -> Stored:
    """The cell as it was saved; RecoreError where it is not there or a byte of its ranks is another one."""
    own = _own(folder, dataset, variant, seed)
    about = artifacts.read_json(own.with_suffix(".json"))
    counts = artifacts.existing(own.with_suffix(".parquet")).read_bytes()
    if hashlib.sha256(counts).hexdigest() != about["sha256"]:
        raise RecoreError(f"{own.with_suffix('.parquet')} is not the file that was recorded; restore it from git")
    test = pq.read_table(artifacts.existing(own.parents[1] / "test.parquet"))
    counted = pq.read_table(io.BytesIO(counts))
    columns = {name: test[name] for name in CASES} | {name: counted[name] for name in counted.column_names}
    history = artifacts.existing(own.with_suffix(".csv")).read_text(encoding="utf-8")
    cell = Stored(
        dataset, variant, seed, pa.table(columns), about["n_items"], about["record"], about["inputs"], history
    )
    if cell.test_hash != about["test_hash"]:
        raise RecoreError(f"{own.parents[1] / 'test.parquet'} is not what {cell} was tested on; restore it from git")
    return cell


def saved(folder: Path) -> Iterator[tuple[str, str, int]]:
    """Dataset, variant and seed of every cell that a record's folder holds whole."""
    for file in sorted((folder / "ranks").glob("*/*/*.json")):
        yield file.parts[-3], file.parts[-2], int(file.stem)


def _own(folder: Path, dataset: str, variant: str, seed: int) -> Path:
    # with_suffix takes it for a name: a seed has no dot.
    return folder / "ranks" / dataset / variant / str(seed)


def _plain(table: pa.Table) -> pa.Table:
    return table.replace_schema_metadata(None)


def _packed(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(_plain(table), buffer, **FORMAT)
    return buffer.getvalue()


def _write(file: Path, content: bytes) -> None:
    with artifacts.new_file(file) as unfinished:
        unfinished.write_bytes(content)
