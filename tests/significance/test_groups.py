import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols

from recore.significance.groups import COLUMNS, group_means
from recore.significance.runs import session_blocks

SESSION = np.repeat(np.arange(30), np.arange(30) % 4 + 1)
SESSIONS = session_blocks(SESSION)
GROUP = np.arange(len(SESSION)) % 2
VALUES = np.random.default_rng(0).normal(0.3, 0.1, (3, len(SESSION))) + 0.2 * np.sin(SESSION)


@pytest.mark.parametrize("code", [0, 1])
def test_mean_and_interval_are_those_of_ols_with_clusters(code):
    table = group_means(VALUES, GROUP, ("even", "odd"), SESSIONS, 0.05)
    chosen = code == GROUP
    data = pd.DataFrame({"x": VALUES.mean(axis=0)[chosen], "session": SESSION[chosen]})
    fit = ols("x ~ 1", data).fit(
        cov_type="cluster", cov_kwds={"groups": data["session"], "use_correction": True}, use_t=True
    )
    low, high = fit.conf_int(0.05).loc["Intercept"]
    row = table.iloc[code]
    assert (row["mean"], row["ci_lo"], row["ci_hi"]) == pytest.approx((fit.params["Intercept"], low, high))
    assert (row["n_cases"], row["n_sessions"], row["n_seeds"]) == (len(data), data["session"].nunique(), 3)
    assert row["std"] == pytest.approx(VALUES[:, chosen].mean(axis=1).std(ddof=1))


def test_one_case_a_session_is_the_t_interval_of_the_mean():
    values = np.random.default_rng(1).normal(0, 1, (1, 12))
    (row,) = group_means(values, np.zeros(12, int), ("all",), session_blocks(np.arange(12)), 0.1).to_dict("records")
    low, high = stats.ttest_1samp(values[0], 0).confidence_interval(0.9)
    assert (row["ci_lo"], row["ci_hi"]) == pytest.approx((low, high))
    assert np.isnan(row["std"])


def test_an_empty_group_is_left_out_and_one_session_has_no_interval():
    group = np.where(SESSION == 3, 2, 0)
    table = group_means(VALUES, group, ("most", "none", "one session"), SESSIONS, 0.05)
    assert list(table.columns) == COLUMNS
    assert table["group"].tolist() == ["most", "one session"]
    assert table["ci_lo"].isna().tolist() == [False, True]


def test_a_group_without_variation_has_no_interval():
    (row,) = group_means(np.ones((2, 10)), np.zeros(10, int), ("all",), session_blocks(np.arange(10)), 0.05).to_dict(
        "records"
    )
    assert row["mean"] == 1
    assert np.isnan([row["ci_lo"], row["ci_hi"]]).all()
