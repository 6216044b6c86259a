"""The smallest margin that a comparison would bear follows from the definition of the test."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recore.records.margins import margin_table, smallest_margins
from recore.significance.correction import holm
from recore.significance.estimate import Estimate
from recore.significance.plan import Plan

PLAN = Plan([("hn", "trm")], {"mrr@20": 0.002, "recall@20": 0.005}, 0.05, 0.8, fewest=15)
SESSIONS = pd.Series(61, range(10))


def test_the_smallest_margin_of_one_difference_by_hand():
    # t_{4, .95} = 2.132 of any printed table; -0.001 ± 2.132 · 0.0005 reaches from -0.002066 to +0.000066.
    rows = pd.DataFrame({"delta": [-0.001], "se": [0.0005], "df": [4.0], "se_sessions": [0.0004]})
    rows = rows.assign(effective_sessions=math.nan)
    found = smallest_margins(rows, SESSIONS[rows.index], PLAN)
    assert found.loc[0, "alone"] == found.loc[0, "family"] == pytest.approx(0.002066, abs=5e-7)
    # Where the sessions alone are less sure, they decide: t_{60, .95} = 1.671, 0.001 + 1.671 · 0.0008 = 0.002337.
    found = smallest_margins(rows.assign(se_sessions=0.0008), SESSIONS[rows.index], PLAN)
    assert found.loc[0, "alone"] == pytest.approx(0.002337, abs=5e-7)
    found = smallest_margins(rows.assign(effective_sessions=3.0), SESSIONS[rows.index], PLAN)
    assert found.loc[0].isna().all()  # fragile: no margin makes it equivalent


def test_of_two_alike_neither_is_equivalent_before_the_first_step_is_reached():
    # t_{4, .975} = 2.776 of any printed table: 0.001 + 2.776 · 0.0005 = 0.002388; the second step alone needs less.
    row = {"delta": 0.001, "se": 0.0005, "df": 4.0, "se_sessions": 0.0001, "effective_sessions": 30.0}
    found = smallest_margins(pd.DataFrame([row, row]), SESSIONS[:2], PLAN)
    assert found["family"].to_list() == pytest.approx([0.002388] * 2, abs=5e-7)
    assert found["alone"].to_list() == pytest.approx([0.002066] * 2, abs=5e-7)


def test_each_dataset_has_its_own_sessions_and_the_plan_says_how_few_are_too_few():
    row = {"dataset": "large", "a": "hn", "b": "trm", "metric": "mrr@20", "delta": 0.001, "ci_lo": 0.0, "ci_hi": 0.002}
    row |= {"se": 0.0001, "df": 4.0, "margin": 0.002, "verdict": "equivalent", "se_sessions": 0.001}
    row |= {"effective_sessions": 18.0}
    table = pd.DataFrame([row, row | {"dataset": "small"}])
    # The sessions alone decide: t_{60, .95} = 1.671 and t_{5, .95} = 2.015 of any printed table.
    found = margin_table(table, {"large": 61, "small": 6}, "mrr@20", PLAN)
    assert found["smallest margin, alone"].to_list() == ["0.27", "0.31"]
    few = margin_table(table, {"large": 61, "small": 6}, "mrr@20", replace(PLAN, fewest=20))
    assert few["95 % interval"].to_list() == ["† 18.0"] * 2
    assert set(few["smallest margin, alone"]) == set(few["smallest margin, Holm"]) == {"n/a"}


def test_the_smallest_margins_of_a_family_are_where_holm_lets_them_through():
    rows = pd.DataFrame(
        {
            "delta": [0.0004, -0.001, 0.004, 0.0, np.nan, 0.0021],
            "se": [0.0008, 0.0004, 0.0009, 0.0006, np.nan, 0.0001],
            "df": [4.0, 9.5, 200.0, 5.0, np.nan, 30.0],
            "se_sessions": [0.0005, 0.0006, 0.0002, 0.0006, np.nan, 0.0003],
            "effective_sessions": [20.0, np.nan, 30.0, 40.0, np.nan, 15.0],
        },
        index=[7, 3, 5, 1, 9, 2],
    )

    def estimate(row: pd.Series) -> Estimate:
        return Estimate(row.delta, row.se, row.df, Estimate(row.delta, row.se_sessions, 60.0))

    def adjusted(margin: float) -> pd.Series:
        p = [math.nan if math.isnan(r.se) else estimate(r).p_equivalent(margin) for _, r in rows.iterrows()]
        return pd.Series(holm(np.array(p)), rows.index)

    found = smallest_margins(rows, SESSIONS[rows.index], PLAN)
    assert found.loc[9].isna().all()
    for i, margin in found["family"].drop(9).items():
        assert adjusted(margin * 1.0001)[i] < 0.05 < adjusted(margin * 0.9999)[i]
    for i, row in rows.drop(9).iterrows():
        alone = estimate(row).p_equivalent(found.loc[i, "alone"])
        assert alone == pytest.approx(0.05)
    assert (found["family"] >= found["alone"]).drop(9).all()


def test_the_margin_table_rounds_up_to_a_margin_that_suffices():
    row = {"dataset": "d", "a": "hn", "b": "trm", "metric": "mrr@20", "delta": -0.001, "ci_lo": -0.0024}
    row |= {"ci_hi": 0.0004, "se": 0.0005, "df": 4.0, "margin": 0.002, "verdict": "inconclusive"}
    row |= {"se_sessions": 0.0005, "effective_sessions": math.nan}
    table = margin_table(pd.DataFrame([row, row | {"metric": "ndcg@20"}]), {"d": 61}, "mrr@20", PLAN)
    assert table.iloc[0].to_list()[1:] == [
        "hn − trm",
        "−0.10",
        "[−0.24, +0.04]",
        "0.20",
        "inconclusive",
        "0.21",
        "0.21",
    ]
