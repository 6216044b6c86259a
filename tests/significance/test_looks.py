"""Looks at 5, 8, 12, 20 seeds: the levels by hand, by published tables, by other integrations and by simulation."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from recore import RecoreError
from recore.significance.correction import holm
from recore.significance.looks import adjusted, nominal_levels, sequential_p, spent

SEEDS = (5, 8, 12, 20)
SHARES = np.array([0.25, 0.4, 0.6, 1.0])
chances = st.floats(1e-12, 1.0)
patient = settings(deadline=None)  # the first call draws the curve
sides_of_tests = st.sampled_from([1, 2])


def walked(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """B_k/√t_k of Brownian motions, (4, *shape)."""
    steps = np.sqrt(np.diff(SHARES, prepend=0.0))
    z = np.cumsum([step * random.standard_normal(shape) for step in steps], axis=0)
    return z / np.sqrt(SHARES).reshape(-1, *[1] * len(shape))


def test_spending_by_hand():
    # t = 5/20 = .25: 1 + 1.71828·.25 = 1.42957, ln = .35737, times .05 = .017869
    # t = .4: ln 1.68731 = .52314 -> .026157; t = .6: ln 2.03097 = .70851 -> .035426; t = 1: ln e = 1 -> .05
    np.testing.assert_allclose(spent(0.05, SEEDS), [0.017869, 0.026157, 0.035426, 0.05], atol=5e-7)
    np.testing.assert_array_equal(spent(0.05, SEEDS), spent(0.05, SHARES))


def test_nominal_levels_two_sided():
    # The first is what was spent until then; params.yaml's looks at γ = .05.
    np.testing.assert_allclose(nominal_levels(0.05, SEEDS), [0.0179, 0.0138, 0.0159, 0.0226], atol=5e-5)


def test_one_sided_tests_spend_their_own():
    levels = nominal_levels(0.05, SEEDS, sides=1)
    np.testing.assert_allclose(levels, [0.0179, 0.0147, 0.0173, 0.0246], atol=5e-5)
    # Half of it on one side of two: the same but for paths that cross on both.
    np.testing.assert_allclose(nominal_levels(0.025, SEEDS, sides=1), nominal_levels(0.05, SEEDS) / 2, rtol=1e-4)


def test_published_boundaries_of_five_equal_looks():
    """Two-sided .05, Pocock-type spending: the table in DeMets and Lan (1994, Statistics in Medicine 13:1341)."""
    c = stats.norm.isf(nominal_levels(0.05, range(1, 6)) / 2)
    np.testing.assert_allclose(c, [2.438, 2.427, 2.410, 2.397, 2.386], atol=6e-4)


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("gamma", [1e-14, 1e-6, 0.05, 0.6, 0.95])
@pytest.mark.parametrize("first", [0.25, 0.9])
def test_two_looks_by_adaptive_quadrature(gamma, first, sides):
    a, b = stats.norm.isf(nominal_levels(gamma, [first, 1], sides) / sides)

    def late(z: float) -> float:
        return stats.norm.pdf(z) * stats.norm.sf((b - z * math.sqrt(first)) / math.sqrt(1 - first))

    low = -a if sides == 2 else -9
    pieces = sorted({low, *np.clip([b - 1, b * math.sqrt(first), 0.0], low, a), a})
    crossed = sum(integrate.quad(late, x, y, epsabs=0, epsrel=1e-12)[0] for x, y in pairwise(pieces))
    increment = gamma * (1 - math.log1p(math.expm1(1) * first))
    assert sides * crossed == pytest.approx(increment, rel=1e-9)


@pytest.mark.parametrize("gamma", [0.05, 0.5])
def test_four_looks_are_those_of_the_multivariate_normal(gamma):
    c = stats.norm.isf(nominal_levels(gamma, SEEDS) / 2)
    roots = np.sqrt(SHARES)
    correlation = np.minimum.outer(SHARES, SHARES) / np.outer(roots, roots)
    never = stats.multivariate_normal(cov=correlation, seed=1, maxpts=400_000, abseps=1e-7)
    assert 1 - never.cdf(c, lower_limit=-c) == pytest.approx(gamma, abs=2e-5)


@pytest.mark.parametrize("sides", [1, 2])
def test_an_adjusted_p_is_a_p(sides):
    """P(adj ≤ γ) = γ after the last look, and what was spent until then before."""
    z = walked(np.random.default_rng(7), (200_000,))
    p = stats.norm.sf(np.abs(z) if sides == 2 else z) * sides
    for reached in (1, 2, 3, 4):
        found = sequential_p(p[:reached], SEEDS, sides)
        for gamma in (0.01, 0.05, 0.3, 0.8):
            share = spent(gamma, SEEDS)[reached - 1]
            band = 4 * math.sqrt(share * (1 - share) / len(found))
            assert (found <= gamma).mean() == pytest.approx(share, abs=band)


@patient
@given(st.floats(0, 1), sides_of_tests)
def test_one_look_changes_nothing(p, sides):
    assert adjusted(p, 0, [20], sides) == p
    assert sequential_p(np.array([[p]]), [1.0], sides)[0] == p


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("gamma", [1e-200, 1e-60, 1e-39, 1e-14, 1e-6, 0.05, 0.5, 0.9, 0.9999])
@pytest.mark.parametrize("looks", [SEEDS, (19, 20), (3, 4, 10)])
def test_adjusted_is_the_inverse_of_the_levels(looks, gamma, sides):
    levels = nominal_levels(gamma, looks, sides)
    found = [adjusted(p, look, looks, sides) for look, p in enumerate(levels)]
    np.testing.assert_allclose(found, gamma, rtol=1e-11)


@patient
@given(chances, chances, sides_of_tests)
def test_levels_rise_with_gamma(one, other, sides):
    low, high = sorted((one, other))
    if high > low * (1 + 1e-9):
        assert (nominal_levels(low, SEEDS, sides) < nominal_levels(high, SEEDS, sides)).all()


@patient
@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.integers(0, 3), sides_of_tests)
def test_adjusted_rises_with_p_and_is_never_below_it(values, look, sides):
    p = np.sort(values)
    found = adjusted(p, look, SEEDS, sides)
    assert (np.diff(found) >= -1e-12 * found[1:]).all()
    assert (found >= p * (1 - 1e-12)).all()
    assert (found <= 1).all()


@patient
@given(st.lists(st.floats(0, 1), min_size=1, max_size=4), sides_of_tests)
def test_a_rejection_stays(values, sides):
    adj = [sequential_p(np.array(values)[:k, None], SEEDS, sides)[0] for k in range(1, len(values) + 1)]
    assert (np.diff(adj) <= 0).all()
    if len(values) < 4:
        assert sequential_p(np.array([*values, 1.0])[:, None], SEEDS, sides)[0] == adj[-1]


def test_a_level_rejects_and_a_little_more_does_not():
    for look, level in enumerate(nominal_levels(0.05, SEEDS)):
        assert adjusted(level * (1 - 1e-6), look, SEEDS) < 0.05 < adjusted(level * (1 + 1e-6), look, SEEDS)


def test_a_missing_p_stays_missing_and_forgets_no_rejection():
    assert np.isnan(adjusted(np.array([np.nan, 0.01]), 2, SEEDS)).tolist() == [True, False]
    p = np.array([[np.nan, 0.001, np.nan], [0.001, np.nan, np.nan]])
    expected = [adjusted(0.001, 1, SEEDS), adjusted(0.001, 0, SEEDS), np.nan]
    np.testing.assert_array_equal(sequential_p(p, SEEDS), expected)


def test_what_no_level_rejects_is_one():
    np.testing.assert_array_equal([adjusted(0.999, look, SEEDS) for look in range(3)], 1.0)
    assert adjusted(1.0, 3, SEEDS) == 1
    assert adjusted(0.0, 3, SEEDS) == 0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: spent(0.05, []), "looks must rise"),
        (lambda: spent(0.05, [5, 5]), "looks must rise"),
        (lambda: spent(0.05, [0, 5]), "looks must rise"),
        (lambda: spent(0.0, SEEDS), "γ must be"),
        (lambda: nominal_levels(1.1, SEEDS), "γ must be"),
        (lambda: nominal_levels(0.05, SEEDS, sides=3), "1 side or 2"),
        (lambda: adjusted(0.05, 0, SEEDS, sides=0), "1 side or 2"),
        (lambda: adjusted(0.05, 4, SEEDS), "not planned"),
        (lambda: sequential_p(np.ones((5, 2)), SEEDS), "5 looks, of 4"),
        (lambda: sequential_p(np.ones((0, 2)), SEEDS), "0 looks, of 4"),
    ],
)
def test_faults_are_said(call, said):
    with pytest.raises(RecoreError, match=said):
        call()


@pytest.mark.slow
@pytest.mark.parametrize("real", [0, 1])
def test_the_family_keeps_its_level_where_peeking_does_not(real):
    """Six comparisons of five arms on three datasets, Holm; ``real``: datasets where every difference is true.

    An error is a true null rejected at any look. Naive: Holm over the plain p of each look.
    """
    draws = 12_000
    pairs = np.array([(1, 0), (2, 0), (3, 0), (4, 0), (4, 2), (4, 3)])
    arms = walked(np.random.default_rng(11), (draws, 3, 5))
    z = (arms[..., pairs[:, 0]] - arms[..., pairs[:, 1]]) / math.sqrt(2)
    z[:, :, :real] += 6 * np.sqrt(SHARES)[:, None, None, None]
    p = 2 * stats.norm.sf(np.abs(z.reshape(4, draws, 18)))
    null = slice(6 * real, None)
    final = sequential_p(p.reshape(4, -1), SEEDS).reshape(draws, 18)
    sequential = np.mean([(holm(row)[null] <= 0.05).any() for row in final])
    naive = np.mean([any((holm(row)[null] <= 0.05).any() for row in p[:, draw]) for draw in range(draws)])
    print(f"family error with {real} real datasets: sequential {sequential:.4f}, naive {naive:.4f}")
    band = 3 * math.sqrt(0.05 * 0.95 / draws)
    assert 0.02 < sequential <= 0.05 + band
    assert naive > 0.05 + band
