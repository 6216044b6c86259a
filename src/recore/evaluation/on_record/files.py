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
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from recore import RecoreError, artifacts, paths
from recore.evaluation.identity import CASES
from recore.evaluation.on_record import whole
from recore.evaluation.stored import Stored, packed, plain

RESTORE = "restore it from git"
DESCRIBED = {"dataset", "variant", "seed", "test_hash", "n_items", "sha256", "record", "inputs"}
MAPS = ("sha256", "record", "inputs")
# What whole JSON that lacks something, or has another kind of value, makes of the code that reads it.
NOT_WHOLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def is_new(folder: Path, cell: Stored) -> bool:
    """Whether a record's ``folder`` lacks the cell; RecoreError where it has another run of it or other test cases."""
    own = _own(folder, cell.dataset, cell.variant, cell.seed)
    test = own.parents[1] / "test.parquet"
    if test.exists() and not _table(test.read_bytes(), test).equals(plain(cell.cases.select(CASES))):
        raise RecoreError(
            f"{cell} was tested on other cases than {test} holds; a record has one test set a dataset, so put "
            "it on record under another name"
        )
    if not own.with_suffix(".json").exists():
        return True
    there, offered = _read(own.with_suffix(".json")), _about(cell)
    for about in (there, offered):
        about["sha256"] = {kind: digest for kind, digest in about["sha256"].items() if kind != "parquet"}
    # Parquet names the version that wrote it; what it holds is compared instead.
    counted = load(folder, cell.dataset, cell.variant, cell.seed).cases
    if there != offered or not plain(counted).equals(plain(cell.cases)):
        raise RecoreError(f"{own.with_suffix('.json')} is of another run of {cell}; delete its files to replace it")
    return False


def save(folder: Path, cell: Stored) -> None:
    """Writes a cell that ``is_new``; its description comes last and says that it is whole."""
    own = _own(folder, cell.dataset, cell.variant, cell.seed)
    described = json.dumps(_about(cell), indent=2, allow_nan=False) + "\n"
    test = own.parents[1] / "test.parquet"
    if not test.exists():
        _write(test, packed(cell.cases.select(CASES)))
    for kind, content in cell.files.items():
        _write(own.with_suffix(f".{kind}"), content)
    artifacts.write_text(own.with_suffix(".json"), described)


def load(folder: Path, dataset: str, variant: str, seed: int | None) -> Stored:
    """The cell as it was saved; RecoreError where it is not there, a byte of it is another one, or it is not whole."""
    own = _own(folder, dataset, variant, seed)
    about = _read(own.with_suffix(".json"))
    kinds = ("parquet",) if seed is None else ("parquet", "csv")
    files = {kind: _bytes(own.with_suffix(f".{kind}")) for kind in kinds}
    for kind, content in files.items():
        if hashlib.sha256(content).hexdigest() != about["sha256"].get(kind):
            raise RecoreError(f"{own.with_suffix(f'.{kind}')} is not the file that was recorded; {RESTORE}")
    test = own.parents[1] / "test.parquet"
    cases, counted = _table(_bytes(test), test), _table(files["parquet"], own.with_suffix(".parquet"))
    try:
        columns = {name: cases[name] for name in CASES} | {name: counted[name] for name in counted.column_names}
        history = None if seed is None else files["csv"].decode()
        cell = Stored(
            *(about[key] for key in ("dataset", "variant", "seed")),
            *(pa.table(columns), about["n_items"], about["record"], about["inputs"], history),
            **{key: about.get(key) for key in ("weights_hash", "cost", "recommended", "held")},
        )
    except (*NOT_WHOLE, pa.ArrowException) as error:
        raise _not_whole(own, error) from None
    if (cell.dataset, cell.variant, cell.seed) != (dataset, variant, seed):
        raise RecoreError(f"{own.with_suffix('.json')} describes {cell}; {RESTORE}")
    if cell.test_hash != about["test_hash"]:
        raise RecoreError(f"{test} is not what {cell} was tested on; {RESTORE}")
    try:
        whole.check(cell, RESTORE)
    except NOT_WHOLE as error:
        raise _not_whole(own, error) from None
    return cell


def _not_whole(own: Path, error: Exception) -> RecoreError:
    fault = " ".join(f"{type(error).__name__}: {error}".split())
    return RecoreError(f"{own.with_suffix('.json')} is not whole, or not of these cases ({fault}); {RESTORE}")


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
        raise RecoreError(f"{file} does not exist; {RESTORE}")
    return file.read_bytes()


def _read(file: Path) -> dict[str, Any]:
    try:
        about = dict(json.loads(_bytes(file)))
    except (TypeError, ValueError) as error:
        raise RecoreError(f"{file} is not JSON ({error}); {RESTORE}") from None
    if missing := DESCRIBED - set(about):
        raise RecoreError(f"{file} lacks {min(missing)}; {RESTORE}")
    for name in MAPS:
        if not isinstance(about[name], dict):
            raise RecoreError(f"{file} has {about[name]!r} for {name}, which is a map; {RESTORE}")
    return about


def _table(content: bytes, file: Path) -> pa.Table:
    try:
        return pq.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:  # Thrift's faults come as the latter
        raise RecoreError(f"{file} cannot be read ({error}); {RESTORE}") from None


def _write(file: Path, content: bytes) -> None:
    with artifacts.new_file(file) as unfinished:
        unfinished.write_bytes(content)
