import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from recore.significance.correction import benjamini_hochberg, holm

families = st.lists(st.floats(0, 1), min_size=1, max_size=12)


# statsmodels takes 40 ms a family.
@settings(max_examples=8, deadline=None)
@given(families)
def test_holm_is_that_of_statsmodels(p):
    np.testing.assert_allclose(holm(np.array(p)), multipletests(p, method="holm")[1], atol=1e-15)


@given(families)
def test_benjamini_hochberg_is_that_of_statsmodels(p):
    np.testing.assert_allclose(benjamini_hochberg(np.array(p)), multipletests(p, method="fdr_bh")[1], atol=1e-15)


def test_by_hand():
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03])), [0.03, 0.06, 0.06])


def test_a_missing_p_counts_as_one_and_stays_missing():
    p = np.array([0.01, np.nan, 0.03])
    np.testing.assert_allclose(holm(p), [0.03, np.nan, 0.06])
    np.testing.assert_allclose(benjamini_hochberg(p), [0.03, np.nan, 0.045])
    assert np.isnan(holm(np.array([np.nan]))).all()
