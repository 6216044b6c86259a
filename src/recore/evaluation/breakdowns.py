"""Which kind of case a model is good at: by prefix length, by popularity of the target, by repeated and new items.

Popularity is counted on the training clicks alone. The head is the most clicked fifth of the catalogue (the usual
80/20 reading of a long tail); an item clicked as often as the last of them belongs to it too, so that no order of
items decides.
"""

import math
from dataclasses import dataclass

import numpy as np

from recore.data.sessions import Sessions

# First and last prefix length (clicks) of each group: fine where the cases are, wide where they thin out.
LENGTHS = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 6), (7, 9), (10, None))
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


def by_prefix_length(position: np.ndarray) -> Breakdown:
    """position: (N,) clicks in the prefix of each case, at least 1."""
    firsts = np.array([first for first, _ in LENGTHS])
    group = np.searchsorted(firsts, position, side="right") - 1
    return Breakdown(PREFIX_LENGTH, tuple(_label(*bounds) for bounds in LENGTHS), group)


def by_popularity(target: np.ndarray, train_items: np.ndarray) -> Breakdown:
    """target: (N,) item ids from 1; train_items: (C,) the item of every training click."""
    clicks = np.bincount(train_items, minlength=int(target.max()) + 1)
    # Row 0 is padding, no item.
    ranked = np.sort(clicks[1:])[::-1]
    needed = ranked[math.ceil(HEAD_SHARE * len(ranked)) - 1]
    return Breakdown(POPULARITY, ("head", "tail"), np.where(clicks[target] >= needed, 0, 1))


def _label(first: int, last: int | None) -> str:
    if last is None:
        return f"{first}+"
    return str(first) if first == last else f"{first}-{last}"


def by_repeat(test: Sessions, max_length: int) -> Breakdown:
    """The cases of the sessions, in their order, by where the target stood before among the clicks that are read.

    immediate repeat: it is the last click of the prefix. earlier repeat: it stands before, but not further back than
    ``max_length`` clicks. new: it is not among them.
    """
    session = np.repeat(np.arange(test.n_sessions), test.lengths)
    # Clicks of one item in one session stand together, in their order.
    order = np.lexsort((test.items, session))
    again = (np.diff(session[order]) == 0) & (np.diff(test.items[order]) == 0)
    back = np.zeros(test.n_clicks, np.int64)  # clicks since the last one on the same item; 0 where there was none
    back[order[1:][again]] = np.diff(order)[again]
    is_case = np.ones(test.n_clicks, bool)
    is_case[test.offsets[:-1]] = False
    back = back[is_case]
    repeat = (back > 0) & (back <= max_length)
    return Breakdown(REPEAT, REPEATS, np.where(repeat, np.where(back == 1, 0, 1), 2))
