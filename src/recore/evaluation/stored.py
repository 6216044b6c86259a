"""The runs of a record as files: their ranks and how they were made, about 2 bytes a case.

ranks/DATASET/test.parquet              session, position and target of the test cases, once
ranks/DATASET/VARIANT/SEED.parquet      above, tied (and the gate, where the variant has one) in the same order
ranks/DATASET/VARIANT/SEED.json         test_hash, weights_hash, n_items, the SHA-256 of that file, the run's record,
                                        cost and inputs
ranks/DATASET/VARIANT/SEED.csv          its training curve

What is fitted without a seed has ``none`` for one, and no curve.
"""

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recore import RecoreError, artifacts, paths
from recore.evaluation.identity import cases_hash

CASES = ("session", "position", "target")
COUNTS = ("above", "tied")
DESCRIBED = {"dataset", "variant", "seed", "test_hash", "n_items", "sha256", "record", "inputs"}
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
    cost: dict[str, Any] | None = None
    recommended: dict[str, Any] | None = None  # None: its ranks were made before they said so

    def __str__(self) -> str:
        return f"{self.dataset} {self.variant} {paths.run(self.seed)}"

    @property
    def told(self) -> dict[str, Any]:
        """What ranks did not always say, as a file holds it: nothing where it is not known."""
        told = {"weights_hash": self.weights_hash, "recommended": self.recommended}
        return {name: value for name, value in told.items() if value}

    @property
    def files(self) -> dict[str, bytes]:
        """What is stored of it beside its description, by the ending of the name."""
        counts = self.cases.select([name for name in self.cases.column_names if name not in CASES])
        curve = {} if self.history is None else {"csv": self.history.encode()}
        return {"parquet": _packed(counts)} | curve

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

    def write_ranks(self, folder: Path, variant: str | None = None) -> None:
        """Into an existing folder what stage evaluate leaves, under the name of ``variant``, if it has another."""
        pq.write_table(self.cases, folder / "cases.parquet")
        names = {"dataset": self.dataset, "variant": variant or self.variant, "seed": self.seed}
        known = {"n_items": self.n_items, "test_hash": self.test_hash, **self.told}
        artifacts.write_json(folder / "meta.json", names | known)


def is_new(folder: Path, cell: Stored) -> bool:
    """Whether a record's ``folder`` lacks the cell; RecoreError where it has another run of it or other test cases."""
    own = _own(folder, cell.dataset, cell.variant, cell.seed)
    test = own.parents[1] / "test.parquet"
    if test.exists() and not _table(test.read_bytes(), test).equals(_plain(cell.cases.select(CASES))):
        raise RecoreError(
            f"{cell} was tested on other cases than {test} holds; a record has one test set a dataset, so put "
            "it on record under another name"
        )
    if not own.with_suffix(".json").exists():
        return True
    if _read(own.with_suffix(".json")) != _about(cell):
        raise RecoreError(f"{own.with_suffix('.json')} is of another run of {cell}; delete its files to replace it")
    return False


def save(folder: Path, cell: Stored) -> None:
    """Writes a cell that ``is_new``; its description comes last and says that it is whole."""
    own = _own(folder, cell.dataset, cell.variant, cell.seed)
    described = json.dumps(_about(cell), indent=2, allow_nan=False) + "\n"
    test = own.parents[1] / "test.parquet"
    if not test.exists():
        _write(test, _packed(cell.cases.select(CASES)))
    for kind, content in cell.files.items():
        _write(own.with_suffix(f".{kind}"), content)
    artifacts.write_text(own.with_suffix(".json"), described)


def load(folder: Path, dataset: str, variant: str, seed: int | None) -> Stored:
    """The cell as it was saved; RecoreError where it is not there or a byte of it is another one."""
    own = _own(folder, dataset, variant, seed)
    about = _read(own.with_suffix(".json"))
    kinds = ("parquet",) if seed is None else ("parquet", "csv")
    files = {kind: _bytes(own.with_suffix(f".{kind}")) for kind in kinds}
    for kind, content in files.items():
        if hashlib.sha256(content).hexdigest() != about["sha256"].get(kind):
            raise RecoreError(f"{own.with_suffix(f'.{kind}')} is not the file that was recorded; restore it from git")
    test = own.parents[1] / "test.parquet"
    cases, counted = _table(_bytes(test), test), _table(files["parquet"], own.with_suffix(".parquet"))
    columns = {name: cases[name] for name in CASES} | {name: counted[name] for name in counted.column_names}
    history = None if seed is None else files["csv"].decode()
    cell = Stored(
        *(about[key] for key in ("dataset", "variant", "seed")),
        *(pa.table(columns), about["n_items"], about["record"], about["inputs"], history),
        *(about.get("weights_hash"), about.get("cost"), about.get("recommended")),
    )
    if (cell.dataset, cell.variant, cell.seed) != (dataset, variant, seed):
        raise RecoreError(f"{own.with_suffix('.json')} describes {cell}; restore it from git")
    if cell.test_hash != about["test_hash"]:
        raise RecoreError(f"{test} is not what {cell} was tested on; restore it from git")
    return cell


def saved(folder: Path) -> Iterator[tuple[str, str, int | None]]:
    """Dataset, variant and seed of every cell that a record's folder holds whole."""
    for file in sorted((folder / "ranks").glob("*/*/*.json")):
        if not (file.stem.isdecimal() or file.stem == paths.NO_SEED):
            raise RecoreError(f"{file} is not named after a seed; remove it")
        yield file.parts[-3], file.parts[-2], paths.seed_of(file.stem)


def _own(folder: Path, dataset: str, variant: str, seed: int | None) -> Path:
    # with_suffix takes it for a name: a seed has no dot.
    return folder / "ranks" / dataset / variant / paths.run(seed)


def _about(cell: Stored) -> dict[str, Any]:
    return {
        "dataset": cell.dataset,
        "variant": cell.variant,
        "seed": cell.seed,
        "test_hash": cell.test_hash,
        **cell.told,
        "n_items": cell.n_items,
        "sha256": {kind: hashlib.sha256(content).hexdigest() for kind, content in cell.files.items()},
        "record": cell.record,
        **({"cost": cell.cost} if cell.cost else {}),
        "inputs": cell.inputs,
    }


def _bytes(file: Path) -> bytes:
    if not file.exists():
        raise RecoreError(f"{file} does not exist; restore it from git")
    return file.read_bytes()


def _read(file: Path) -> dict[str, Any]:
    try:
        about = json.loads(_bytes(file))
    except ValueError as error:
        raise RecoreError(f"{file} is not JSON ({error}); restore it from git") from None
    if missing := DESCRIBED - set(about):
        raise RecoreError(f"{file} lacks {min(missing)}; restore it from git")
    return about


def _table(content: bytes, file: Path) -> pa.Table:
    try:
        return pq.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:  # Thrift's faults come as the latter
        raise RecoreError(f"{file} cannot be read ({error}); restore it from git") from None


def _plain(table: pa.Table) -> pa.Table:
    return table.replace_schema_metadata(None)


def _packed(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(_plain(table), buffer, **FORMAT)
    return buffer.getvalue()


def _write(file: Path, content: bytes) -> None:
    with artifacts.new_file(file) as unfinished:
        unfinished.write_bytes(content)
