"""What a run recommends over all test cases: on how many items its lists draw, and how popular what they hold is."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Recommended:
    """Counts the lists of ``length`` items (all items, where there are fewer) that cases are given, as they come."""

    n_items: int
    length: int
    counts: np.ndarray = field(init=False)  # (V - 1,) int64: how often each item stood in a list

    def __post_init__(self) -> None:
        self.length = min(self.length, self.n_items)
        self.counts = np.zeros(self.n_items, np.int64)

    def add(self, rows: np.ndarray) -> None:
        """rows: integers of any shape, a list a case; row i is item i + 1."""
        np.add.at(self.counts, rows.ravel(), 1)

    def summary(self, train_items: np.ndarray, cutoff: int) -> dict[str, Any]:
        """What meta.json keeps: the cutoff, the share of the catalogue in at least one list, and the mean of the
        training clicks over everything in the lists."""
        clicks = np.bincount(train_items, minlength=self.n_items + 1)[1:]
        return {
            "cutoff": cutoff,
            "coverage": np.count_nonzero(self.counts) / self.n_items,
            "popularity": int(self.counts @ clicks) / int(self.counts.sum()),
        }
