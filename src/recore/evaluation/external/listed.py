"""Ranks from lists of the items that scored best: what a list shows of the target, and what it cannot show.

Equal scores tie, wherever the list puts them. A list ends somewhere, and what lies beyond is unknown: a target that is
absent is no hit at any cutoff that the list reaches. Where several items at its end share one score, that tie may go on
beyond it; a target in it counts as tied with every item that the list does not show above it, the least that it can be
worth. A list that ends at the largest cutoff cannot show a tie at its last place, where a target may then be worth less
than its place says; one item more does.
"""

from dataclasses import dataclass

import numpy as np

from recore import RecoreError


@dataclass(frozen=True)
class Lists:
    """M rows: the case (0 to N - 1), the item and the score, finite, of each."""

    case: np.ndarray
    item: np.ndarray
    score: np.ndarray


def ranked(lists: Lists, targets: np.ndarray, n_items: int, depth: int, file: str) -> tuple[np.ndarray, np.ndarray]:
    """above and tied (N,) of the targets (N,), for every metric at a cutoff up to ``depth``: exact where no tie is cut.

    RecoreError where a case has no list or one below that depth, or a list names an item twice or an unknown one.
    """
    lengths = np.bincount(lists.case, minlength=len(targets))
    _check(lists, lengths, n_items, depth, file)
    own = np.full(len(targets), np.nan)  # score of the target
    hits = lists.item == targets[lists.case]
    own[lists.case[hits]] = lists.score[hits]
    above = _count(lists, lists.score > own[lists.case], len(targets))
    tied = _count(lists, lists.score == own[lists.case], len(targets))

    lowest = np.full(len(targets), np.inf)
    np.minimum.at(lowest, lists.case, lists.score)
    last = _count(lists, lists.score == lowest[lists.case], len(targets))  # items of the tie at the end
    cut = (own == lowest) & (last > 1) & (lengths < n_items)
    tied[cut] = n_items - above[cut]
    absent = np.isnan(own)
    above[absent], tied[absent] = lengths[absent], 1
    return above, tied


def _count(lists: Lists, rows: np.ndarray, n_cases: int) -> np.ndarray:
    return np.bincount(lists.case[rows], minlength=n_cases)


def _check(lists: Lists, lengths: np.ndarray, n_items: int, depth: int, file: str) -> None:
    unknown = (lists.item < 1) | (lists.item > n_items)
    if unknown.any():
        raise RecoreError(
            f"{file}: case {lists.case[unknown.argmax()]} has item {lists.item[unknown.argmax()]}, but the items of "
            f"this split are 1 to {n_items:,}; write their numbers in items.parquet"
        )
    pairs = np.sort(lists.case * (n_items + 1) + lists.item)
    twice = pairs[1:][pairs[1:] == pairs[:-1]]
    if len(twice):
        case, item = divmod(int(twice[0]), n_items + 1)
        raise RecoreError(f"{file}: the list of case {case} has item {item} twice; write every item once")
    if (lengths == 0).any():
        raise RecoreError(
            f"{file}: case {(lengths == 0).argmax()} is missing; write a list for all {len(lengths):,} cases"
        )
    needed = min(depth, n_items)
    short = lengths < needed
    if short.any():
        case = int(short.argmax())
        raise RecoreError(
            f"{file}: the list of case {case} has {lengths[case]} items, and `evaluate.cutoffs` asks for {needed}; "
            "write longer lists, or lower the cutoffs"
        )
