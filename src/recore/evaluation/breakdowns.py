"""Which kind of case a model is good at: groups of cases by prefix length and by the popularity of the target.

Popularity is counted on the training clicks alone. The head is the most clicked fifth of the catalogue (the usual
80/20 reading of a long tail); an item clicked as often as the last of them belongs to it too, so that no order of
items decides.

A breakdown is a function here and its place in ``BREAKDOWNS``; tables and report show it by its name.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recore.data.sessions import Sessions

# First and last prefix length (clicks) of each group: fine where the cases are, wide where they thin out.
LENGTHS = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 6), (7, 9), (10, None))
HEAD_SHARE = 0.2

PREFIX_LENGTH, POPULARITY = "prefix length", "target popularity"
GATE = "gate"  # stands beside the metrics: the share given to the recent branch


@dataclass(frozen=True)
class Breakdown:
    """A partition of N cases: ``group`` (N,) holds positions in ``labels``; a group may be empty."""

    name: str
    labels: tuple[str, ...]
    group: np.ndarray


def by_prefix_length(cases: pd.DataFrame, train: Sessions) -> Breakdown:
    firsts = np.array([first for first, _ in LENGTHS])
    group = np.searchsorted(firsts, cases["position"], side="right") - 1
    return Breakdown(PREFIX_LENGTH, tuple(_label(*bounds) for bounds in LENGTHS), group)


def by_popularity(cases: pd.DataFrame, train: Sessions) -> Breakdown:
    target = cases["target"].to_numpy()
    clicks = np.bincount(train.items, minlength=int(target.max()) + 1)
    # Row 0 is padding, no item.
    ranked = np.sort(clicks[1:])[::-1]
    needed = ranked[math.ceil(HEAD_SHARE * len(ranked)) - 1]
    return Breakdown(POPULARITY, ("head", "tail"), np.where(clicks[target] >= needed, 0, 1))


BREAKDOWNS = (by_prefix_length, by_popularity)  # in the order of the tables


def breakdowns_of(cases: pd.DataFrame, train: Sessions) -> tuple[Breakdown, ...]:
    """All ``BREAKDOWNS`` of N test cases.

    cases: a row a case with ``session``, ``position`` (clicks of the prefix, from 1) and ``target`` (item number, from
    1); train: the training sessions, with the same item numbers.
    """
    return tuple(breakdown(cases, train) for breakdown in BREAKDOWNS)


def _label(first: int, last: int | None) -> str:
    if last is None:
        return f"{first}+"
    return str(first) if first == last else f"{first}-{last}"
