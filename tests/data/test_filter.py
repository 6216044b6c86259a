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


@pytest.mark.parametrize(
    ("min_support", "min_length", "way_out"),
    [
        (5, 2, "lower `filter.min_support`, or"),
        (1, 3, "lower `filter.min_length`, or"),
        (5, 3, "lower `filter.min_support` and `filter.min_length`, or"),
    ],
)
def test_nothing_left_is_one_sentence_whose_way_out_works(min_support, min_length, way_out):
    log = sessions([1, 2], [1, 2])
    with pytest.raises(RecoreError, match=f"leaves none of 2 sessions with min_support {min_support}.*; {way_out}"):
        filter_clicks(log, min_support, min_length, iterate=False)
    lower = {"min_support": 1} if "support" in way_out else {}
    lower |= {"min_length": 2} if "length" in way_out else {}
    settings = {"min_support": min_support, "min_length": min_length} | lower
    assert filter_clicks(log, **settings, iterate=False).n_sessions == 2


def test_sessions_of_one_click_are_not_blamed_on_the_filter():
    with pytest.raises(
        RecoreError, match=r"none of 2 sessions, because each has one click .*; correct the session col"
    ):
        filter_clicks(sessions([1], [2]), min_support=1, min_length=2, iterate=False)


def test_compact_keeps_the_old_order():
    clicks, left = compact(sessions([9, 4], [4, 7]), n_items=12)
    assert left.tolist() == [4, 7, 9]
    assert lists(clicks) == [[2, 0], [0, 1]]


def test_a_given_split_with_a_session_of_one_click_is_refused():
    check_split({"train": sessions([1, 2]), "valid": sessions([1, 2])})
    with pytest.raises(RecoreError, match="session 1 of the valid part has 1 click"):
        check_split({"train": sessions([1, 2]), "valid": sessions([1, 2], [1])})
