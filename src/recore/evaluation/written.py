"""Ranks as every way to them writes them: a row a test case, and what says which cases they are."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recore import artifacts, paths
from recore.data.cases import Cases


def save_ranks(
    dataset: str,
    variant: str,
    seed: int | None,
    test: Cases,
    counts: dict[str, np.ndarray | None],
    meta: dict[str, Any],
) -> None:
    """cases.parquet and meta.json of one run. counts: ``above``, ``tied`` and, if the model has one, ``gate``, (N,)."""
    names = {"dataset": dataset, "variant": variant, "seed": seed}
    with artifacts.new_folder(paths.ranks(dataset, variant, seed)) as out:
        pq.write_table(ranks_table(test, counts), out / "cases.parquet")
        artifacts.write_json(out / "meta.json", names | meta)


def ranks_table(test: Cases, counts: dict[str, np.ndarray | None]) -> pa.Table:
    """A row a test case: session, position, target and the ``counts``, (N,) each."""
    columns = {
        "session": test.session.astype(np.int64),
        "position": test.position.astype(np.int32),
        "target": test.target.astype(np.int32),
    }
    columns |= {name: values for name, values in counts.items() if values is not None}
    return pa.table({name: _column(values) for name, values in columns.items()})


def _column(values: np.ndarray) -> pa.Array:
    """What pa.array makes of numbers, without importing pandas for it: a tenth of a stage's start."""
    values = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])
