"""Rows of comparisons: what may be claimed by the number of seeds, and that the numbers are those of the tests."""

import numpy as np
import pytest
from scipy import stats

from recore.evaluation.metrics import metric_table
from recore.significance.arms import arms_of
from recore.significance.comparisons import COLUMNS, compare, compare_all, without_noise
from recore.significance.crossed import crossed_test
from recore.significance.plan import Plan
from recore.significance.runs import session_blocks

PLAN = Plan([("da", "trm")], {"mrr@20": 0.002}, alpha=0.05, power=0.8)
SESSION = np.repeat(np.arange(40), np.arange(40) % 4 + 1)
SESSIONS = session_blocks(SESSION)


def tables(seed: int, n_seeds: int, easier: int = 0) -> list[dict[str, np.ndarray]]:
    random = np.random.default_rng(seed)
    above = [np.maximum(random.integers(0, 40, len(SESSION)) - easier, 0) for _ in range(n_seeds)]
    return [metric_table(ranks, np.ones_like(ranks), [20]) for ranks in above]


def row_of(n_seeds: int, margin: float = 0.002, easier: int = 5, sessions=SESSIONS) -> dict:
    a, b = (arms_of(tables(seed, n_seeds, e), SESSIONS, [n_seeds])["mrr@20"] for seed, e in ((1, easier), (2, 0)))
    return compare(a, b, sessions, PLAN, margin)


def test_the_numbers_are_those_of_the_tests():
    row = row_of(5)
    a, b = tables(1, 5, 5), tables(2, 5)
    difference = np.array([x["mrr@20"] - y["mrr@20"] for x, y in zip(a, b, strict=True)])
    estimate, _ = crossed_test(np.array([SESSIONS.sums(d) for d in difference]), SESSIONS.sizes)
    assert row["delta"] == pytest.approx(difference.mean())
    assert row["relative"] == pytest.approx(difference.mean() / np.mean([y["mrr@20"] for y in b]))
    assert (row["p"], row["se"], row["df"]) == (estimate.p, estimate.se, estimate.df)
    assert (row["ci_lo"], row["ci_hi"]) == estimate.interval(0.05)
    assert row["p_tost"] == estimate.p_equivalent(0.002)
    assert row["p_seeds"] == pytest.approx(stats.ttest_1samp(difference.mean(axis=1), 0).pvalue)
    assert row["won"] + row["tied"] + row["lost"] == 5
    assert row["won"] == (difference.mean(axis=1) > 0).sum()
    naive = stats.sem(difference.mean(axis=0))
    clustered = abs(row["delta"] / stats.t.isf(row["p_sessions"] / 2, 39))
    assert row["deff"] == pytest.approx((clustered / naive) ** 2)


@pytest.mark.parametrize(
    ("n_seeds", "level"), [(1, "n/a"), (2, "n/a"), (3, "exploratory"), (4, "exploratory"), (5, "confirmed")]
)
def test_what_the_number_of_seeds_allows(n_seeds, level):
    row = row_of(n_seeds)
    assert row["level"] == level
    assert ("p" in row) == ("ci_lo" in row) == ("p_seeds" in row) == (level != "n/a")
    assert 0 < row["p_sessions"] < 1


def test_one_session_only():
    session = session_blocks(np.zeros(len(SESSION), int))
    a, b = (arms_of(tables(seed, 5), session, [5])["mrr@20"] for seed in (1, 2))
    row = compare(a, b, session, PLAN, 0.002)
    assert row["level"] == "n/a"
    assert not {"p", "p_sessions", "ci_lo"} & set(row)


def test_identical_variants():
    arm = arms_of(tables(1, 5), SESSIONS, [5])["mrr@20"]
    row = compare(arm, arm, SESSIONS, PLAN, 0.002)
    assert (row["level"], row["delta"], row["tied"], row["p_signflip"]) == ("n/a", 0, 5, 1)
    assert not {"p", "ci_lo", "p_tost", "mde80", "p_sessions", "deff"} & set(row)
    assert np.isnan(row["p_seeds"])


def test_all_ties_have_the_value_of_chance_and_nothing_to_compare():
    table = metric_table(np.zeros(len(SESSION), int), np.full(len(SESSION), 50), [20])
    arm = arms_of([table] * 5, SESSIONS, [5])["recall@20"]
    assert arm.cases[5] == pytest.approx(20 / 50)
    assert "p" not in compare(arm, arm, SESSIONS, PLAN, 0.002)


def test_a_metric_without_margin_has_no_equivalence():
    assert np.isnan(row_of(5, margin=np.nan)["p_tost"])


def test_rows_of_a_dataset_are_named_and_complete():
    arms = {name: arms_of(tables(seed, 2), SESSIONS, [2]) for name, seed in (("da", 1), ("trm", 2))}
    table = compare_all("demo", arms, SESSIONS, ["recall@20", "mrr@20"], PLAN)
    assert list(table.columns) == COLUMNS
    assert table[["dataset", "a", "b", "metric"]].to_numpy().tolist() == [
        ["demo", "da", "trm", "recall@20"],
        ["demo", "da", "trm", "mrr@20"],
    ]
    assert table["p"].isna().all()
    assert table["margin"].tolist()[1] == 0.002


def test_a_difference_without_noise_is_measured_and_has_no_p():
    ones = metric_table(np.zeros(len(SESSION), int), np.ones(len(SESSION), int), [20])
    zeros = metric_table(np.full(len(SESSION), 30), np.ones(len(SESSION), int), [20])
    arms = {"da": arms_of([ones] * 5, SESSIONS, [5]), "trm": arms_of([zeros] * 5, SESSIONS, [5])}
    table = compare_all("demo", arms, SESSIONS, ["mrr@20"], PLAN)
    (row,) = table.itertuples()
    assert (row.level, row.delta, row.won) == ("n/a", 1, 5)
    assert table[["p", "se", "ci_lo", "p_sessions", "p_seeds", "p_over_sessions", "p_without"]].isna().all(axis=None)
    assert without_noise(table).tolist() == [True]


def test_seeds_that_rank_alike_leave_the_noise_of_the_sessions():
    a, b = (arms_of(tables(seed, 1) * 5, SESSIONS, [5])["mrr@20"] for seed in (1, 2))
    row = compare(a, b, SESSIONS, PLAN, 0.002)
    assert row["se"] == pytest.approx(row["se_sessions"])
    assert (row["p"], row["df"], row["sd_seed"]) == (pytest.approx(row["p_sessions"]), 39, 0)
    assert np.isnan(row["p_seeds"])


def test_sessions_that_agree_leave_the_noise_of_the_seeds():
    """Every session has rank 1 + seed: the mean over seeds never varies, but the seeds do."""
    ones = np.ones(len(SESSION), int)
    a, b = ([metric_table(k * ones, ones, [20]) for k in ranks] for ranks in ((1, 2, 3), (0, 0, 0)))
    a, b = (arms_of(own, SESSIONS, [3])["mrr@20"] for own in (a, b))
    row = compare(a, b, SESSIONS, PLAN, 0.002)
    differences = np.array([1 / 2, 1 / 3, 1 / 4]) - 1
    assert row["p_seeds"] == pytest.approx(stats.ttest_1samp(differences, 0).pvalue)
    assert row["se"] == pytest.approx(stats.sem(differences))
    assert "p_sessions" not in row
