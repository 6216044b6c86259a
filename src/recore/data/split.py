"""The split in time of CORE's preprocessing: oldest sessions train, the next validate, the newest test.

A click log: of S sessions, sorted stably by time, the newest int(skip * S) are left out and the int(recent * S) before
them cut at int(n * train) and int(n * (train + valid)). A source that comes already split keeps its parts, and with
``recent`` = 1 its own numbering too; below 1 the same window of *each* part stays, since its parts are the split that
others published. In both, ids run from 1 by first appearance in train, items that train lacks leave valid and test,
and so do the sessions that this makes shorter than 2.

Differs from CORE in time only: its script reads dates in the time zone of the machine and YooChoose's in whole
seconds; here a time is UTC, in milliseconds.
"""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from recore import RecoreError
from recore.data.sessions import Sessions


@dataclass(frozen=True, eq=False)
class Split:
    """Three parts with item ids 1..n (int32); ``codes`` (n,) holds the source's number of id i at i - 1."""

    train: Sessions
    valid: Sessions
    test: Sessions
    codes: np.ndarray

    @property
    def parts(self) -> dict[str, Sessions]:
        return {"train": self.train, "valid": self.valid, "test": self.test}


def split_clicks(clicks: Sessions, train: float, valid: float, recent: float, skip: float = 0.0) -> Split:
    """A filtered click log in three parts; shares are of the sessions, ``recent`` and ``skip`` of them all.

    Raises RecoreError where a part would be empty.
    """
    by_time = np.argsort(clicks.times, kind="stable")
    taken = by_time[window(recent, skip, len(by_time))]
    first, second = share(train, len(taken)), share(_decimal(train) + _decimal(valid), len(taken))
    cut = [clicks.take(chosen) for chosen in (taken[:first], taken[first:second], taken[second:])]
    shares = ["change the shares in `split`"] if len(taken) >= len(cut) else []
    return _checked(_numbered(*cut), [*_longer(recent, skip), *shares])


def split_parts(
    train: Sessions, valid: Sessions, test: Sessions, numbers: np.ndarray, recent: float, skip: float = 0.0
) -> Split:
    """A source that comes already split; ``numbers`` holds its own item number of each code.

    Raises RecoreError where its numbering is not 1..n over train's items, or a part would be empty.
    """
    codes = _own_numbering(train, (valid, test), numbers)
    if recent < 1:
        parts = ((part, window(recent, skip, part.n_sessions)) for part in (train, valid, test))
        cut = (part.take(np.arange(part.n_sessions)[taken]) for part, taken in parts)
        return _checked(_numbered(*cut), _longer(recent, skip))
    ids = np.zeros(len(numbers), np.int32)
    ids[codes] = np.arange(1, len(codes) + 1)
    return _checked(Split(*(part.with_items(ids[part.items]) for part in (train, valid, test)), codes), [])


def share(fraction: float | Decimal, n: int) -> int:
    """The whole number below ``fraction`` * n, of the fraction as it is written: 0.7 + 0.2 is 0.9, and 0.29 of 100 is
    29, which floating point makes 28. It equals CORE's int(n * 0.8) and int(n * 0.9) for every n.
    """
    return int(_decimal(fraction) * n)


def window(recent: float, skip: float, n: int) -> slice:
    """The int(recent * n) places before the last int(skip * n), of n in order of time; recent + skip is 1 at most.

    Windows whose shares do not overlap have no place in common, since int(a * n) + int(b * n) <= int((a + b) * n). For
    the same reason one place, never more, can fall between two whose shares touch and belong to neither.
    """
    end = n - share(skip, n)
    return slice(end - share(recent, n), end)


def stats(split: Split) -> dict:
    """Items of the catalogue (without padding) and sessions, clicks and cases of each part."""
    counts = {
        name: {"sessions": part.n_sessions, "clicks": part.n_clicks, "cases": part.n_cases}
        for name, part in split.parts.items()
    }
    return {"items": len(split.codes), **counts}


def _decimal(fraction: float | Decimal) -> Decimal:
    return Decimal(str(fraction))


def _numbered(train: Sessions, valid: Sessions, test: Sessions) -> Split:
    """Ids from 1 by first appearance in train; what train lacks leaves the other two."""
    _, codes = pd.factorize(np.asarray(train.items))
    size = max((int(part.items.max()) for part in (train, valid, test) if part.n_clicks), default=0) + 1
    ids = np.zeros(size, np.int32)
    ids[codes] = np.arange(1, len(codes) + 1)
    parts = []
    for part in (train, valid, test):
        known = part.with_items(ids[part.items])
        parts.append(known.keep_clicks(known.items > 0).drop_short(2))
    return Split(*parts, codes)


def _own_numbering(train: Sessions, others: tuple[Sessions, ...], numbers: np.ndarray) -> np.ndarray:
    """The codes in the order of the source's own numbers, which have to be 1..n over train and to hold all others."""
    in_train = np.zeros(len(numbers), bool)
    in_train[train.items] = True
    codes = np.flatnonzero(in_train)
    codes = codes[np.argsort(numbers[codes])]
    gaps = np.flatnonzero(numbers[codes] != np.arange(1, len(codes) + 1))
    if gaps.size:
        raise RecoreError(
            f"the source comes already split, but its train items are not numbered 1 to {len(codes)}: "
            f"{gaps[0] + 1} is missing; use its original files, or give it as a click log to be split here"
        )
    for part in others:
        unseen = numbers[part.items[~in_train[part.items]]]
        if unseen.size:
            raise RecoreError(
                f"the source comes already split, but item {unseen[0]} of its valid or test part is not in train; "
                "use its original files, or give it as a click log to be split here"
            )
    return codes


def _longer(recent: float, skip: float) -> list[str]:
    """The ways to a longer period: none where it is the whole log."""
    if recent == 1:
        return []
    to_the_start = _decimal(recent) + _decimal(skip) == 1
    return ["raise the source's `split.recent`" + (" and lower its `split.skip`" if to_the_start else "")]


def _checked(split: Split, ways_out: list[str]) -> Split:
    for name, part in split.parts.items():
        if not part.n_sessions:
            ways = "".join(f"{way}, " for way in ways_out) + ("or " if ways_out else "")
            raise RecoreError(f"the split leaves no session of 2 clicks in {name}; {ways}use a larger log")
    return split
