"""The split's cuts, numbering and drops, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from recore import RecoreError
from recore.data.sessions import Sessions, offsets_of
from recore.data.split import share, split_clicks, split_parts, stats, window


def sessions(lists: list[list[int]], times: list[int] | None = None, first_id: int = 0) -> Sessions:
    items = np.array([item for one in lists for item in one], np.int32)
    ids = np.arange(first_id, first_id + len(lists))
    return Sessions(items, offsets_of([len(one) for one in lists]), ids, np.array(times if times else ids))


def lists(of: Sessions) -> list[list[int]]:
    return [of.items[a:b].tolist() for a, b in zip(of.offsets[:-1], of.offsets[1:], strict=True)]


def test_share_is_cores_cut_for_every_n():
    n = range(20_000)
    assert [share(0.8, k) for k in n] == [int(k * 0.8) for k in n]
    assert [share(0.9, k) for k in n] == [int(k * 0.9) for k in n]


def test_share_takes_a_fraction_as_it_is_written():
    assert int(0.29 * 100) == 28  # what floating point makes of it
    assert share(0.29, 100) == 29
    assert share(1.0, 7) == 7


def test_the_cut_after_train_and_valid_adds_them_as_written():
    # 0.7 + 0.2 is 0.8999999999999999 in floating point, which would leave 8 of 10 sessions before the test set.
    split = split_clicks(sessions([[0, 1]] * 10), train=0.7, valid=0.2, recent=1.0)
    assert [part.n_sessions for part in split.parts.values()] == [7, 2, 1]


def test_sessions_are_cut_in_order_of_time_and_ties_keep_theirs():
    log = sessions([[0, 1], [0, 0], [1, 1], [1, 0], [0, 1, 1]], times=[30, 10, 10, 40, 20])
    split = split_clicks(log, train=0.6, valid=0.2, recent=1.0)
    assert split.train.ids.tolist() == [1, 2, 4]
    assert split.valid.ids.tolist() == [0]
    assert split.test.ids.tolist() == [3]


def test_ids_run_from_1_by_first_appearance_in_train():
    split = split_clicks(sessions([[8, 3], [3, 5], [5, 8], [3, 8]]), train=0.5, valid=0.25, recent=1.0)
    assert lists(split.train) == [[1, 2], [2, 3]]
    assert lists(split.valid) == [[3, 1]]
    assert lists(split.test) == [[2, 1]]
    assert split.codes.tolist() == [8, 3, 5]
    assert split.train.items.dtype == np.int32


def test_items_that_train_lacks_leave_and_short_sessions_follow():
    log = sessions([[0, 1], [1, 2], [0, 2], [0, 1], [2, 1], [7, 0], [0, 7, 1], [2, 8, 0]])
    split = split_clicks(log, train=0.5, valid=0.25, recent=1.0)
    assert lists(split.train) == [[1, 2], [2, 3], [1, 3], [1, 2]]
    assert lists(split.valid) == [[3, 2]]  # [7, 0] has one known click
    assert lists(split.test) == [[1, 2], [3, 1]]
    assert split.test.ids.tolist() == [6, 7]
    assert stats(split) == {
        "items": 3,
        "train": {"sessions": 4, "clicks": 8, "cases": 4},
        "valid": {"sessions": 1, "clicks": 2, "cases": 1},
        "test": {"sessions": 2, "clicks": 4, "cases": 2},
    }


def test_recent_keeps_the_newest_sessions_of_a_log():
    log = sessions([[0, 1]] * 8, times=[5, 1, 7, 3, 6, 2, 8, 4])
    split = split_clicks(log, train=0.5, valid=0.25, recent=0.5)
    assert split.train.ids.tolist() == [0, 4]  # times 5 and 6 of 5, 6, 7, 8
    assert split.valid.ids.tolist() == [2]
    assert split.test.ids.tolist() == [6]


def test_skip_leaves_the_newest_sessions_of_a_log_out():
    log = sessions([[0, 1]] * 8, times=[5, 1, 7, 3, 6, 2, 8, 4])
    split = split_clicks(log, train=0.5, valid=0.25, recent=0.5, skip=0.3)
    # int(0.3 * 8) is 2: of the times 3, 4, 5, 6 before 7 and 8, two train, one validates, one tests.
    assert [part.ids.tolist() for part in split.parts.values()] == [[3, 7], [0], [4]]


def test_skip_moves_the_window_of_each_part():
    parts, numbers = given(train=[[1, 2], [2, 3], [4, 1], [3, 4]])
    split = split_parts(*parts, numbers=numbers, recent=0.5, skip=0.5)
    # Of 4, 2 and 2 sessions the older half: train [1, 2], [2, 3]; valid [1, 3]; test [2, 1, 3].
    assert lists(split.train) == [[1, 2], [2, 3]]
    assert lists(split.valid) == [[1, 3]]
    assert lists(split.test) == [[2, 1, 3]]
    assert numbers[split.codes].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("recent", "skip", "n", "places"),
    [
        (1.0, 0.0, 7, range(7)),
        (0.29, 0.0, 100, range(71, 100)),
        (0.29, 0.29, 100, range(42, 71)),
        (0.5, 0.5, 7, range(1, 4)),  # 3 and 3 of 7: the oldest belongs to neither half
        (0.3, 0.7, 10, range(3)),
        (0.1, 0.05, 9, range(9, 9)),
        (0.5, 0.5, 0, range(0)),
    ],
)
def test_a_window_by_hand(recent, skip, n, places):
    assert list(range(n)[window(recent, skip, n)]) == list(places)


HUNDREDTHS = st.integers(0, 100)


@drawn(st.integers(0, 3000), st.tuples(HUNDREDTHS, HUNDREDTHS, HUNDREDTHS, HUNDREDTHS).map(sorted))
def test_windows_of_disjoint_shares_share_no_session(n, edges):
    newer_start, newer_end, older_start, older_end = (edge / 100 for edge in edges)
    newer, older = (
        set(range(n)[window(round(end - start, 2), start, n)])
        for start, end in ((newer_start, newer_end), (older_start, older_end))
    )
    assert not newer & older
    assert len(newer) == (edges[1] - edges[0]) * n // 100
    assert len(older) == (edges[3] - edges[2]) * n // 100
    assert newer | older <= set(range(n))
    between = min(newer) - max(older) - 1 if newer and older and edges[1] == edges[2] else 0
    assert between in (0, 1)


@drawn(st.integers(0, 3000))
def test_two_twentieths_are_the_newest_tenth_up_to_one_session(n):
    places = range(n)
    newest, before = places[window(0.05, 0.0, n)], places[window(0.05, 0.05, n)]
    assert [*before, *newest] == list(places[n - 2 * (n // 20) :])
    assert n // 10 - (len(before) + len(newest)) in (0, 1)


def log_and_shares():
    """Times in any order with ties, and two windows that touch: shares in hundredths, 15 or more each."""
    shares = st.tuples(st.integers(15, 50), st.integers(15, 50))
    return st.tuples(st.lists(st.integers(0, 9), min_size=70, max_size=90), shares)


@drawn(log_and_shares())
def test_splits_of_disjoint_windows_share_no_session(case):
    times, (newer, older) = case
    log = sessions([[0, 1]] * len(times), times=times)
    kept = []
    for recent, skip in ((newer / 100, 0.0), (older / 100, newer / 100)):
        split = split_clicks(log, train=0.8, valid=0.1, recent=recent, skip=skip)
        kept.append(np.concatenate([part.ids for part in split.parts.values()]))
    assert not set(kept[0]) & set(kept[1])
    assert log.times[kept[1]].max() <= log.times[kept[0]].min()


@pytest.mark.parametrize(("recent", "part"), [(0.1, "train"), (0.4, "valid")])
def test_an_empty_part_is_one_sentence(recent, part):
    with pytest.raises(RecoreError, match=f"leaves no session of 2 clicks in {part}"):
        split_clicks(sessions([[0, 1]] * 5), train=0.8, valid=0.1, recent=recent)


@pytest.mark.parametrize(
    ("n", "recent", "skip", "ways_out"),
    [
        (5, 1.0, 0.0, "; change the shares in `split`, or use a larger log"),
        (2, 1.0, 0.0, "; use a larger log"),
        (5, 0.4, 0.0, "; raise the source's `split.recent`, or use a larger log"),
        (5, 0.4, 0.6, "; raise the source's `split.recent` and lower its `split.skip`, or use a larger log"),
        (9, 0.6, 0.0, "; raise the source's `split.recent`, change the shares in `split`, or use a larger log"),
    ],
)
def test_no_way_out_is_named_that_is_none(n, recent, skip, ways_out):
    with pytest.raises(RecoreError) as fault:
        split_clicks(sessions([[0, 1]] * n), train=0.8, valid=0.1, recent=recent, skip=skip)
    assert str(fault.value).endswith(ways_out)


TRAIN, VALID, TEST = [[1, 2], [2, 3], [4, 1]], [[1, 3], [4, 4]], [[2, 1, 3], [4, 3]]


def given(train=TRAIN, valid=VALID, test=TEST):
    """A source that comes already split: codes are positions in a vocabulary in any order."""
    numbers = np.array(sorted({item for one in [*train, *valid, *test] for item in one}, reverse=True))
    code = {number: position for position, number in enumerate(numbers)}
    coded = [[[code[item] for item in one] for one in part] for part in (train, valid, test)]
    return [sessions(coded[0]), sessions(coded[1], first_id=3), sessions(coded[2], first_id=5)], numbers


def test_a_given_split_keeps_its_own_numbers_and_cases():
    parts, numbers = given()
    split = split_parts(*parts, numbers=numbers, recent=1.0)
    assert [lists(part) for part in split.parts.values()] == [TRAIN, VALID, TEST]
    assert numbers[split.codes].tolist() == [1, 2, 3, 4]
    assert split.test.ids.tolist() == [5, 6]


def test_recent_keeps_the_newest_share_of_each_part_and_renumbers():
    parts, numbers = given()
    split = split_parts(*parts, numbers=numbers, recent=0.67)
    # Train keeps [2, 3], [4, 1]; valid [4, 4]; test [4, 3].
    assert lists(split.train) == [[1, 2], [3, 4]]
    assert lists(split.valid) == [[3, 3]]
    assert lists(split.test) == [[3, 2]]
    assert numbers[split.codes].tolist() == [2, 3, 4, 1]


@pytest.mark.parametrize(
    ("recent", "way_out"), [(1.0, "; use a larger log"), (0.4, "; raise the source's `split.recent`, or use a lar")]
)
def test_a_given_split_has_no_shares_to_change(recent, way_out):
    parts, numbers = given(valid=[])
    with pytest.raises(RecoreError, match=f"no session of 2 clicks in .*{way_out}"):
        split_parts(*parts, numbers=numbers, recent=recent)


def test_recent_drops_what_the_kept_train_has_not_seen():
    parts, numbers = given(test=[[2, 1, 3], [2, 4, 1, 3]])
    split = split_parts(*parts, numbers=numbers, recent=0.5)
    assert lists(split.train) == [[1, 2]]  # [4, 1]
    assert lists(split.test) == [[1, 2]]  # 4, 1 of [2, 4, 1, 3]


def test_a_numbering_with_a_gap_is_refused_rather_than_changed():
    parts, numbers = given(train=[[1, 2], [2, 5], [4, 1]], valid=[[1, 2]], test=[[4, 1]])
    with pytest.raises(RecoreError, match="not numbered 1 to 4: 3 is missing"):
        split_parts(*parts, numbers=numbers, recent=1.0)


def test_padding_is_no_item():
    parts, numbers = given(train=[[0, 1], [1, 2]], valid=[[1, 2]], test=[[2, 1]])
    with pytest.raises(RecoreError, match="not numbered 1 to 3"):
        split_parts(*parts, numbers=numbers, recent=1.0)


def test_an_item_that_train_lacks_is_refused_in_a_given_split():
    parts, numbers = given(test=[[2, 9]])
    with pytest.raises(RecoreError, match="item 9 of its valid or test part is not in train"):
        split_parts(*parts, numbers=numbers, recent=1.0)
