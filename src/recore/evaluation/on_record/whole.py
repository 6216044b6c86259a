"""What has to hold of a run before it goes on record, and still does of one that is there."""

import io

import numpy as np
import pandas as pd

from recore import RecoreError
from recore.evaluation.stored import COUNTS, Stored

TYPES = {"session": "int64", "position": "int32", "target": "int32", "above": "int32", "tied": "int32"}


def check(cell: Stored, way_out: str) -> None:
    """RecoreError names what is not right with a run; other errors where its record lacks what others have."""
    _check_ranks(cell, way_out)
    if cell.seed is not None:
        _check_training(cell, way_out)
    if "train_seconds" not in cell.made:
        raise RecoreError(f"what {cell} cost is unknown, as when DVC has restored it; {way_out}")
    if not isinstance(cell.made.get("commit"), str) or cell.made["dirty"] is not False:
        raise RecoreError(f"{cell} was not made by a clean commit; {way_out}")


def _check_ranks(cell: Stored, way_out: str) -> None:
    types = {field.name: str(field.type) for field in cell.cases.schema}
    if types not in (TYPES, TYPES | {"gate": "float"}) or any(c.null_count for c in cell.cases.columns):
        raise RecoreError(f"{cell}: its ranks have the columns {types}, which stage evaluate does not write; {way_out}")
    above, tied = (cell.cases[name].to_numpy().astype(np.int64) for name in COUNTS)
    if above.min() < 0 or tied.min() < 1 or (above + tied).max() > cell.n_items:
        raise RecoreError(f"{cell}: its counts are not of a catalogue of {cell.n_items} items; {way_out}")
    gate = cell.cases["gate"].to_numpy() if "gate" in types else np.zeros(1)
    if not ((gate >= 0) & (gate <= 1)).all():
        raise RecoreError(f"{cell}: its gate has a share outside 0 to 1; {way_out}")


def _check_training(cell: Stored, way_out: str) -> None:
    history, record = pd.read_csv(io.StringIO(cell.history)), cell.record
    best, valid = record["best_epoch"], record["valid"]
    if (
        len(history) != record["epochs"]
        or not 1 <= best <= len(history)
        or not np.allclose([history[m][best - 1] for m in valid], list(valid.values()), rtol=1e-12, atol=0)
    ):
        raise RecoreError(f"{cell}: its training curve is not that of its record; {way_out}")
    if not np.isfinite(history["loss"]).all():
        raise RecoreError(f"{cell}: its training curve has a loss that is no number; {way_out}")
