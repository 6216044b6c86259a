"""What has to hold of a run before it goes on record, and still does of one that is there."""

import io
import math

import numpy as np
import pandas as pd

from recore import RecoreError
from recore.evaluation.stored import COUNTS, Stored

TYPES = {"session": "int64", "position": "int32", "target": "int32", "above": "int32", "tied": "int32"}


def check(cell: Stored, way_out: str) -> None:
    """RecoreError names what is not right with a run; other errors where its record lacks what others have."""
    _check_ranks(cell, way_out)
    _check_recommended(cell, way_out)
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


def _check_recommended(cell: Stored, way_out: str) -> None:
    """Lists of min(K, V) items for N cases are on so many of the V items at the least, and on N times as many at most.

    Their popularity has bounds that the training clicks set: ``check_popularity``.
    """
    if cell.recommended is None:
        return
    cutoff, coverage, popularity = (cell.recommended[name] for name in ("cutoff", "coverage", "popularity"))
    if type(cutoff) is not int or cutoff < 1:
        raise RecoreError(f"{cell}: its lists are of {cutoff!r} items, which is no cutoff; {way_out}")
    length, covered = min(cutoff, cell.n_items), round(coverage * cell.n_items)
    most = min(length * len(cell.cases), cell.n_items)
    if not length <= covered <= most or not math.isclose(covered / cell.n_items, coverage, rel_tol=1e-12):
        raise RecoreError(
            f"{cell}: its lists are said to be on {coverage!r} of {cell.n_items} items, but {len(cell.cases)} lists of "
            f"{length} are on {length} to {most} of them; {way_out}"
        )
    if not 0 <= popularity < math.inf:
        raise RecoreError(f"{cell}: the popularity of what it recommends is {popularity!r} clicks; {way_out}")


def check_popularity(cell: Stored, clicks: np.ndarray, way_out: str) -> None:
    """RecoreError where no lists can be as popular as those of a run are said to be.

    clicks: (V,) of each item in training. All places of a list hold different items.
    """
    if cell.recommended is None:
        return
    said, ordered = cell.recommended["popularity"], np.sort(clicks)
    length = min(cell.recommended["cutoff"], len(ordered))
    least, most = float(ordered[:length].mean()), float(ordered[-length:].mean())
    if not least * (1 - 1e-12) <= said <= most * (1 + 1e-12):
        raise RecoreError(
            f"{cell}: what it recommends is said to have {said!r} clicks in the mean, but lists of {length} of its "
            f"items have {least:g} to {most:g}; {way_out}"
        )


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
