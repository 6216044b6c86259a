"""What it would take to tell: hand-computed seeds and sessions."""

import math

import pandas as pd
import pytest
from claims import ENOUGH, NEVER, TOLD, claim_table, effects_table, seeds_needed, sessions_needed

# t = MDE/SE = 3; of SE² = 9e-6 the seeds have 5e-6/5 = 1e-6 and the sessions 8e-6.
ROW = {"dataset": "d", "a": "da", "b": "trm", "metric": "mrr@20", "n_seeds": 5, "verdict": "inconclusive"}
ROW |= {"delta": 0.001, "ci_lo": -0.005, "ci_hi": 0.007, "p_holm": 0.9, "se": 0.003, "mde80": 0.009, "margin": 0.006}
ROW |= {"sd_seed": math.sqrt(5e-6)}
SESSIONS = 100
ROW |= {"sd_session": math.sqrt(8e-6 * SESSIONS)}
ONLY_SEEDS = {"sd_seed": 0.01, "sd_session": 0.0, "se": 0.01 / math.sqrt(5), "mde80": 0.0167}
TEST = {"n_sessions": SESSIONS, "alpha": 0.05, "power": 0.8}


def row(**changes):
    return next(pd.DataFrame([ROW | changes]).itertuples())


def test_sessions():
    """Margin 0.006 is SE 0.002: 4e-6 - 1e-6 is left to the sessions, so 8e-6 / 3e-6 = 2.67 times as many."""
    assert sessions_needed(row()) == "3 ×"
    assert sessions_needed(row(margin=0.003)) == NEVER  # SE 0.001 is what the seeds have alone
    assert sessions_needed(row(margin=0.009)) == ENOUGH


def test_seeds():
    """From Student's t: (2.306 + 0.889) / 3 = 1.065 with 9 seeds, (2.262 + 0.883) / √10 = 0.995 with 10, times 0.01."""
    assert seeds_needed(row(**ONLY_SEEDS, margin=0.01), **TEST) == "10"
    assert seeds_needed(row(**ONLY_SEEDS, margin=0.0167), **TEST) == ENOUGH
    assert seeds_needed(row(**ONLY_SEEDS, margin=0.0001), **TEST) == "> 100"


def test_where_the_seeds_had_no_share_the_number_is_a_bound():
    """All of SE² = 1e-6 is residual, so it falls as 5e-6 / R: (2.201 + 0.876) · √(5e-6 / 12) = 0.00199."""
    of_residual = ONLY_SEEDS | {"sd_seed": 0.0, "se": 0.001, "mde80": 0.003}
    assert seeds_needed(row(**of_residual, margin=0.002), **TEST) == "≥ 12"


def test_seeds_alone_never_undo_the_noise_of_the_sessions():
    """Without any noise of the seeds SE is √8e-6, and (1.984 + 0.845) · √8e-6 = 0.0080."""
    assert seeds_needed(row(margin=0.0079), **TEST) == NEVER
    assert seeds_needed(row(margin=0.0081), **TEST) != NEVER


@pytest.mark.parametrize("verdict", ["better", "worse", "equivalent", "negligible"])
def test_a_verdict_needs_no_more(verdict):
    assert sessions_needed(row(verdict=verdict)) == seeds_needed(row(verdict=verdict), **TEST) == TOLD


def test_the_table_has_one_comparison_and_the_metrics_with_a_margin():
    comparisons = pd.DataFrame([ROW, ROW | {"a": "hn"}, ROW | {"metric": "ndcg@20", "margin": math.nan}])
    table = claim_table(comparisons, {"d": SESSIONS}, 0.05, 0.8, "da", "trm")
    assert table.to_csv(index=False, sep="|").splitlines()[1:] == [
        "MRR@20|d|+0.10|[−0.50, +0.70]|0.900|inconclusive|0.90|0.60|not alone|3 ×"
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
