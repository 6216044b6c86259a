"""Which kind of case a model is good at: by prefix length, by popularity of the target, by repeated and new items.

Popularity is counted on the training clicks alone. The head is the most clicked fifth of the catalogue (the usual
80/20 reading of a long tail); an item clicked as often as the last of them belongs to it too, so that no order of
items decides.

A breakdown is a function here and its place in ``BREAKDOWNS``; tables and report show it by its name.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recore.data.lengths import LABELS, group_of
from recore.data.sessions import Sessions

HEAD_SHARE = 0.2

PREFIX_LENGTH, POPULARITY, REPEAT = "prefix length", "target popularity", "repeat"
REPEATS = ("immediate repeat", "earlier repeat", "new")
GATE = "gate"  # stands beside the metrics: the share given to the recent branch


@dataclass(frozen=True)
class Breakdown:
    """A partition of N cases: ``group`` (N,) holds positions in ``labels``; a group may be empty."""

    name: str
    labels: tuple[str, ...]
    group: np.ndarray


def by_prefix_length(cases: pd.DataFrame, train: Sessions) -> Breakdown:
    return Breakdown(PREFIX_LENGTH, LABELS, group_of(cases["position"].to_numpy()))


def by_popularity(cases: pd.DataFrame, train: Sessions) -> Breakdown:
    target = cases["target"].to_numpy()
    clicks = np.bincount(train.items, minlength=int(target.max()) + 1)
    # Row 0 is padding, no item.
    ranked = np.sort(clicks[1:])[::-1]
    needed = ranked[math.ceil(HEAD_SHARE * len(ranked)) - 1]
    return Breakdown(POPULARITY, ("head", "tail"), np.where(clicks[target] >= needed, 0, 1))


def by_repeat(cases: pd.DataFrame, train: Sessions) -> Breakdown:
    """immediate repeat: the target is the last click of the prefix; earlier repeat: it stands before; else new."""
    back = cases["back"].to_numpy()
    return Breakdown(REPEAT, REPEATS, np.where(back == 0, 2, np.where(back == 1, 0, 1)))


BREAKDOWNS = (by_prefix_length, by_popularity, by_repeat)  # in the order of the tables


def breakdowns_of(cases: pd.DataFrame, train: Sessions) -> tuple[Breakdown, ...]:
    """All ``BREAKDOWNS`` of N test cases.

    cases: a row a case with ``session``, ``position`` (clicks of the prefix, from 1), ``target`` (item number, from 1)
    and ``back`` (``clicks_back``); train: the training sessions, with the same item numbers.
    """
    return tuple(breakdown(cases, train) for breakdown in BREAKDOWNS)


def clicks_back(test: Sessions, max_length: int) -> np.ndarray:
    """How many clicks before its target a case has the same item; 0 where it is not among those that are read.

    Of each case of the sessions in their order, (N,); 1 is the last click of the prefix, ``max_length`` the first read.
    """
    session = np.repeat(np.arange(test.n_sessions), test.lengths)
    # Clicks of one item in one session stand together, in their order.
    order = np.lexsort((test.items, session))
    again = (np.diff(session[order]) == 0) & (np.diff(test.items[order]) == 0)
    back = np.zeros(test.n_clicks, np.int64)
    back[order[1:][again]] = np.diff(order)[again]
    is_case = np.ones(test.n_clicks, bool)
    is_case[test.offsets[:-1]] = False
    return np.where(back <= max_length, back, 0)[is_case]
