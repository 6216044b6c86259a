import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from recore.significance.projection import COLUMNS, detectable_by_seeds

ROW = {"dataset": "demo", "a": "da", "b": "trm", "metric": "mrr@20", "n_seeds": 5, "n_sessions": 400, "margin": 0.002}
ROW |= {"sd_seed": 0.002, "sd_session": 0.03, "ms_rs": 0.001, "se": 0.001, "mde80": 0.004}


def projected(**changes) -> pd.DataFrame:
    return detectable_by_seeds(pd.DataFrame([ROW | changes]), 0.05, 0.8)


def test_ten_seeds_by_hand():
    table = projected().set_index("n_seeds")
    ms_r = 0.001 + 400 * 0.002**2
    w = ms_r + 10 * 0.03**2
    df = min((w / ms_r) ** 2 * 9, 399)
    se = math.sqrt(0.002**2 / 10 + 0.03**2 / 400 + 0.001 / (10 * 400))
    assert table.loc[10, "mde80"] == pytest.approx((stats.t.ppf(0.975, df) + stats.t.ppf(0.8, df)) * se)


def test_the_seeds_at_hand_are_among_them_and_keep_the_tests_own_value():
    table = projected(n_seeds=7)
    assert list(table.columns) == COLUMNS
    assert table["n_seeds"].is_monotonic_increasing
    assert table.dropna(subset="at_hand")[["n_seeds", "at_hand"]].to_numpy().tolist() == [[7, 0.004]]


def test_more_seeds_find_less_and_never_less_than_the_sessions_allow():
    mde = projected()["mde80"].to_numpy()
    assert (np.diff(mde) < 0).all()
    assert mde[-1] > (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * 0.03 / math.sqrt(400)


def test_a_comparison_without_a_test_is_left_out():
    assert projected(se=math.nan).empty
