"""The filter's order of steps on logs small enough to work out by hand."""

import numpy as np
import pytest

from recore import RecoreError
from recore.data.filter import check_split, compact, filter_clicks
from recore.data.sessions import Sessions, offsets_of


def sessions(*lists: list[int]) -> Sessions:
    items = np.array([item for one in lists for item in one], np.int32)
    order = np.arange(len(lists))
    return Sessions(items, offsets_of([len(one) for one in lists]), order, times=order)


def lists(of: Sessions) -> list[list[int]]:
    return [of.items[a:b].tolist() for a, b in zip(of.offsets[:-1], of.offsets[1:], strict=True)]


def test_one_click_sessions_do_not_count_for_support():
    # Item 7 has 3 clicks, but one stands alone in its session: 2 count.
    log = sessions([7], [1, 7], [1, 7, 1])
    assert lists(filter_clicks(log, min_support=3, min_length=1, iterate=False)) == [[1], [1, 1]]


def test_items_are_counted_once_before_short_sessions_go():
    # 2 has support 2 only through [3, 2], which falls since 3 is rare; CORE keeps the other 2.
    log = sessions([1, 2], [3, 2], [1, 1])
    assert lists(filter_clicks(log, min_support=2, min_length=2, iterate=False)) == [[1, 2], [1, 1]]


def test_iterating_reaches_a_fixed_point():
    log = sessions([1, 2], [3, 2], [1, 1])
    once_more = filter_clicks(log, min_support=2, min_length=2, iterate=True)
    assert lists(once_more) == [[1, 1]]
    again = filter_clicks(once_more, min_support=2, min_length=2, iterate=True)
    assert lists(again) == lists(once_more)


def test_what_stays_keeps_its_id_and_order():
    kept = filter_clicks(sessions([5], [1, 1], [2], [1, 1, 1]), min_support=2, min_length=2, iterate=False)
    assert kept.ids.tolist() == [1, 3]


def test_nothing_left_is_one_sentence():
    with pytest.raises(RecoreError, match="leaves none of 2 sessions with min_support 5"):
        filter_clicks(sessions([1, 2], [1, 2]), min_support=5, min_length=2, iterate=False)


def test_compact_keeps_the_old_order():
    clicks, left = compact(sessions([9, 4], [4, 7]), n_items=12)
    assert left.tolist() == [4, 7, 9]
    assert lists(clicks) == [[2, 0], [0, 1]]


def test_a_given_split_with_a_session_of_one_click_is_refused():
    check_split({"train": sessions([1, 2]), "valid": sessions([1, 2])})
    with pytest.raises(RecoreError, match="session 1 of the valid part has 1 click"):
        check_split({"train": sessions([1, 2]), "valid": sessions([1, 2], [1])})
