import numpy as np
import pandas as pd
import pytest
from scipy import stats

from recore.significance.across import across_datasets, pooled


def test_two_datasets_pool_like_welchs_test():
    # The mean of d1 and -d2 is half of Welch's difference of two means.
    random = np.random.default_rng(0)
    x, y = random.normal(0.3, 1, 12), random.normal(0, 2, 20)
    found = pooled([x.mean(), -y.mean()], [stats.sem(x), stats.sem(y)], [11, 19])
    oracle = stats.ttest_ind(x, y, equal_var=False)
    assert (2 * found.delta, found.p, found.df) == pytest.approx((x.mean() - y.mean(), oracle.pvalue, oracle.df))


def rows(**columns) -> pd.DataFrame:
    base = {"a": "da", "b": "trm", "metric": "mrr@20", "level": "confirmed", "se": 0.01, "df": 10.0}
    base |= {"se_sessions": 0.005, "looks": "", "n_sessions": 100, "few_sessions": False}
    return pd.DataFrame(base | columns)


def test_replicability_counts_verdicts():
    verdicts = ["better", "worse", "better", "equivalent", "negligible", "inconclusive"]
    (row,) = across_datasets(rows(verdict=verdicts, delta=[0.6, 0, 0, 0, 0, 0]), 0.05).to_dict("records")
    assert (row["better"], row["worse"], row["equivalent"], row["negligible"], row["inconclusive"]) == (2, 1, 1, 1, 1)
    assert (row["n_datasets"], row["delta"]) == (6, pytest.approx(0.1))
    assert row["se"] == pytest.approx(0.01 / np.sqrt(6))
    assert row["df"] == pytest.approx(60)


def test_one_dataset_without_error_leaves_no_p():
    (row,) = across_datasets(
        rows(verdict=["", ""], delta=[0.1, 0.2], se=[0.01, np.nan], level=["confirmed", "n/a"]), 0.05
    ).to_dict("records")
    assert row["level"] == "n/a"
    assert np.isnan(row["p"])
    assert row["delta"] == pytest.approx(0.15)


def test_nothing_is_surer_than_with_the_sessions_alone():
    """As in a comparison by itself: its own SE and df, or those of the sessions, whichever says less."""
    lucky = rows(verdict=["", ""], delta=[0.1, 0.2], se_sessions=[0.03, 0.005])
    (row,) = across_datasets(lucky, 0.05).to_dict("records")
    floor = pooled([0.1, 0.2], [0.03, 0.01], [99.0, 10.0])
    assert row["se"] == pytest.approx(0.01 / np.sqrt(2))
    assert row["p"] == pytest.approx(floor.p)
    assert (row["ci_lo"], row["ci_hi"]) == pytest.approx(floor.interval(0.05))
    (alone,) = across_datasets(lucky.iloc[:1], 0.05).to_dict("records")
    assert alone["p"] == pytest.approx(2 * stats.t.sf(0.1 / 0.03, 99))


def test_a_fragile_dataset_leaves_a_mean_without_interval():
    (row,) = across_datasets(
        rows(verdict=["better", "fragile"], delta=[0.1, 0.2], few_sessions=[False, True]), 0.05
    ).to_dict("records")
    assert (row["delta"], row["better"], row["fragile"]) == (pytest.approx(0.15), 1, 1)
    assert np.isnan([row["p"], row["p_holm"], row["ci_lo"]]).all()


def test_several_looks_leave_an_interval_without_p():
    (row,) = across_datasets(rows(verdict=["better", ""], delta=[0.1, 0.2], looks="5 8"), 0.05).to_dict("records")
    assert np.isnan(row["p"])
    assert row["ci_lo"] < row["delta"] < row["ci_hi"]


def test_holm_runs_over_the_pairs_of_a_metric():
    table = rows(a=["da", "hn"], verdict=["", ""], delta=[0.01, 0.03])
    found = across_datasets(table, 0.05)
    assert found["m"].tolist() == [2, 2]
    assert found["p_holm"].iloc[1] == pytest.approx(2 * found["p"].iloc[1])


def test_no_real_dataset_gives_an_empty_table():
    assert across_datasets(rows(verdict=["better"], delta=[0.1]).iloc[:0], 0.05).empty
