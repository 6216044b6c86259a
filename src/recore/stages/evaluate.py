"""Stage evaluate (and evaluate_hybrid): the weights of a run to the ranks of every test case."""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recore import artifacts, params, paths
from recore.data.cases import Cases
from recore.data.sessions import Sessions
from recore.evaluation.identity import cases_hash
from recore.evaluation.ranking import Ranks, rank
from recore.evaluation.trained import read_trained
from recore.models.device import prepare
from recore.models.scorer import CoreScorer
from recore.stages import run


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.stages.evaluate", description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("variant")
    parser.add_argument("seed", type=int)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    args = parser.parse_args(argv)

    given = params.load()
    device = prepare(args.device, given.at("train.threads"))
    trained = read_trained(args.dataset, args.variant, args.seed)
    test = Cases(Sessions.load(paths.split(args.dataset), "test"), trained.max_length)
    ranks = rank(CoreScorer(trained.model.to(device)), test, given.at("evaluate.batch_size"), device)

    meta = {
        "dataset": args.dataset,
        "variant": args.variant,
        "seed": args.seed,
        "n_items": trained.n_items,
        "test_hash": cases_hash(test.session, test.position, test.target),
        "weights_hash": _sha256(trained.weights),
    }
    with artifacts.new_folder(paths.ranks(args.dataset, args.variant, args.seed)) as out:
        pq.write_table(table(test, ranks), out / "cases.parquet")
        artifacts.write_json(out / "meta.json", meta)


def table(test: Cases, ranks: Ranks) -> pa.Table:
    """One row per test case; ``gate`` only where the model has one."""
    columns = {
        "session": test.session.astype(np.int64),
        "position": test.position.astype(np.int32),
        "target": test.target.astype(np.int32),
        "above": ranks.above,
        "tied": ranks.tied,
    }
    if ranks.gate is not None:
        columns["gate"] = ranks.gate
    return pa.table({name: _column(values) for name, values in columns.items()})


def _column(values: np.ndarray) -> pa.Array:
    """What pa.array makes of numbers, without importing pandas for it: a tenth of this stage's start."""
    values = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


if __name__ == "__main__":
    run(main)
