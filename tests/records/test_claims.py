"""What it would take to tell: hand-computed seeds and sessions."""

import math

import pandas as pd
import pytest

from recore.records.claims import (
    ENOUGH,
    NEVER,
    TOLD,
    UNKNOWN,
    claim_table,
    effects_table,
    seeds_needed,
    sessions_needed,
)

# t = MDE/SE = 3; of SE² = 9e-6 the seeds have 5e-6/5 = 1e-6 and the sessions 8e-6.
ROW = {"dataset": "d", "a": "da", "b": "trm", "metric": "mrr@20", "n_seeds": 5, "verdict": "inconclusive"}
ROW |= {"delta": 0.001, "ci_lo": -0.005, "ci_hi": 0.007, "p_holm": 0.9, "se": 0.003, "mde80": 0.009, "margin": 0.006}
ROW |= {"mde80_holm": 0.012, "ms_rs": 0.0}
ROW |= {"delta_shown": 0.001, "sd_seed": math.sqrt(5e-6)}
SESSIONS = 100
ROW |= {"sd_session": math.sqrt(8e-6 * SESSIONS)}
ONLY_SESSIONS = {"sd_seed": 0.0, "sd_session": 0.03}
ONLY_SEEDS = {"sd_seed": 0.01, "sd_session": 0.0, "se": 0.01 / math.sqrt(5), "mde80": 0.0167}
TEST = {"n_sessions": SESSIONS, "alpha": 0.05, "power": 0.8}


def row(**changes):
    return next(pd.DataFrame([ROW | changes]).itertuples())


def test_sessions():
    """f times as many: SE² = 1e-6 + 8e-6/f and df = 4 · ((f + 8)/f)², from Student's t

    f = 2: df 100, (1.984 + 0.845) · √5e-6 = 0.00633;  f = 3: df 53.8, (2.005 + 0.848) · √3.667e-6 = 0.00546.
    """
    assert sessions_needed(row(), **TEST) == "3 ×"
    assert sessions_needed(row(margin=0.009), **TEST) == ENOUGH


def test_with_many_sessions_the_seeds_are_the_noise_and_their_df_count():
    """SE falls to 0.001, df to 4, so the MDE ends at (2.776 + 0.941) · 0.001 = 0.00372, not at 2.8 · 0.001.

    Between, df are more: f = 19, df 8.08: (2.302 + 0.889) · √1.421e-6 = 0.003804; f = 20, df 7.84: (2.314 + 0.890) ·
    √1.4e-6 = 0.003791. No f comes to 0.0036.
    """
    assert sessions_needed(row(margin=0.003), **TEST) == NEVER
    assert sessions_needed(row(margin=0.0036), **TEST) == NEVER
    assert sessions_needed(row(margin=0.0038), **TEST) == "20 ×"


def test_sessions_alone_are_a_matter_of_enough_of_them():
    """SE² = 9e-4/n: (1.960 + 0.842) · √(9e-4 / 200,000) = 0.00019."""
    assert sessions_needed(row(**ONLY_SESSIONS, margin=0.00019), **TEST) == "> 1,000 ×"
    assert sessions_needed(row(**ONLY_SESSIONS, margin=0.0027), **TEST) == "10 ×"  # 2.804 · √9e-7 = 0.00266


def test_seeds():
    """From Student's t: (2.306 + 0.889) / 3 = 1.065 with 9 seeds, (2.262 + 0.883) / √10 = 0.995 with 10, times 0.01."""
    assert seeds_needed(row(**ONLY_SEEDS, margin=0.01), **TEST) == "10"
    assert seeds_needed(row(**ONLY_SEEDS, margin=0.0167), **TEST) == ENOUGH
    assert seeds_needed(row(**ONLY_SEEDS, margin=0.0001), **TEST) == "> 100"


def test_seeds_where_the_cells_are_the_noise():
    """MS_rs = 0.001 over 100 sessions: SE² = 1e-5 / R, and (2.080 + 0.859) · √(1e-5 / 22) = 0.00198."""
    of_residual = ONLY_SEEDS | {"sd_seed": 0.0, "se": 0.001, "mde80": 0.003, "margin": 0.002}
    assert seeds_needed(row(**of_residual | {"ms_rs": 0.001}), **TEST) == "22"


def test_seeds_alone_never_undo_the_noise_of_the_sessions():
    """Without any noise of the seeds SE is √8e-6, and (1.984 + 0.845) · √8e-6 = 0.0080."""
    assert seeds_needed(row(margin=0.0079), **TEST) == NEVER
    assert seeds_needed(row(margin=0.0081), **TEST) != NEVER


@pytest.mark.parametrize("verdict", ["better", "worse", "equivalent", "negligible"])
def test_a_verdict_needs_no_more(verdict):
    assert sessions_needed(row(verdict=verdict), **TEST) == seeds_needed(row(verdict=verdict), **TEST) == TOLD


def test_what_few_sessions_carry_takes_others_and_nobody_knows_how_many():
    assert seeds_needed(row(verdict="fragile"), **TEST) == NEVER
    assert sessions_needed(row(verdict="fragile"), **TEST) == UNKNOWN


def test_the_table_has_one_comparison_and_the_metrics_with_a_margin():
    comparisons = pd.DataFrame([ROW, ROW | {"a": "hn"}, ROW | {"metric": "ndcg@20", "margin": math.nan}])
    table = claim_table(comparisons, {"d": SESSIONS}, 0.05, 0.8, "da", "trm")
    assert table.to_csv(index=False, sep="|").splitlines()[1:] == [
        "MRR@20|d|+0.10|[−0.50, +0.70]|0.900|inconclusive|0.90|1.20|0.60|not alone|3 ×"
    ]


def test_what_is_fragile_has_no_interval_and_no_mde():
    fragile = ROW | {"verdict": "fragile", "effective_sessions": 14.976, "p_holm": math.nan}
    table = claim_table(pd.DataFrame([fragile]), {"d": SESSIONS}, 0.05, 0.8, "da", "trm")
    assert table.to_csv(index=False, sep="|").splitlines()[1:] == [
        "MRR@20|d|+0.10 †|† 14.9|n/a|fragile|n/a|n/a|0.60|not alone|more"
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


def test_what_has_no_noise_has_no_verdict():
    """As where a search kept the row that it began with: the same ranks under two names."""
    same = {"delta": 0.0, "ci_lo": math.nan, "ci_hi": math.nan, "verdict": ""}
    assert effects_table(pd.DataFrame([ROW | same])).loc[0, "MRR@20"] == "0.00, no verdict"
