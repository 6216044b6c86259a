"""Takes what a worker sent for a cell, if it is that cell whole: nothing else is placed.

Asked are the exact set of files, the SHA-256 of each, inputs.json equal to params, code and split of this checkout,
dataset, variant, seed, catalogue and test hash, the weights that ranked, and a table that can be read with the rows of
the test cases and ranks that are some. A worker may be of another version, have a broken disk, or be no worker at all.
"""

import hashlib
import io
import json
import math
import zipfile
import zlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recore import artifacts, costs, paths
from recore.data.cases import Cases
from recore.data.sessions import Sessions
from recore.evaluation.identity import cases_hash
from recore.grid import bundle
from recore.grid.cells import Cell, differing

COLUMNS, COUNTS, GATE = ("session", "position", "target"), ("above", "tied"), "gate"
# RuntimeError is also what an encrypted zip and JSON that is nested too deeply come to.
TORN = (
    ArithmeticError,
    AttributeError,
    EOFError,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
SAID = 4000  # characters of a worker's words that are kept


class Refused(Exception):
    """What a worker sent is not the cell that it was asked for; half a sentence on why."""


class Reply(NamedTuple):
    """What a worker said (``worker.make`` has the states), and the files that it sent by their names.

    header: at least ``state``, ``host`` and ``said``, which are text, and ``seconds``, a number.
    """

    header: dict[str, Any]
    files: dict[str, bytes]


def read(content: bytes) -> Reply:
    """Refused where it is no reply, or its files are not those of its hashes."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            # A worker compresses nothing, so nothing gets larger here than what was sent.
            if any(about.compress_type != zipfile.ZIP_STORED for about in archive.infolist()):
                raise ValueError("it is compressed")
            files = {name: archive.read(name) for name in names}
        said = _json(files.pop("reply.json"))
        words = {"state": said["state"], "host": said["host"], "said": said.get("said", "")}
        header: dict[str, Any] = {name: str(own)[-SAID:] for name, own in words.items()}
        header["seconds"] = float(said.get("seconds", 0))
        if not math.isfinite(header["seconds"]):
            raise ValueError(f"it took {header['seconds']} seconds")
        hashes = {name: hashlib.sha256(own).hexdigest() for name, own in files.items()}
        whole = len(files) + 1 == len(names) and said.get("sha256", {}) == hashes
    except TORN as fault:
        raise Refused(f"what was sent is torn ({type(fault).__name__}: {fault})") from None
    if not whole:
        raise Refused("the files that were sent are not those of their hashes")
    return Reply(header, files)


def place(cell: Cell, needed: dict[str, Any], reply: Reply, weights: bool, made_by: dict[str, Any]) -> None:
    """Puts a cell where `dvc repro` would have; Refused, and nothing placed, where it is not what is ``needed``.

    made_by: what the cost of the cell is to say of where it was made: the worker knows no commit.
    """
    check(cell, needed, reply.files, weights)
    *_, record, ranks = bundle.folders(cell)
    files = dict(reply.files)
    cost = json.loads(files[f"{record}/{costs.NAME}"]) | made_by
    files[f"{record}/{costs.NAME}"] = (json.dumps(cost, indent=2) + "\n").encode()
    Path(ranks, "inputs.json").unlink(missing_ok=True)  # until the last folder is there, nothing says that it is whole
    for folder in bundle.folders(cell):
        with artifacts.new_folder(Path(folder)) as out:
            for name in (name for name in files if name.startswith(f"{folder}/")):
                (out / name.removeprefix(f"{folder}/")).write_bytes(files[name])


def check(cell: Cell, needed: dict[str, Any], files: dict[str, bytes], weights: bool) -> None:
    """Refused where the files are not exactly those of the cell made of ``needed``."""
    expected = bundle.files(cell, weights)
    if other := sorted(files.keys() ^ set(expected)):
        raise Refused(f"{other[0]} {'is missing' if other[0] in expected else 'is no file of the cell'}")
    *model, record, ranks = bundle.folders(cell)
    try:
        made_from, meta = (_json(files[f"{ranks}/{name}"]) for name in ("inputs.json", "meta.json"))
        cost, about = (_json(files[f"{record}/{name}"]) for name in (costs.NAME, "record.json"))
        config = _json(files[f"{model[0]}/config.json"]) if model else {}
        differ = differing(needed, made_from)
        outputs, seed, test = made_from["outputs"], meta["seed"], meta["test_hash"]
        own, n_items = (meta["dataset"], meta["variant"], seed), meta["n_items"]
        trained = model and (config["variant"], config["seed"], config["n_items"])
        of, weights_hash = cost.get("of"), meta.get("weights_hash")
        about.keys()
    except TORN as fault:
        raise _unreadable(fault) from None
    if differ:
        raise Refused(f"it was made with another {', '.join(differ)}")
    hashes = {Path(name).name: hashlib.sha256(own).hexdigest() for name, own in files.items()}
    results = {file.name for file in paths.results(cell.dataset, cell.variant, cell.seed)}
    results |= {"config.json"} if model else set()
    if outputs != {name: hashes[name] for name in results}:
        raise Refused("its inputs.json is not of the files beside it")
    if own != (cell.dataset, cell.variant, cell.seed):
        raise Refused(f"its ranks are those of {own[0]} {own[1]} {paths.run(seed)}")
    there = _test(paths.split(cell.dataset).resolve())
    if n_items != there.n_items or (model and trained != (cell.variant, cell.seed, there.n_items)):
        raise Refused("its ranks or its model are of another run or catalogue")
    if test != there.hash:
        raise Refused("its ranks are not of the test cases of this split")
    _check_table(files[f"{ranks}/cases.parquet"], there)
    if weights and model and weights_hash != hashes["weights.safetensors"]:
        raise Refused("its ranks are not those of its weights")
    if of != hashes["record.json" if cell.seed is None else "history.csv"]:
        raise Refused("its cost is that of another run")


def _json(content: bytes) -> dict[str, Any]:
    """An object of strict JSON; ValueError where it is none."""

    def refuse(constant: str) -> float:
        raise ValueError(f"{constant} is no number")

    found = json.loads(content, parse_constant=refuse)
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    return found


def _check_table(content: bytes, there: "_Test") -> None:
    """Refused where a table of ranks is not of the test cases, or has numbers that no ranks can have."""
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        # Before anything is read: a few bytes can say of themselves that they are a billion rows.
        if file.metadata.num_rows != there.cases or not set(file.schema_arrow.names) <= {*COLUMNS, *COUNTS, GATE}:
            raise Refused("its ranks are not of the test cases of this split")
        table = file.read()
        cases, counts = ([table[name].to_numpy() for name in names] for names in (COLUMNS, COUNTS))
        gate = table[GATE].to_numpy() if GATE in table.column_names else np.zeros(1)
        ranked = cases_hash(*cases)
        gated = np.issubdtype(gate.dtype, np.floating) and bool(np.all((gate >= 0) & (gate <= 1)))
    except (*TORN, pa.ArrowException, OSError) as fault:
        raise _unreadable(fault) from None
    if ranked != there.hash or not all(np.issubdtype(own.dtype, np.integer) for own in cases):
        raise Refused("its ranks are not of the test cases of this split")
    if not all(np.issubdtype(own.dtype, np.integer) for own in counts):
        raise Refused("its ranks have cases without a rank")
    above, tied = (own.astype(np.int64) for own in counts)
    if np.any((above < 0) | (tied < 1) | (above > there.n_items - tied)):
        raise Refused(f"its ranks cannot be those of {there.n_items} items")
    if not gated:
        raise Refused("its gate gives shares that are none")


def _unreadable(fault: Exception) -> Refused:
    return Refused(f"its files cannot be read ({type(fault).__name__}: {' '.join(str(fault).split())})")


class _Test(NamedTuple):
    """The test cases that a split has: their hash and number, and the items of its catalogue."""

    hash: str
    cases: int
    n_items: int


@cache
def _test(split: Path) -> _Test:
    test = Cases(Sessions.load(split, "test"), 1)  # whatever is read of a prefix, the cases are the same
    n_items = artifacts.read_json(split / "stats.json")["items"]
    return _Test(cases_hash(test.session, test.position, test.target), len(test), n_items)
