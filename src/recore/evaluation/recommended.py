"""What a run recommends over all test cases: on how many items its lists draw, and how popular what they hold is."""

from typing import Any

import numpy as np


class Recommended:
    """Counts the first ``cutoff`` items that each case is given (all items, where there are fewer), as cases come."""

    def __init__(self, n_items: int, cutoff: int):
        self.cutoff, self.length = cutoff, min(cutoff, n_items)
        self.counts = np.zeros(n_items, np.int64)  # (V - 1,): how often each item was in a list

    def add(self, rows: np.ndarray) -> None:
        """rows: integers of any shape, ``length`` a case; row i is item i + 1."""
        np.add.at(self.counts, rows.ravel(), 1)

    def summary(self, train_items: np.ndarray) -> dict[str, Any]:
        """cutoff; ``coverage``, the share of the catalogue that is in a list; ``popularity``, the mean over all places
        of all lists of how often the item was clicked in training.
        """
        clicks = np.bincount(train_items, minlength=len(self.counts) + 1)[1:]
        return {
            "cutoff": self.cutoff,
            "coverage": np.count_nonzero(self.counts) / len(self.counts),
            "popularity": int(self.counts @ clicks) / int(self.counts.sum()),
        }
