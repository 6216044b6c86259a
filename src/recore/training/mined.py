"""What is mined, counted as it is mined: the case's own clicks and the items that its session clicks later.

Both are likely false negatives. A session is a sum of its own clicks, which are near it whatever was learnt; an item
that is clicked after the target is one that the session did want. One batch in ``EVERY`` is looked at, from the first
of an epoch on; a loss is not touched. Counts by prefix length go into history.csv, in columns KIND_LENGTH.
"""

import numpy as np

from recore.data.cases import Batch, Cases
from recore.data.lengths import LABELS, group_of

EVERY = 10  # batches: enough of them, and of the host's time not a hundredth
# All of it; what is in the prefix; the last click of it; what stands behind the target, which may be in the prefix too.
KINDS = ("mined", "own", "last", "later")


class Mined:
    """Counts of an epoch."""

    def __init__(self, cases: Cases):
        self._position = cases.position
        self._later = _later(cases.position)
        self.counts = np.zeros((len(KINDS), len(LABELS)), np.int64)

    def add(self, batch: Batch, mined: np.ndarray) -> None:
        """``mined`` (K, B) are the hard negatives of the batch, as item numbers."""
        case = np.arange(len(batch.cases))
        later = self._later[batch.cases]
        where = _behind(batch.ends, later)
        in_prefix = _among(mined, np.repeat(case, batch.lengths), batch.items)
        kinds = (
            np.ones_like(in_prefix),
            in_prefix,
            mined == batch.clicks[batch.ends - 1],
            _among(mined, np.repeat(case, later), batch.clicks[where]),
        )
        group = group_of(self._position[batch.cases])
        for counts, found in zip(self.counts, kinds, strict=True):
            counts += np.bincount(group, found.sum(axis=0), len(LABELS)).astype(np.int64)

    def taken(self) -> dict[str, int]:
        """The counts by column of history.csv; the next epoch begins at 0."""
        columns = {
            f"{kind}_{label}": int(count)
            for kind, counts in zip(KINDS, self.counts, strict=True)
            for label, count in zip(LABELS, counts, strict=True)
        }
        self.counts[:] = 0
        return columns


def _later(position: np.ndarray) -> np.ndarray:
    """How many clicks of its session stand behind the target of each case (N,), in the order of the split."""
    first = np.flatnonzero(position == 1)
    last = np.append(first[1:], len(position)) - 1
    return np.repeat(last, last - first + 1) - np.arange(len(position))


def _behind(ends: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The places ``ends`` + 1, …, ``ends`` + ``counts`` of each case, one after another."""
    inside = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(ends + 1, counts) + inside


def _among(mined: np.ndarray, case: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Whether each item of ``mined`` (K, B) is one of the ``items`` (T,) of its own ``case`` (T,)."""
    size = 1 + max(int(mined.max()), int(items.max(initial=0)))
    wanted = np.arange(mined.shape[1]) * size + mined
    if len(items) == 0:
        return np.zeros(wanted.shape, bool)
    keys = np.sort(case * size + items)  # few, in which many are looked up: np.isin would sort them all
    return keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted
