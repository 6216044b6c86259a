"""Recall, MRR and NDCG at K from two counts a case: items scored above the target, and items tied with it.

A target that shares its score with others has no rank of its own. The metric is then the exact expectation over a
random order of the tied items: with g items above and e tied (the target included), the rank is uniform on
g+1 .. g+e, so a metric with gain w(rank) for ranks up to K and 0 beyond has the value

    (1/e) · Σ_{i=g+1..min(g+e,K)} w(i)        w = 1 (hit), 1/i (reciprocal rank), 1/log2(1+i) (NDCG)

With w = 1 this is clip((K-g)/e, 0, 1). One target a case makes Recall@K = HitRate@K and the ideal DCG 1.
The sums are differences of one cumulative table of K+1 numbers, so a metric costs two look-ups a case.
"""

import numpy as np

from recore import RecoreError

GAINS = {
    "recall": lambda rank: np.ones_like(rank),
    "mrr": lambda rank: 1 / rank,
    "ndcg": lambda rank: 1 / np.log2(1 + rank),
}


def metric_names(cutoffs: list[int]) -> list[str]:
    """``recall@20``, ``mrr@20``, …: every metric at every cutoff, in the order of the tables."""
    return [f"{name}@{k}" for k in cutoffs for name in GAINS]


def metric_table(above: np.ndarray, tied: np.ndarray, cutoffs: list[int]) -> dict[str, np.ndarray]:
    """The metrics of every case: ``recall@20``, ``mrr@20``, ``ndcg@20``, …, each (N,) float64, as fractions.

    above: (N,) integer, items scored strictly above the target; tied: (N,) integer, items with exactly the
    target's score, itself included, so at least 1. RecoreError where the counts cannot be ranks.
    """
    above, tied = np.asarray(above), np.asarray(tied)
    _check(above, tied)
    table = {}
    for k in cutoffs:
        first, last = np.minimum(above, k), np.minimum(above + tied, k)
        for name, gain in GAINS.items():
            summed = np.concatenate([[0.0], np.cumsum(gain(np.arange(1.0, k + 1)))])
            table[f"{name}@{k}"] = (summed[last] - summed[first]) / tied
    return table


def optimistic(above: np.ndarray, tied: np.ndarray, cutoffs: list[int]) -> dict[str, np.ndarray]:
    """As ``metric_table``, with every tie broken in favour of the target: an upper bound of each case."""
    return metric_table(above, np.ones_like(tied), cutoffs)


def pessimistic(above: np.ndarray, tied: np.ndarray, cutoffs: list[int]) -> dict[str, np.ndarray]:
    """As ``metric_table``, with every tie broken against the target: a lower bound of each case."""
    return metric_table(above + tied - 1, np.ones_like(tied), cutoffs)


def _check(above: np.ndarray, tied: np.ndarray) -> None:
    for name, counts in (("above", above), ("tied", tied)):
        if counts.ndim != 1 or not np.issubdtype(counts.dtype, np.integer):
            raise RecoreError(
                f"`{name}` is {counts.dtype} of shape {counts.shape}, but it is one integer a case; run evaluate again"
            )
    if above.shape != tied.shape:
        raise RecoreError(
            f"`above` has {len(above)} cases and `tied` {len(tied)}; both come from one run, run evaluate again"
        )
    if len(above) == 0:
        raise RecoreError("there is no case to measure; the test set is empty, use more data")
    if above.min() < 0:
        raise RecoreError(f"`above` holds {above.min()}, but it counts items and cannot be below 0; run evaluate again")
    if tied.min() < 1:
        raise RecoreError(f"`tied` holds {tied.min()}, but it counts the target too; run evaluate again")
