import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from recore.baselines.ranking import Popularity, count, first

from . import plain


def counted(scores: list[list[float]], targets: list[int], clicks: list[int]) -> list[tuple[int, int]]:
    """scores: of items 1 to n, a list a case; clicks: of items 1 to n."""
    padded = np.insert(np.array(scores, float), 0, 0.0, axis=1)
    train = np.repeat(np.arange(1, len(clicks) + 1), clicks)
    found = count(scipy.sparse.csr_array(padded), np.array(targets), Popularity.of(train, len(clicks)))
    return [(int(above), int(tied)) for above, tied in zip(*found, strict=True)]


def test_a_score_comes_before_any_popularity():
    # Item 1 has the smallest score there is, item 2 a million clicks and none.
    assert counted([[1e-9, 0, 0]] * 3, [1, 2, 3], [1, 10**6, 5]) == [(0, 1), (1, 1), (2, 1)]


def test_popularity_parts_what_scores_leave_level():
    # Items 1, 2 and 3 have score 2; 2 has more clicks than 1 and 3, which are level.
    assert counted([[2, 2, 2, 0]] * 4, [1, 2, 3, 4], [3, 7, 3, 9]) == [(1, 2), (0, 1), (1, 2), (3, 1)]


def test_without_scores_it_is_popularity():
    assert counted([[0, 0, 0, 0]] * 2, [1, 3], [3, 7, 3, 9]) == [(2, 2), (2, 2)]


def test_a_written_zero_is_no_score():
    scores = scipy.sparse.csr_array((np.array([0.0, 1.0]), np.array([2, 1]), np.array([0, 2])), shape=(1, 4))
    above, tied = count(scores, np.array([2]), Popularity.of(np.array([2, 2, 3, 1]), 3))
    assert (above[0], tied[0]) == (1, 1)


def test_the_order_of_summation_parts_nothing():
    forth, back = 0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1
    assert forth != back
    assert counted([[forth, back]], [1], [4, 4]) == [(0, 2)]


@given(st.data())
def test_counts_are_those_of_comparing_all_items(data):
    n = data.draw(st.integers(1, 8))
    clicks = data.draw(st.lists(st.integers(1, 3), min_size=n, max_size=n))
    scores = data.draw(st.lists(st.sampled_from([0.0, 0.0, 0.5, 1.0, 2.0]), min_size=n, max_size=n))
    target = data.draw(st.integers(1, n))
    expected = plain.ranks(dict(enumerate(scores, 1)), target, n, dict(enumerate(clicks, 1)))
    assert counted([scores], [target], clicks) == [expected]


@given(st.data())
def test_lists_are_those_of_sorting_all_items(data):
    """By score, then clicks, then the catalogue; with scores that only the summation parts, and written zeros."""
    n, n_cases = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 3))
    length = data.draw(st.integers(1, n))
    clicks = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    value = st.sampled_from([0.0, 0.0, 0.5, 1.0, 1.0 + 1e-12, 2.0])
    scores = [data.draw(st.lists(value, min_size=n, max_size=n)) for _ in range(n_cases)]
    sparse = scipy.sparse.csr_array(np.insert(np.array(scores), 0, 0.0, axis=1))
    sparse.data[::3] = 0.0
    dense = sparse.toarray()[:, 1:].astype(np.float32)
    popularity = Popularity.of(np.repeat(np.arange(1, n + 1), clicks), n)
    expected = [sorted(range(n), key=lambda i, own=own: (-own[i], -clicks[i], i))[:length] for own in dense]
    assert sorted(first(sparse, popularity, length)) == sorted(row for rows in expected for row in rows)


@pytest.mark.parametrize("n_items", [1, 3])
def test_an_item_nobody_clicked_is_an_item(n_items):
    popularity = Popularity.of(np.array([1, 1]), n_items)
    assert list(popularity.ascending) == [0] * (n_items - 1) + [2]
