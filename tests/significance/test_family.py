import numpy as np
import pandas as pd
import pytest

from recore.significance.family import corrected
from recore.significance.plan import Plan

PLAN = Plan([], {}, alpha=0.05, power=0.8)


def raw(**columns) -> pd.DataFrame:
    n = len(columns["p"])
    filled = {"dataset": "real", "metric": "mrr@20", "delta": 0.01, "level": "confirmed", "p_tost": 1.0, "b": "trm"}
    filled |= {
        "n_seeds": 5,
        "look": 1,
        "effective_sessions": 100.0,
        "effective_over_sessions": 100.0,
        "n_sessions": 300,
    }
    filled |= {"se": 0.001, "df": 4.0, "se_sessions": 0.001, "delta_over_sessions": 0.01}
    filled |= {"p_over_sessions": 1.0, "p_tost_over_sessions": 1.0}
    filled |= {"largest_session": 7, "largest_cases": 3}
    own = {"a": [f"a{i}" for i in range(n)]} | columns
    return pd.DataFrame({**{name: [value] * n for name, value in filled.items()}, **own})


@pytest.mark.parametrize(
    ("p", "p_tost", "delta", "verdict"),
    [
        (0.001, 0.9, 0.01, "better"),
        (0.001, 0.9, -0.01, "worse"),
        (0.9, 0.001, 0.0001, "equivalent"),
        (0.001, 0.001, 0.001, "negligible"),
        (0.9, 0.9, 0.01, "inconclusive"),
        (0.001, np.nan, 0.01, "better"),
        (0.9, np.nan, 0.01, "inconclusive"),
        (0.05, 0.05, 0.01, "inconclusive"),
    ],
)
def test_five_labels(p, p_tost, delta, verdict):
    assert corrected(raw(p=[p], p_tost=[p_tost], delta=[delta]), set(), PLAN)["verdict"].tolist() == [verdict]


def test_labels_use_the_corrected_p():
    table = corrected(raw(p=[0.03, 0.2], p_tost=[0.9, 0.03]), set(), PLAN)
    assert table["p_holm"].tolist() == [0.06, 0.2]
    assert table["p_tost_holm"].tolist() == [0.9, 0.06]
    assert table["verdict"].tolist() == ["inconclusive", "inconclusive"]


@pytest.mark.parametrize("level", ["n/a", "exploratory"])
def test_fewer_than_five_seeds_get_no_label(level):
    table = corrected(raw(p=[1e-9], level=[level]), set(), PLAN)
    assert table["verdict"].tolist() == [""]
    assert table["p_holm"].tolist() == [1e-9]


def test_a_family_is_a_metric_over_all_datasets_with_the_synthetic_apart():
    table = corrected(
        raw(
            p=[0.01, 0.02, 0.03, 0.04, 0.01],
            dataset=["real", "demo", "other", "real", "demo"],
            metric=["mrr@20", "mrr@20", "mrr@20", "recall@20", "recall@20"],
        ),
        {"demo"},
        PLAN,
    )
    assert table["m"].tolist() == [2, 1, 2, 1, 1]
    assert table["p_holm"].tolist() == pytest.approx([0.02, 0.02, 0.03, 0.04, 0.01])
    assert table["q_bh"].tolist() == pytest.approx([0.02, 0.02, 0.03, 0.04, 0.01])


def test_a_planned_comparison_without_p_enlarges_the_family():
    table = corrected(raw(p=[0.01, np.nan], level=["confirmed", "n/a"]), set(), PLAN)
    assert table["m"].tolist() == [2, 2]
    assert table["p_holm"].iloc[0] == 0.02
    assert np.isnan(table["p_holm"].iloc[1])


LOOKS = Plan([], {}, alpha=0.05, power=0.8, looks=(5, 8))


def test_a_difference_has_the_direction_of_the_look_that_showed_it():
    """Above at the first look, beyond doubt; by the second the mean has come down below zero."""
    table = raw(p=[1e-6, 0.9], look=[1, 2], delta=[0.01, -0.001], a=["a0", "a0"])
    (row,) = corrected(table, set(), LOOKS).to_dict("records")
    assert (row["verdict"], row["look"], row["look_shown"]) == ("better", 2, 1)
    assert (row["delta"], row["delta_shown"]) == (-0.001, 0.01)


def test_a_look_that_few_sessions_carry_rejects_nothing_and_what_a_sound_one_showed_stays():
    sound_first = raw(p=[1e-6, 1e-9], look=[1, 2], a=["a0", "a0"], effective_sessions=[20.0, 5.0])
    (row,) = corrected(sound_first, set(), LOOKS).to_dict("records")
    assert (row["verdict"], row["few_sessions"], row["look_shown"]) == ("better", True, 1)
    few_first = raw(p=[1e-6, 0.9], look=[1, 2], a=["a0", "a0"], effective_sessions=[5.0, 20.0])
    (row,) = corrected(few_first, set(), LOOKS).to_dict("records")
    assert (row["verdict"], row["few_sessions"]) == ("inconclusive", False)
    assert row["p_holm"] > 0.9
    always = raw(p=[1e-6, 1e-6], look=[1, 2], a=["a0", "a0"], effective_sessions=[5.0, 5.0])
    (row,) = corrected(always, set(), LOOKS).to_dict("records")
    assert row["verdict"] == "fragile"
    assert np.isnan(row["p_holm"])


def test_each_estimand_has_its_own_effective_sessions():
    table = raw(p=[1e-6, 1e-6], p_over_sessions=[1e-6, 1e-6], effective_sessions=[5.0, 20.0])
    found = corrected(table.assign(effective_over_sessions=[20.0, 5.0]), set(), PLAN)
    assert found["verdict"].tolist() == ["fragile", "better"]
    assert found["verdict_over_sessions"].tolist() == ["better", "fragile"]
    assert found["p_holm"].iloc[1] == pytest.approx(2e-6)  # the fragile one counts as 1


def test_ids_of_sessions_stay_whole_beside_a_test_set_that_has_none():
    found = corrected(raw(p=[0.5, np.nan], largest_session=[1_234_567_890_123, np.nan]), set(), PLAN)
    assert found.to_csv(columns=["largest_session"], index=False, float_format="%.10g").split() == [
        "largest_session",
        "1234567890123",
        '""',
    ]
