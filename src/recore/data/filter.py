"""The filter in the order of CORE's preprocessing: one-click sessions out, items counted, rare items out, short
sessions out, once. Items are counted *before* they are dropped, so after one pass an item may be left with fewer
clicks than ``min_support``; ``iterate`` repeats the pass until nothing changes, which CORE does not.
"""

import numpy as np

from recore import RecoreError
from recore.data.sessions import Sessions


def filter_clicks(clicks: Sessions, min_support: int, min_length: int, iterate: bool) -> Sessions:
    """The sessions that stay, in their order; items are non-negative integers.

    Raises RecoreError where none stays.
    """
    kept = clicks.drop_short(2)
    while True:
        before = kept.n_clicks
        counts = np.bincount(kept.items)
        kept = kept.keep_clicks(counts[kept.items] >= min_support).drop_short(min_length)
        if not iterate or kept.n_clicks == before:
            break
    if kept.n_sessions:
        return kept
    if not (clicks.lengths > 1).any():
        raise RecoreError(
            f"the filter leaves none of {clicks.n_sessions} sessions, because each has one click and a case needs two; "
            "correct the session column in the source's `read`, or use another log"
        )
    lowest = {"min_support": (min_support, 1), "min_length": (min_length, 2)}
    lower = " and ".join(f"`filter.{name}`" for name, (value, least) in lowest.items() if value > least)
    raise RecoreError(
        f"the filter leaves none of {clicks.n_sessions} sessions with min_support {min_support} and min_length "
        f"{min_length}; lower {lower}, or use a larger log"
    )


def check_split(parts: dict[str, Sessions]) -> None:
    """A source that comes already split is not filtered: its cases are given, and each session must hold one.

    Raises RecoreError naming the part and the session.
    """
    for name, part in parts.items():
        short = np.flatnonzero(part.lengths < 2)
        if short.size:
            raise RecoreError(
                f"session {part.ids[short[0]]} of the {name} part has {part.lengths[short[0]]} click(s), so it holds "
                "no case; a source that comes already split has sessions of at least 2 clicks, so take it out"
            )


def compact(clicks: Sessions, n_items: int) -> tuple[Sessions, np.ndarray]:
    """Renumbers the items that are left to 0..n-1 in their old order, out of a vocabulary of ``n_items``.

    Returns the sessions and the (n,) old number of each new one.
    """
    present = np.zeros(n_items, bool)
    present[clicks.items] = True
    new = np.cumsum(present, dtype=np.int32) - 1
    return clicks.with_items(new[clicks.items]), np.flatnonzero(present)
