"""What a ranking gains, from two counts a case: items scored above the target, and items tied with it.

A target that shares its score with others has no rank of its own. Its gain is then the exact expectation over a
random order of the tied items: with g items above and e tied (the target included), the rank is uniform on
g+1 .. g+e, so a metric with gain w(rank) for ranks up to K and 0 beyond has the value

    (1/e) · Σ_{i=g+1..min(g+e,K)} w(i)        w = 1 (hit), 1/i (reciprocal rank), 1/log2(1+i) (NDCG)

With w = 1 this is clip((K-g)/e, 0, 1). One target a case makes Recall@K = HitRate@K and the ideal DCG 1.
The sums are differences of one cumulative table of K+1 numbers, so a metric costs two look-ups a case.

Training depends on this file, and not on ``metrics``: a metric that is added there trains nothing again.
"""

from collections.abc import Callable, Mapping

import numpy as np

from recore import RecoreError

Gain = Callable[[np.ndarray], np.ndarray]  # ranks (K,) from 1, as floats, to what a target at each of them is worth

VALIDATED: dict[str, Gain] = {  # what every epoch of a training is measured by
    "recall": lambda rank: np.ones_like(rank),
    "mrr": lambda rank: 1 / rank,
    "ndcg": lambda rank: 1 / np.log2(1 + rank),
}


def expected_gains(
    gains: Mapping[str, Gain], above: np.ndarray, tied: np.ndarray, cutoffs: list[int]
) -> dict[str, np.ndarray]:
    """Every gain at every cutoff, by ``name@K``: the expected value of every case, (N,) float64.

    above: (N,) integer, items scored strictly above the target; tied: (N,) integer, items with exactly the
    target's score, itself included, so at least 1. RecoreError where the counts cannot be ranks.
    """
    above, tied = np.asarray(above), np.asarray(tied)
    _check(above, tied)
    table = {}
    for k in cutoffs:
        first, last = np.minimum(above, k), np.minimum(above + tied, k)
        for name, gain in gains.items():
            summed = np.concatenate([[0.0], np.cumsum(gain(np.arange(1.0, k + 1)))])
            table[f"{name}@{k}"] = (summed[last] - summed[first]) / tied
    return table


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
