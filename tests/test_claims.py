"""What it would take to tell: hand-computed seeds and sessions."""

import math

import pandas as pd
import pytest
from claims import ENOUGH, NEVER, TOLD, claim_table, effects_table, seeds_needed, sessions_needed

# t = MDE/SE = 3; of SE² = 9e-6 the seeds have 5e-6/5 = 1e-6 and the sessions 8e-6.
ROW = {"dataset": "d", "a": "da", "b": "trm", "metric": "mrr@20", "n_seeds": 5, "verdict": "inconclusive"}
ROW |= {"delta": 0.001, "ci_lo": -0.005, "ci_hi": 0.007, "p_holm": 0.9, "se": 0.003, "mde80": 0.009, "margin": 0.006}
ROW |= {"sd_seed": math.sqrt(5e-6)}
PROJECTED = pd.DataFrame(
    {"dataset": "d", "a": "da", "b": "trm", "metric": "mrr@20", "n_seeds": [5, 10, 20], "mde80": [0.9, 0.61, 0.6]}
).assign(margin=0.6)


def row(**changes):
    return next(pd.DataFrame([ROW | changes]).itertuples())


def test_sessions():
    """Margin 0.006 is SE 0.002: 4e-6 - 1e-6 is left to the sessions, so 8e-6 / 3e-6 = 2.67 times as many."""
    assert sessions_needed(row()) == "3 ×"
    assert sessions_needed(row(margin=0.003)) == NEVER  # SE 0.001 is what the seeds have alone
    assert sessions_needed(row(margin=0.009)) == ENOUGH


def test_seeds():
    assert seeds_needed(PROJECTED, row()) == "20"
    assert seeds_needed(PROJECTED[:2], row()) == NEVER
    assert seeds_needed(PROJECTED, row(margin=0.009)) == ENOUGH


@pytest.mark.parametrize("verdict", ["better", "worse", "equivalent", "negligible"])
def test_a_verdict_needs_no_more(verdict):
    assert sessions_needed(row(verdict=verdict)) == seeds_needed(PROJECTED, row(verdict=verdict)) == TOLD


def test_the_table_has_one_comparison_and_the_metrics_with_a_margin():
    comparisons = pd.DataFrame([ROW, ROW | {"a": "hn"}, ROW | {"metric": "ndcg@20", "margin": math.nan}])
    table = claim_table(comparisons, PROJECTED, "da", "trm")
    assert table.to_csv(index=False, sep="|").splitlines()[1:] == [
        "MRR@20|d|+0.10|[−0.50, +0.70]|0.900|inconclusive|0.90|0.60|20|3 ×"
    ]


def test_effects_stand_side_by_side():
    other = {"metric": "recall@20", "delta": -0.002, "verdict": "worse"}
    table = effects_table(pd.DataFrame([ROW | other, ROW, ROW | {"metric": "ndcg@20", "margin": math.nan}]))
    assert table.to_dict("records") == [
        {
            "dataset": "d",
            "comparison": "da − trm",
            "MRR@20": "+0.10 [−0.50, +0.70], inconclusive",
            "Recall@20": "−0.20 [−0.50, +0.70], worse",
        }
    ]
