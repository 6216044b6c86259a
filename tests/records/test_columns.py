"""Today's test of a record without ranks: what its columns give is what the ranks would have given."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from recore import RecoreError
from recore.records import columns
from recore.significance.arms import Arm
from recore.significance.comparisons import compare_all
from recore.significance.crossed import crossed_test
from recore.significance.family import COLUMNS, corrected
from recore.significance.plan import Plan
from recore.significance.runs import SessionBlocks

RESULTS = Path(__file__).parents[2] / "docs/results"
SEEDS, SESSIONS, MARGIN = 5, 120, 0.3
PLAN = Plan([("b", "a"), ("c", "a"), ("c", "b")], {"mrr@20": MARGIN}, 0.05, 0.8)
# What comparisons.csv held before: today's columns, less those that came with the new rule.
FORMER = ["dataset", "a", "b", "metric", "n_seeds", "level", "delta", "ci_lo", "ci_hi", "relative", "se", "df", "t"]
FORMER += ["p", "p_sessions", "p_seeds", "p_signflip", "signflip_floor", "p_tost", "margin", "mde80"]
FORMER += ["sd_seed", "sd_session", "deff", "won", "tied", "lost"]
KNOWN = ["ci_lo", "ci_hi", "df", "p", "p_tost", "mde80", "se_sessions", "n_sessions", "look"]
# Standard deviations by seed and by session; by both it is 1.
WORLDS = {"seeds": (1.0, 0.0), "sessions": (0.0, 1.0), "both": (0.2, 1.0), "neither": (0.0, 0.0)}


def compared(random: np.random.Generator, world: tuple[float, float]) -> pd.DataFrame:
    """Rows of three arms, made from their session totals."""
    sizes = random.integers(1, 6, SESSIONS)
    of_seed, of_session = world
    arms = {}
    for name in "abc":
        mean = random.normal(0, of_seed, (SEEDS, 1)) / math.sqrt(SESSIONS) + random.normal(0, of_session, SESSIONS)
        sums = sizes * (mean + random.normal(0, 1, (SEEDS, SESSIONS)))
        arms[name] = {"mrr@20": Arm(sums, {SEEDS: np.repeat(sums.mean(axis=0) / sizes, sizes)})}
    starts = np.cumsum(sizes) - sizes
    return compare_all("d", arms, SessionBlocks(starts, sizes, np.arange(SESSIONS)), ["mrr@20"], PLAN)


def branch(row: pd.Series) -> tuple[bool, bool]:
    return bool(row.sd_session), bool(row.sd_seed)


@pytest.mark.parametrize("world", WORLDS)
def test_the_columns_give_what_the_ranks_gave(world):
    random, met = np.random.default_rng(3), set()
    for _ in range(60):
        raw = compared(random, WORLDS[world])
        # p and df of the former rule do not matter: they are not read.
        found = columns.restated(raw[FORMER].assign(p=0.5, df=1.0, p_tost=0.5), {"d": SESSIONS}, PLAN)
        np.testing.assert_allclose(found[KNOWN].to_numpy(float), raw[KNOWN].to_numpy(float), rtol=1e-9)
        known = found["ms_rs"].notna()
        np.testing.assert_allclose(found["ms_rs"][known], raw["ms_rs"][known], rtol=1e-9)
        assert list(known) == [any(branch(row)) for _, row in raw.iterrows()]
        met |= {branch(row) for _, row in raw.iterrows()}
    assert met >= {"seeds": {(False, True)}, "neither": {(False, False), (True, False), (False, True)}}.get(
        world, {(True, True), (True, False)}
    )


def test_both_ways_to_the_floor_are_met():
    """SE below that of the sessions, so p is theirs; and MS_r below MS_rs with SE above."""
    random, floors = np.random.default_rng(4), set()
    for _ in range(60):
        for row in compared(random, WORLDS["neither"]).itertuples():
            floors.add((row.p == row.p_sessions, row.sd_seed == 0))
    assert floors >= {(True, True), (False, True), (False, False)}


def test_one_difference_by_hand():
    """R = 2, S = 3, one case a session: T = [[1, 2, 3], [3, 2, 4]] has MS_r = MS_s = 1.5 and MS_rs = 0.5.

    So W = 2.5, SE² = 2.5/6, and the df, (2.5/1.5)² · 1 = 2.8, are never above S-1 = 2. Sessions alone: SE² = 1.5/6.
    """
    row = pd.Series({"delta": 2.5, "se": math.sqrt(2.5 / 6), "n_seeds": 2, "sd_seed": math.sqrt(1 / 3)})
    row["sd_session"], row["p_sessions"] = math.sqrt(1 / 2), 2 * stats.t.sf(5.0, 2)
    estimate, ms_rs, se_sessions = columns.estimate_of(row, 3)
    assert (ms_rs, se_sessions) == (pytest.approx(0.5), pytest.approx(0.5))
    assert (estimate.df, estimate.floor) == (2.0, None)
    assert estimate.p == crossed_test(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 4.0]]), np.ones(3, int))[0].p


def test_columns_that_contradict_each_other_are_refused():
    raw = compared(np.random.default_rng(5), WORLDS["both"])
    with pytest.raises(RecoreError, match=r"^d: b against a by mrr@20: .* contradict each other"):
        columns.restated(raw[FORMER].assign(sd_seed=1.0, sd_session=1.0), {"d": SESSIONS}, PLAN)


def test_a_record_with_ranks_is_left_alone():
    raw = compared(np.random.default_rng(5), WORLDS["both"])
    with pytest.raises(RecoreError, match="made from ranks"):
        columns.restated(raw, {"d": SESSIONS}, PLAN)


def test_without_a_difference_the_components_give_the_test():
    random = np.random.default_rng(6)
    raw = pd.concat([compared(random, WORLDS["both"]) for _ in range(5)])
    raw = raw[(raw["sd_seed"] > 0) & (raw["sd_session"] > 0)].head(1).reset_index(drop=True)
    none = raw[FORMER].assign(delta=0.0, p_sessions=1.0)
    found = columns.restated(none, {"d": SESSIONS}, PLAN).iloc[0]
    assert (found["p"], found["ci_hi"]) == (1.0, pytest.approx(raw["ci_hi"][0] - raw["delta"][0]))
    with pytest.raises(RecoreError, match="do not give the test"):
        columns.restated(none.assign(sd_seed=0.0), {"d": SESSIONS}, PLAN)


def test_what_only_ranks_tell_stays_empty():
    rows = columns.restated(compared(np.random.default_rng(7), WORLDS["both"])[FORMER], {"d": SESSIONS}, PLAN)
    table = columns.without_ranks(corrected(rows, set(), PLAN))[COLUMNS]
    empty = [name for name in table if "largest" in name or "without" in name or "effective" in name]
    empty += [name for name in table if name.endswith("_over_sessions") and not name.startswith("verdict")]
    assert table[empty].isna().all(axis=None)
    assert (table["verdict_over_sessions"] == "").all()
    assert set(table["verdict"]) <= {"better", "worse", "equivalent", "negligible", "inconclusive"}
