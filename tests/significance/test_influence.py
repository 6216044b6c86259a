"""How few sessions speak: worked by hand, and what must not change it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recore.significance.crossed import crossed_test
from recore.significance.influence import contributions, effective_sessions, influence, left_out
from recore.significance.secondary import clustered_test

# One seed, four sessions of 1, 1, 2 and 4 cases: ΣT = 8, N = 8, Δ = 1.
TOTALS, SIZES = np.array([[1.0, 0.0, 5.0, 2.0]]), np.array([1, 1, 2, 4])


def test_by_hand():
    """Without each session Δ is 7/7, 8/7, 3/6 and 6/4: it changes by 0, 1/7, -1/2 and 1/2."""
    changes = left_out(TOTALS, SIZES)
    assert changes == pytest.approx([0, 1 / 7, -1 / 2, 1 / 2])
    weights = np.array([0, 1 / 49, 1 / 4, 1 / 4])
    assert effective_sessions(changes) == pytest.approx(weights.sum() ** 2 / (weights**2).sum())  # 2.16
    found = influence(TOTALS, SIZES)
    assert found.effective == pytest.approx(2.16, abs=0.005)
    assert found.largest == 2
    assert found.share_variance == pytest.approx(0.25 / (0.5 + 1 / 49))
    assert found.share_delta == pytest.approx(5 / 8)
    assert (found.without, found.lowest, found.highest) == pytest.approx((0.5, 0.5, 1.5))
    assert contributions(TOTALS, SIZES) == pytest.approx([1 / 8, 0, 5 / 8, 2 / 8])


def test_equal_weights_are_as_many_sessions_as_there_are():
    assert effective_sessions(np.array([0.1, -0.1, 0.1, -0.1])) == pytest.approx(4)
    assert effective_sessions(np.array([0.0, 0.3, 0.0])) == pytest.approx(1)
    assert effective_sessions(np.array([0.0, 1e-160, 1e-160])) == pytest.approx(2)  # squared twice this is 0


def test_without_the_largest_it_is_the_test_on_the_others():
    random = np.random.default_rng(0)
    sizes = random.integers(1, 6, 20)
    totals = sizes * random.normal(0.2, 1, (5, 20))
    totals[:, 7] += 40
    found = influence(totals, sizes)
    others = np.arange(20) != 7
    estimate, _ = crossed_test(totals[:, others], sizes[others])
    assert found.largest == 7
    assert (found.without, found.p_without) == pytest.approx((estimate.delta, estimate.p))
    alone = influence(totals[:1], sizes)
    assert alone.p_without == pytest.approx(clustered_test(totals[:1, others], sizes[others]).p)


def test_a_session_with_most_of_the_cases_weighs_most_though_it_is_its_own_mean():
    """Nineteen sessions of one case and one of 981: its residual is small because Δ is nearly its own."""
    sizes = np.append(np.ones(19, int), 981)
    totals = np.append(np.linspace(-0.45, 0.55, 19), 98.1)[None]
    residuals = totals[0] - totals.sum() / sizes.sum() * sizes
    assert residuals[19] ** 2 / (residuals**2).sum() < 0.5
    found = influence(totals, sizes)
    assert (found.largest, found.share_variance) == (19, pytest.approx(1, abs=1e-3))
    assert found.effective < 1.01


def test_sessions_that_agree():
    same = influence(np.tile([0.3, 0.6, 0.9], (2, 1)), np.array([1, 2, 3]))  # all 0.3 but for rounding
    assert (same.effective, same.share_variance) == (3, pytest.approx(1 / 3))
    nothing = influence(np.zeros((5, 3)), np.array([1, 2, 3]))
    assert nothing.effective == 3
    assert np.isnan([nothing.share_delta, nothing.p_without]).all()


def test_one_session_and_two():
    assert influence(np.ones((5, 1)), np.array([3])) is None
    two = influence(np.array([[1.0, 2.0]]), np.array([1, 1]))
    assert np.isnan(two.p_without)
    assert (two.lowest, two.highest) == (1, 2)


@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_neither_unit_nor_order_nor_copies_of_cases_change_it(seed, unit):
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 9, 12)
    totals = sizes * random.normal(0, 1, (3, 12))
    order = random.permutation(12)
    effective = influence(totals, sizes).effective
    assert influence(unit * totals, sizes).effective == pytest.approx(effective)
    assert influence(totals[:, order], sizes[order]).effective == pytest.approx(effective)
    assert influence(4 * totals, 4 * sizes).effective == pytest.approx(effective)
    assert 1 <= effective <= 12 + 1e-9
    assert contributions(totals, sizes).sum() == pytest.approx(totals.sum() / (3 * sizes.sum()))
