"""Cases are positions; what a batch gathers is what the sessions say."""

import numpy as np
from builders import flat, random_sessions
from hypothesis import given
from hypothesis import strategies as st

from recore.data.cases import Cases


def prefixes(batch):
    return [list(part) for part in np.split(batch.items, np.cumsum(batch.lengths)[:-1])]


def test_every_click_but_the_first_is_a_target():
    cases = Cases(flat([[3, 1, 2], [5, 5]], ids=[70, 40]), max_length=50)
    assert len(cases) == 3
    assert cases.session.tolist() == [70, 70, 40]
    assert cases.position.tolist() == [1, 2, 1]
    assert cases.target.tolist() == [1, 2, 5]
    batch = cases.batch(np.array([1, 2, 0]))
    assert batch.cases.tolist() == [2, 0, 1]  # by length, ties in the order given
    assert prefixes(batch) == [[5], [3], [3, 1]]
    assert batch.targets.tolist() == [5, 1, 2]


def test_a_prefix_is_the_last_clicks():
    cases = Cases(flat([[1, 2, 3, 4, 5]]), max_length=2)
    assert prefixes(cases.batch(np.arange(4))) == [[1], [1, 2], [2, 3], [3, 4]]
    assert cases.position.tolist() == [1, 2, 3, 4]  # what is stored is the whole prefix's length


@given(n=st.integers(1, 30), max_length=st.integers(1, 9), seed=st.integers(0, 1000))
def test_batches_equal_slices_of_the_sessions(n, max_length, seed):
    sessions = random_sessions(n, 20, seed)
    expected = [
        (s, p, [*map(int, session[max(0, p - max_length) : p])], int(session[p]))
        for s, session in enumerate(sessions)
        for p in range(1, len(session))
    ]
    cases = Cases(flat(sessions), max_length)
    batch = cases.batch(np.random.default_rng(seed).permutation(len(cases)))
    got = {
        int(case): (int(cases.session[case]), int(cases.position[case]), [*map(int, prefix)], int(target))
        for case, prefix, target in zip(batch.cases, prefixes(batch), batch.targets, strict=True)
    }
    assert [got[i] for i in range(len(expected))] == expected
    assert (np.diff(batch.lengths) >= 0).all()
