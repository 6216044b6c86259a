import numpy as np
import pandas as pd
import pytest

from recore.significance.comparisons import Plan
from recore.significance.family import corrected

PLAN = Plan([], {}, alpha=0.05, power=0.8)


def raw(**columns) -> pd.DataFrame:
    n = len(columns["p"])
    filled = {"dataset": "real", "metric": "mrr@20", "delta": 0.01, "level": "confirmed", "p_tost": 1.0, "b": "trm"}
    filled |= {"look": 1, "effective_sessions": 100.0, "effective_over_sessions": 100.0, "n_sessions": 300}
    filled |= {"se": 0.001, "df": 4.0, "se_sessions": 0.001, "delta_over_sessions": 0.01}
    filled |= {"p_over_sessions": 1.0, "p_tost_over_sessions": 1.0}
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
