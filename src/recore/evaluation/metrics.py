"""The metrics of the tables, each a gain by rank: Recall, MRR and NDCG at K, and what is added here.

``expected`` says what becomes of ties.
"""

import numpy as np

from recore.evaluation.expected import VALIDATED, Gain, expected_gains

GAINS: dict[str, Gain] = {
    **VALIDATED,
}


def metric_names(cutoffs: list[int]) -> list[str]:
    """``recall@20``, ``mrr@20``, …: every metric at every cutoff, in the order of the tables."""
    return [f"{name}@{k}" for k in cutoffs for name in GAINS]


def metric_table(above: np.ndarray, tied: np.ndarray, cutoffs: list[int]) -> dict[str, np.ndarray]:
    """The metrics of every case, as fractions: ``recall@20``, ``mrr@20``, …, each (N,). See ``expected_gains``."""
    return expected_gains(GAINS, above, tied, cutoffs)


def optimistic(above: np.ndarray, tied: np.ndarray, cutoffs: list[int]) -> dict[str, np.ndarray]:
    """As ``metric_table``, with every tie broken in favour of the target: an upper bound of each case."""
    return metric_table(above, np.ones_like(tied), cutoffs)


def pessimistic(above: np.ndarray, tied: np.ndarray, cutoffs: list[int]) -> dict[str, np.ndarray]:
    """As ``metric_table``, with every tie broken against the target: a lower bound of each case."""
    return metric_table(above + tied - 1, np.ones_like(tied), cutoffs)
