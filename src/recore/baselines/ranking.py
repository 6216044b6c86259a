"""Ranks of a baseline: how many items stand above the target, and how many level with it.

Items stand in order of score, then of popularity (clicks in training), compared one after the other: nothing is added
to a score, so no popularity can overtake one. What is level in both is tied, and the metrics average over ties
(``evaluation.metrics``). Most scores are 0 and are never written down: of those items only the popularity counts. A
score is a sum in float64 and is compared in float32, so that the order of summation breaks no tie.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recore.baselines.method import Method
from recore.data.cases import Cases

if TYPE_CHECKING:
    from scipy.sparse import csr_array

CHUNK = 256  # cases whose scores are in memory at once


@dataclass(frozen=True)
class Popularity:
    """Clicks of every item in training: by item (V,), padding 0, and in ascending order (V - 1,)."""

    clicks: np.ndarray
    ascending: np.ndarray

    @classmethod
    def of(cls, train_items: np.ndarray, n_items: int) -> "Popularity":
        clicks = np.bincount(train_items, minlength=n_items + 1)
        return cls(clicks, np.sort(clicks[1:]))


def rank(method: Method, cases: Cases, popularity: Popularity) -> tuple[np.ndarray, np.ndarray]:
    """``above`` and ``tied`` (the target included) of all cases, each (N,) int32."""
    above, tied = np.empty((2, len(cases)), np.int32)
    for start in range(0, len(cases), CHUNK):
        batch = cases.batch(np.arange(start, min(start + CHUNK, len(cases))))
        above[batch.cases], tied[batch.cases] = count(method(batch), batch.targets, popularity)
    return above, tied


def count(scores: "csr_array", targets: np.ndarray, popularity: Popularity) -> tuple[np.ndarray, np.ndarray]:
    """Scores (B, V), none below 0, and targets (B,) from 1 -> items above and tied, each (B,)."""
    n_cases = len(targets)
    written = scores.data.astype(np.float32)
    scored = written > 0
    written, items = written[scored], scores.indices[scored]
    case = np.repeat(np.arange(n_cases), np.diff(scores.indptr))[scored]

    own = np.zeros(n_cases, np.float32)
    of_target = items == targets[case]
    own[case[of_target]] = written[of_target]
    own_clicks = popularity.clicks[targets]
    clicks, than = popularity.clicks[items], own_clicks[case]

    def times(rows: np.ndarray) -> np.ndarray:
        return np.bincount(case[rows], minlength=n_cases)

    above = times((written > own[case]) | ((written == own[case]) & (clicks > than)))
    tied = times((written == own[case]) & (clicks == than))
    # Where the target has no score, all the others without one are level with it.
    upto = np.searchsorted(popularity.ascending, own_clicks, side="right")
    below = np.searchsorted(popularity.ascending, own_clicks, side="left")
    more = len(popularity.ascending) - upto - times(clicks > than)
    level = upto - below - times(clicks == than)
    return above + np.where(own > 0, 0, more), np.where(own > 0, tied, level)
