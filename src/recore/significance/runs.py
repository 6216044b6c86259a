"""The runs of one dataset, and the checks without which a paired test means nothing.

Comparing runs case by case supposes one test set, in one order; a spread over seeds supposes that every seed was
trained. Both are checked here, on the hash of the test set, on that of the weights and on the ranks themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol

import numpy as np

from recore import RecoreError


class RankedRun(Protocol):
    """What is looked at: a run's names, the hashes of its test set and of its weights (None where they are not known),
    and its counts ``above`` and ``tied`` (N,). The one run of what is fitted without seeds has None for a seed.
    """

    @property
    def variant(self) -> str: ...
    @property
    def seed(self) -> int | None: ...
    @property
    def test_hash(self) -> str: ...
    @property
    def weights_hash(self) -> str | None: ...
    @property
    def above(self) -> np.ndarray: ...
    @property
    def tied(self) -> np.ndarray: ...


@dataclass(frozen=True)
class SessionBlocks:
    """Where sessions start in the cases (S,), how many cases each has (S,), and its id in the test set (S,)."""

    starts: np.ndarray
    sizes: np.ndarray
    ids: np.ndarray

    @property
    def n_cases(self) -> int:
        return int(self.sizes.sum())

    def sums(self, values: np.ndarray) -> np.ndarray:
        """(N,) values of cases to (S,) sums of sessions."""
        return np.add.reduceat(values, self.starts)


def session_blocks(session: np.ndarray) -> SessionBlocks:
    """The sessions of the cases' session ids (N,); RecoreError where the cases of one do not stand together."""
    if len(session) == 0:
        raise RecoreError("the test set has no case; use more data")
    starts = np.concatenate([[0], np.flatnonzero(np.diff(session)) + 1])
    ids, blocks = np.unique(session[starts], return_counts=True)
    if (blocks > 1).any():
        raise RecoreError(f"the cases of session {ids[blocks > 1][0]} do not stand together; run evaluate again")
    return SessionBlocks(starts, np.diff(starts, append=len(session)), session[starts])


def check_runs(
    dataset: str, runs: Sequence[RankedRun], depth: int, external: Mapping[str, dict[str, Any]] | None = None
) -> None:
    """RecoreError where two runs saw different test sets, or two seeds of a variant are one run.

    Seeds that were both trained may rank alike, as in a catalogue of one item: only their weights tell them from one
    run under two names. Without these, ranks that are equal down to ``depth``, the largest cutoff, count as one run.
    external: the rows of the variants that were ranked elsewhere.
    """
    first = runs[0]
    for run in runs:
        if run.test_hash != first.test_hash:
            raise RecoreError(
                f"{dataset}: {_named(run)} was tested on other cases than {_named(first)} (test_hash "
                f"{run.test_hash[:8]} and {first.test_hash[:8]}); rank both on one split"
            )
    for variant in dict.fromkeys(run.variant for run in runs):
        own = [run for run in runs if run.variant == variant]
        _check_different(dataset, own, depth, (external or {}).get(variant))


def _named(run: RankedRun) -> str:
    return run.variant if run.seed is None else f"{run.variant} seed {run.seed}"


def _check_different(dataset: str, runs: Sequence[RankedRun], depth: int, row: dict[str, Any] | None) -> None:
    """RecoreError where two runs of a variant are one; without seeds there is one run, which nothing repeats."""
    by_weights: dict[str, int | None] = {}
    for run in runs:
        if run.weights_hash and (other := by_weights.setdefault(run.weights_hash, run.seed)) != run.seed:
            again = "" if row else f"train seed {run.seed} again, or "
            raise RecoreError(
                f"{dataset}: {run.variant} has the same weights under seeds {other} and {run.seed}, so one run would "
                f"count twice; {again}name only one of them in `seeds`"
            )
    for one, other in combinations(runs, 2):
        if not (one.weights_hash and other.weights_hash) and _are_one(one, other, depth):
            raise RecoreError(
                f"{dataset}: {one.variant} has identical ranks under seeds {one.seed} and {other.seed}, so one run "
                f"would count twice (beyond {depth} they are not compared); {_way_out(row)}name only one of them in "
                "`seeds`"
            )


def _are_one(one: RankedRun, other: RankedRun, depth: int) -> bool:
    """Whether two runs show the same ranks down to ``depth``, as one run does in lists of two lengths.

    A target that one list lacks may stand in the other at the end, in a tie that goes on beyond ``depth``.
    """
    first, second = (np.minimum(run.above, depth) for run in (one, other))
    beyond = np.where(first > second, other.above + other.tied, one.above + one.tied) > depth
    return bool(((first == second) | ((np.maximum(first, second) == depth) & beyond)).all())


def _way_out(row: dict[str, Any] | None) -> str:
    """What can be done about equal ranks beside leaving one out: nothing about those on record."""
    if row is None:
        return "evaluate both again, which notes their weights, or "
    return "" if "record" in row else "give each the file of its own run, or "
