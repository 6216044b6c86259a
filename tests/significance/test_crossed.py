"""The primary test: against statsmodels' analysis of variance, by hand, and by what must not change it."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from recore.significance.crossed import crossed_test, linearised, mean_squares
from recore.significance.secondary import clustered_test


def drawn(seed: int, n_seeds: int = 4, n_sessions: int = 9) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 6, n_sessions)
    totals = sizes * (0.1 + random.normal(0, 1, (n_seeds, 1)) + random.normal(0, 1, n_sessions))
    return totals + random.normal(0, 0.5, (n_seeds, n_sessions)), sizes


def test_delta_is_the_difference_of_means_over_cases():
    totals, sizes = drawn(0)
    delta, y = linearised(totals, sizes)
    assert delta == pytest.approx(totals.sum() / (4 * sizes.sum()))
    assert y.mean() == pytest.approx(delta)


@pytest.mark.parametrize("seed", range(3))
def test_mean_squares_are_those_of_anova_lm(seed):
    _, y = linearised(*drawn(seed))
    rows = [{"seed": r, "session": s, "y": y[r, s]} for r in range(y.shape[0]) for s in range(y.shape[1])]
    table = anova_lm(ols("y ~ C(seed) + C(session)", pd.DataFrame(rows)).fit())
    oracle = table["sum_sq"] / table["df"]
    expected = [oracle["C(seed)"], oracle["C(session)"], oracle["Residual"]]
    np.testing.assert_allclose(mean_squares(y), expected, rtol=1e-9)


def test_by_hand():
    # Sizes of 1 make Y = T. Seed means 1, 3; session means 1, 2, 3; residuals 0.
    totals = np.array([[0.0, 1.0, 2.0], [2.0, 3.0, 4.0]])
    estimate, components = crossed_test(totals, np.ones(3, int))
    # MS_r = 3·2 = 6, MS_s = 2·1 = 2, MS_rs = 0, W = 8, SE² = 8/6, df = min(64/36, 2).
    assert estimate.delta == pytest.approx(2)
    assert estimate.se == pytest.approx(math.sqrt(8 / 6))
    assert estimate.df == pytest.approx(64 / 36)
    assert estimate.t == pytest.approx(2 / math.sqrt(8 / 6))
    assert estimate.p == pytest.approx(2 * stats.t.sf(2 / math.sqrt(8 / 6), 64 / 36))
    assert (components.seed, components.session, components.residual) == pytest.approx((2, 1, 0))


def test_a_session_component_below_zero_counts_as_none():
    # Sessions agree on average, seeds disagree on which is harder: MS_s = 0 < MS_rs.
    totals = np.array([[1.0, 3.0], [5.0, 3.0], [1.0, 1.0]])
    estimate, components = crossed_test(totals, np.ones(2, int))
    ms_r, ms_s, ms_rs = mean_squares(totals)
    assert ms_s < ms_rs
    assert estimate.se == pytest.approx(math.sqrt(ms_r / 6))
    assert components.session == 0
    assert estimate.df == 1  # S - 1, below the R - 1 of the seeds


def test_seeds_that_agree_leave_the_degrees_of_the_sessions():
    estimate, components = crossed_test(np.array([[1.0, 2.0, 4.0]] * 3), np.ones(3, int))
    assert estimate.df == 2
    assert components.seed == 0


def test_lucky_seeds_are_no_surer_than_the_sessions_alone():
    """Both seeds have mean 2 (MS_r = 0); session means 0, 2, 4: MS_s = 8; residuals ±1, 0, ∓1: MS_rs = 4 / 2 = 2."""
    totals = np.array([[1.0, 2.0, 3.0], [-1.0, 2.0, 5.0]])
    estimate, components = crossed_test(totals, np.ones(3, int))
    assert mean_squares(totals) == pytest.approx((0, 8, 2))
    assert estimate.se == pytest.approx(1)  # W = 0 + 6, over 2 · 3
    assert estimate.df == 2  # (2 + 6)² / 2² · 1 = 16, at most S - 1; Hillis' own rule would divide by MS_r = 0
    of_sessions = math.sqrt(8 / 6)
    assert estimate.p == pytest.approx(2 * stats.t.sf(2 / of_sessions, 2))
    half = stats.t.isf(0.025, 2) * of_sessions
    assert estimate.interval(0.05) == pytest.approx((2 - half, 2 + half))
    assert estimate.p_equivalent(3) == pytest.approx(stats.t.sf(1 / of_sessions, 2))
    assert estimate.detectable(0.05, 0.8) == pytest.approx(half + stats.t.ppf(0.8, 2) * of_sessions)
    assert (components.seed, components.residual) == pytest.approx((0, 2))


def test_the_df_of_lucky_seeds_stay_those_of_the_residual():
    """Four seeds that happen to agree on 60 sessions: df = 3 · ((MS_rs + between) / MS_rs)², not 3 · (W / MS_r)²."""
    random = np.random.default_rng(0)
    noise = random.normal(0, 1, (4, 60))
    totals = random.normal(0, 0.4, 60) + noise - 0.9 * noise.mean(axis=1, keepdims=True)
    ms_r, ms_s, ms_rs = mean_squares(totals)
    assert ms_r < 0.1 * ms_rs
    assert ms_s > ms_rs
    df = crossed_test(totals, np.ones(60, int))[0].df
    assert df == pytest.approx(3 * (ms_s / ms_rs) ** 2)
    assert 3 < df < 59


@given(st.integers(0, 10_000))
def test_no_p_is_below_that_of_the_sessions_alone(seed):
    totals, sizes = drawn(seed)
    estimate, _ = crossed_test(totals, sizes)
    alone = clustered_test(totals, sizes)
    assert estimate.p >= alone.p * (1 - 1e-9)
    # Above a half the surer test is the one that says more loudly that the difference is not small.
    assert estimate.p_equivalent(0.5) >= min(alone.p_equivalent(0.5), 0.5) * (1 - 1e-9)
    low, high = alone.interval(0.05)
    assert estimate.interval(0.05)[0] <= low + 1e-12
    assert estimate.interval(0.05)[1] >= high - 1e-12


def test_seeds_that_agree_to_the_last_hit_are_an_answer_and_no_error():
    """A small test set: every seed wins two hits, each in other sessions, and the sessions' means are equal."""
    totals = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    estimate, _ = crossed_test(totals, np.ones(3, int))
    assert mean_squares(totals)[:2] == pytest.approx((0, 0))
    assert estimate.se == pytest.approx(math.sqrt(0.5 / 9))  # of MS_rs, all that is left
    assert 0 < estimate.p < 1


