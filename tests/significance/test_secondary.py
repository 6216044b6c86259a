import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols

from recore.significance.secondary import (
    clustered_test,
    design_effect,
    seed_test,
    sign_flip_floor,
    sign_flip_test,
)


def test_clustered_error_is_that_of_ols_with_clusters():
    random = np.random.default_rng(3)
    sizes = random.integers(1, 6, 30)
    session = np.repeat(np.arange(30), sizes)
    values = random.normal(0.2, 1, 30)[session] + random.normal(0, 1, sizes.sum())
    fit = ols("values ~ 1", pd.DataFrame({"values": values})).fit(
        cov_type="cluster", cov_kwds={"groups": session, "use_correction": True}, use_t=True
    )
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    found = clustered_test(np.add.reduceat(values, starts)[None], sizes)
    assert found.delta == pytest.approx(fit.params["Intercept"])
    assert found.se == pytest.approx(fit.bse["Intercept"])
    assert found.p == pytest.approx(fit.pvalues["Intercept"])
    assert design_effect(found, values) == pytest.approx((fit.bse["Intercept"] / stats.sem(values)) ** 2)


def test_one_case_a_session_and_one_seed_is_the_paired_t_test():
    a, b = np.random.default_rng(4).normal(0, 1, (2, 25))
    found = clustered_test((a - b)[None], np.ones(25, int))
    assert found.p == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert design_effect(found, a - b) == pytest.approx(1)


def test_one_session_has_no_clustered_test():
    assert clustered_test(np.ones((3, 1)), np.array([4])) is None


def test_seeds_are_compared_by_the_paired_t_test():
    a, b = np.random.default_rng(5).normal(0, 1, (2, 6))
    assert seed_test(a - b) == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert np.isnan(seed_test(np.array([0.3])))
    assert np.isnan(seed_test(np.zeros(5)))
    assert np.isnan(seed_test(np.full(5, 0.1)))


@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_sign_flip_is_scipys_exact_permutation_test(n):
    differences = np.random.default_rng(n).normal(0.3, 1, n)
    oracle = stats.permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip_test(differences) == pytest.approx(oracle.pvalue)


def test_five_wins_reach_the_floor_and_no_further():
    assert sign_flip_test(np.array([0.1, 0.2, 0.3, 0.4, 0.5])) == 0.0625 == sign_flip_floor(5)


def test_equal_differences_are_not_split_by_rounding():
    assert sign_flip_test(np.full(6, 0.1)) == sign_flip_floor(6)
    assert sign_flip_test(np.zeros(4)) == 1


def test_too_many_seeds_to_enumerate_give_no_value():
    assert np.isnan(sign_flip_test(np.ones(21)))
