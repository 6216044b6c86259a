import numpy as np
import pandas as pd
import pytest

from recore.significance.complementary import complementary, parents_of

PLAN = [["ave", "trm"], ["dahn", "trm"], ["dahn", "da"], ["dahn", "hn"], ["hn", "da"]]


def claim(verdicts, p, delta=(0.1, 0.1), level="confirmed"):
    corrected = pd.DataFrame(
        {
            "dataset": "demo",
            "metric": "mrr@20",
            "a": "dahn",
            "b": ["trm", "hn", "da"],
            "level": level,
            "delta_shown": [1.0, delta[1], delta[0]],
            "p_holm": [0.0, p[1], p[0]],
            "verdict": ["better", verdicts[1], verdicts[0]],
        }
    )
    (row,) = complementary(corrected, {"dahn": ["da", "hn"]}).to_dict("records")
    return row


def test_parents_are_those_compared_with_beside_the_baseline():
    assert parents_of(PLAN) == {"dahn": ["da", "hn"]}
    assert parents_of([]) == {}


def test_better_than_both_is_complementary_with_the_larger_p():
    row = claim(("better", "better"), (0.01, 0.04))
    assert (row["verdict"], row["p"], row["level"]) == ("complementary", 0.04, "confirmed")


@pytest.mark.parametrize("second", ["inconclusive", "equivalent", "negligible", "worse"])
def test_one_parent_that_is_not_beaten_is_enough_to_refuse(second):
    row = claim(("better", second), (0.01, 0.04))
    assert row["verdict"] == "not shown"
    assert row["verdicts"] == ["better", second]


def test_a_difference_the_other_way_is_no_evidence():
    row = claim(("better", "worse"), (0.01, 0.001), delta=(0.1, -0.1))
    assert (row["p"], row["verdict"]) == (1, "not shown")


def test_without_p_or_without_verdict_nothing_is_claimed():
    assert np.isnan(claim(("", ""), (0.01, np.nan), level="n/a")["p"])
    row = claim(("", ""), (0.01, 0.02), level="exploratory")
    assert (row["verdict"], row["p"], row["level"]) == ("", 0.02, "exploratory")


def test_a_simple_baseline_is_no_idea_on_either_side():
    trained = ["ave", "trm", "da"]
    plan = [
        ["trm", "vmis"],
        ["ave", "trm"],
        ["vmis", "trm"],
        ["vmis", "da"],
        ["vmis", "ave"],
        ["da", "trm"],
        ["da", "ave"],
    ]
    assert parents_of(plan, trained) == {}
    assert parents_of([*plan, ["da", "vmis"], ["dahn", "da"], ["dahn", "ave"]], [*trained, "dahn"]) == {
        "dahn": ["da", "ave"]
    }
