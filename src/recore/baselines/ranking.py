"""Ranks of a baseline: how many items stand above the target, and how many level with it.

Items stand in order of score, then of popularity (clicks in training), compared one after the other: nothing is added
to a score, so no popularity can overtake one. What is level in both is tied, and the metrics average over ties
(``evaluation.metrics``). Most scores are 0 and are never written down: of those items only the popularity counts. A
score is a sum in float64 and is compared in float32, so that the order of summation breaks no tie. A list that is
recommended is in the same order; of what is level in both, the first of the catalogue come first.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recore.baselines.method import Method
from recore.data.cases import Cases
from recore.evaluation.recommended import Recommended

if TYPE_CHECKING:
    from scipy.sparse import csr_array

CHUNK = 256  # cases whose scores are in memory at once


@dataclass(frozen=True)
class Popularity:
    """Clicks of every item in training: by item (V,), padding 0, and in ascending order (V - 1,); and the items from 1
    in their order, the most clicked first (V - 1,).
    """

    clicks: np.ndarray
    ascending: np.ndarray
    order: np.ndarray

    @classmethod
    def of(cls, train_items: np.ndarray, n_items: int) -> "Popularity":
        clicks = np.bincount(train_items, minlength=n_items + 1)
        return cls(clicks, np.sort(clicks[1:]), np.argsort(-clicks[1:], kind="stable") + 1)


def rank(
    method: Method, cases: Cases, popularity: Popularity, recommended: Recommended | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """``above`` and ``tied`` (the target included) of all cases, each (N,) int32.

    ``recommended`` counts the lists of the cases.
    """
    above, tied = np.empty((2, len(cases)), np.int32)
    for start in range(0, len(cases), CHUNK):
        batch = cases.batch(np.arange(start, min(start + CHUNK, len(cases))))
        scores = method(batch)
        above[batch.cases], tied[batch.cases] = count(scores, batch.targets, popularity)
        if recommended is not None:
            recommended.add(first(scores, popularity, recommended.length))
    return above, tied


def count(scores: "csr_array", targets: np.ndarray, popularity: Popularity) -> tuple[np.ndarray, np.ndarray]:
    """Scores (B, V), none below 0, and targets (B,) from 1 -> items above and tied, each (B,)."""
    n_cases = len(targets)
    case, items, written = _written(scores)
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


def first(scores: "csr_array", popularity: Popularity, length: int) -> np.ndarray:
    """The first ``length`` items of each case, as rows (B · length,): row i is item i + 1. length is at most V - 1."""
    n_cases, width = scores.shape
    case, items, written = _written(scores)
    n_scored = np.bincount(case, minlength=n_cases)
    # Only what is no lower than the last place is put in order: of many neighbours' items that is a small part.
    keys = (case.astype(np.uint64) << np.uint64(32)) | ~written.view(np.uint32)  # ascending: the case, falling scores
    last = np.cumsum(n_scored) - np.maximum(n_scored - length, 0) - 1
    kept = keys <= np.sort(keys)[last[case]]
    case, items, written = case[kept], items[kept], written[kept]
    order = np.lexsort((items, -popularity.clicks[items], -written, case))
    case, items = case[order], items[order]
    place = np.arange(len(case)) - np.searchsorted(case, np.arange(n_cases))[case]
    # The most popular of the others follow; among twice as many as a list has there are enough.
    short = np.flatnonzero(n_scored < length)
    others = popularity.order[: 2 * length]
    free = ~np.isin(short[:, None] * width + others, case * width + items)
    follow = free & (np.cumsum(free, axis=1) <= (length - n_scored[short])[:, None])
    return np.concatenate([items[place < length], np.broadcast_to(others, free.shape)[follow]]) - 1


def _written(scores: "csr_array") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Case, item and score of every score above 0, in order of the cases."""
    written = scores.data.astype(np.float32)
    scored = written > 0
    case = np.repeat(np.arange(scores.shape[0]), np.diff(scores.indptr))
    return case[scored], scores.indices[scored], written[scored]