def test_two_arms_without_seeds_leave_the_test_of_the_sessions():
    """Two baselines count as themselves under every seed: the rows are equal, and so are p and interval."""
    row = drawn(3)[0][0]
    totals, sizes = np.tile(row, (5, 1)), drawn(3)[1]
    estimate, alone = crossed_test(totals, sizes)[0], clustered_test(totals, sizes)
    assert estimate.p == pytest.approx(alone.p)
    assert estimate.interval(0.05) == pytest.approx(alone.interval(0.05))


@pytest.mark.parametrize("difference", [0.0, 0.25, 1 / 3])
def test_a_difference_without_noise_has_no_test(difference):
    totals = difference * np.ones((5, 7)) * np.arange(1, 8)
    assert crossed_test(totals, np.arange(1, 8)) is None
    assert clustered_test(totals, np.arange(1, 8)) is None


@pytest.mark.parametrize("shape", [(1, 5), (5, 1)])
def test_one_seed_or_one_session_has_no_test(shape):
    assert crossed_test(np.ones(shape), np.ones(shape[1], int)) is None


@given(st.integers(0, 10_000))
def test_order_of_sessions_and_seeds_does_not_matter(seed):
    totals, sizes = drawn(seed)
    random = np.random.default_rng(seed)
    sessions, seeds = random.permutation(9), random.permutation(4)
    first, _ = crossed_test(totals, sizes)
    second, _ = crossed_test(totals[seeds][:, sessions], sizes[sessions])
    assert (second.delta, second.se, second.df) == pytest.approx((first.delta, first.se, first.df))


@given(st.integers(0, 10_000))
def test_swapping_the_arms_flips_the_sign_and_keeps_p(seed):
    totals, sizes = drawn(seed)
    first, _ = crossed_test(totals, sizes)
    second, _ = crossed_test(-totals, sizes)
    assert second.delta == -first.delta
    assert second.p == pytest.approx(first.p)


@given(st.integers(0, 10_000), st.integers(2, 5))
def test_copies_of_every_case_add_no_evidence(seed, copies):
    totals, sizes = drawn(seed)
    first, _ = crossed_test(totals, sizes)
    second, _ = crossed_test(copies * totals, copies * sizes)
    assert (second.delta, second.p) == pytest.approx((first.delta, first.p))


def test_copies_of_every_session_do_add_evidence():
    totals, sizes = drawn(1)
    first, _ = crossed_test(totals, sizes)
    second, _ = crossed_test(np.tile(totals, 10), np.tile(sizes, 10))
    assert second.se < first.se


def test_projection_to_the_seeds_at_hand_is_the_test_itself():
    totals, sizes = drawn(2)
    estimate, components = crossed_test(totals, sizes)
    assert min(components.seed, components.session) > 0
    assert components.projected(4, 9).se == pytest.approx(estimate.se)
    assert components.projected(4, 9).df == pytest.approx(estimate.df)


def test_more_seeds_shrink_the_error_only_to_that_of_the_sessions():
    _, components = crossed_test(*drawn(2))
    errors = [components.projected(n, 9).se for n in (2, 5, 50, 10**9)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] == pytest.approx(math.sqrt(components.session / 9))
