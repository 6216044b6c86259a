import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from recore.significance.estimate import Estimate


def test_equivalence_is_that_of_two_one_sided_t_tests():
    random = np.random.default_rng(0)
    a, b = random.normal(0.1, 1, (2, 40))
    difference = a - b
    estimate = Estimate(difference.mean(), difference.std(ddof=1) / np.sqrt(40), 39)
    assert estimate.p_equivalent(0.5) == pytest.approx(ttost_paired(a, b, -0.5, 0.5)[0])
    assert estimate.p == pytest.approx(stats.ttest_rel(a, b).pvalue)
    low, high = stats.ttest_rel(a, b).confidence_interval(0.9)
    assert estimate.interval(0.1) == pytest.approx((low, high))


def test_equivalence_at_the_margin_itself_is_a_coin_toss():
    assert Estimate(0.5, 0.01, 20).p_equivalent(0.5) == pytest.approx(0.5)
    assert Estimate(-0.5, 0.01, 20).p_equivalent(0.5) == pytest.approx(0.5)


def test_the_detectable_effect_is_found_with_the_power_asked():
    estimate = Estimate(0.0, 1.0, 12)
    effect = estimate.detectable(alpha=0.05, power=0.8)
    assert effect == pytest.approx(stats.t.ppf(0.975, 12) + stats.t.ppf(0.8, 12))
    # Against the exact noncentral t, whose power this closed form approximates.
    assert stats.nct.sf(stats.t.ppf(0.975, 12), 12, effect) == pytest.approx(0.8, abs=0.02)


def test_a_tiny_but_real_noise_is_no_error():
    assert Estimate(0.1, 1e-9, 4).p < 1e-20
