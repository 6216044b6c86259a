"""Arms without seeds: one run that counts as itself under every seed of the other arm."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from recore.significance.arms import Arm, arms_of
from recore.significance.comparisons import compare_all, session_table
from recore.significance.complementary import parents_of
from recore.significance.crossed import crossed_test
from recore.significance.family import corrected
from recore.significance.plan import Plan
from recore.significance.projection import detectable_by_seeds
from recore.significance.runs import SessionBlocks, session_blocks
from recore.significance.secondary import clustered_test

SESSIONS = session_blocks(np.repeat(np.arange(60), np.arange(60) % 4 + 1))
THREE = SessionBlocks(np.arange(3), np.ones(3, int), np.arange(3))  # one case each


def plan(pairs, looks=None) -> Plan:
    return Plan(pairs, {"mrr@20": 0.02}, alpha=0.05, power=0.8, looks=looks)


def tables(seed: int, n: int) -> list[dict[str, np.ndarray]]:
    random = np.random.default_rng(seed)
    shared = random.random(SESSIONS.n_cases)
    return [{"mrr@20": shared + 0.1 * random.random(SESSIONS.n_cases)} for _ in range(n)]


def rows(a: dict[str, Arm], b: dict[str, Arm], looks=None, sessions=SESSIONS):
    return compare_all("shop", {"a": a, "b": b}, sessions, ["mrr@20"], plan([("a", "b")], looks))


@pytest.mark.parametrize("n_seeds", [1, 2, 4, 5, 8])
@pytest.mark.parametrize("first", ["a", "b"])
def test_it_is_the_same_run_under_every_seed(n_seeds, first):
    """Each number of the row is that of the run repeated as so many seeds."""
    fixed, trained = tables(1, 1), arms_of(tables(2, n_seeds), SESSIONS, [n_seeds])
    made = []
    for arm in (arms_of(fixed, SESSIONS, [], seedless=True), arms_of(fixed * n_seeds, SESSIONS, [n_seeds])):
        made.append(rows(arm, trained) if first == "a" else rows(trained, arm))
    pd.testing.assert_frame_equal(*made, rtol=1e-9)
    assert made[0]["n_seeds"][0] == n_seeds


def test_two_of_them_by_hand():
    """Differences of three sessions of one case: 1, 2 and 6. Δ = 3, variance 7, SE = √(7/3), df = 2."""
    a, b = ({"mrr@20": Arm(np.array([x]), {1: np.array(x)}, seedless=True)} for x in ([3.0, 4, 7], [2.0, 2, 1]))
    row = rows(a, b, sessions=THREE).iloc[0]
    assert row["delta"] == pytest.approx(3)
    assert row["se"] == pytest.approx(np.sqrt(7 / 3))
    assert row["df"] == 2
    assert row["p"] == pytest.approx(stats.ttest_1samp([1, 2, 6], 0).pvalue)
    assert row["p"] == pytest.approx(row["p_sessions"])
    assert row["p"] == pytest.approx(row["p_over_sessions"])
    assert (row["level"], row["n_seeds"]) == ("confirmed", 0)
    assert (row["won"], row["tied"], row["lost"]) == (0, 0, 0)
    assert row[["p_seeds", "p_signflip", "signflip_floor"]].isna().all()
    assert (row["sd_seed"], row["sd_session"]) == (0, pytest.approx(np.sqrt(7)))
    assert row["relative"] == pytest.approx(3 / (5 / 3))


@pytest.mark.parametrize("n_seeds", [2, 3, 7])
def test_two_of_them_as_so_many_equal_seeds(n_seeds):
    totals = np.random.default_rng(3).normal(0.3, 1, (1, 60)) * SESSIONS.sizes
    estimate, components = crossed_test(totals, SESSIONS.sizes, seedless=True)
    repeated, _ = crossed_test(np.repeat(totals, n_seeds, axis=0), SESSIONS.sizes)
    alone = clustered_test(totals, SESSIONS.sizes)
    for other in (repeated, alone):
        assert (estimate.delta, estimate.se, estimate.df, estimate.p) == pytest.approx(
            (other.delta, other.se, other.df, other.p)
        )
    assert components.seed == pytest.approx(0)
    assert components.residual == pytest.approx(0)


def test_without_the_flag_one_row_is_one_seed():
    assert crossed_test(np.array([[1.0, 2, 6]]), np.ones(3, int)) is None


def test_two_that_agree_or_one_session_have_no_p():
    same = arms_of(tables(1, 1), SESSIONS, [], seedless=True)
    assert rows(same, same).loc[0, "level"] == "n/a"
    single = session_blocks(np.zeros(5, int))
    a, b = ({"mrr@20": Arm(np.array([[x]]), {1: np.full(5, x / 5)}, seedless=True)} for x in (1.0, 2.0))
    assert rows(a, b, sessions=single).loc[0, "level"] == "n/a"


def test_it_is_there_at_every_look():
    looks = (5, 6, 8)
    fixed, other = (arms_of(tables(seed, 1), SESSIONS, [], seedless=True) for seed in (1, 4))
    trained = arms_of(tables(2, 6), SESSIONS, [5, 6])
    assert list(rows(fixed, trained, looks)["n_seeds"]) == [5, 6]
    both = rows(fixed, other, looks)
    assert list(both["look"]) == [1]
    assert list(both["n_seeds"]) == [0]


def test_two_without_seeds_are_tested_as_if_there_were_no_looks():
    fixed, other = (arms_of(tables(seed, 1), SESSIONS, [], seedless=True) for seed in (1, 4))
    with_looks, without = (
        corrected(rows(fixed, other, looks), set(), plan([("a", "b")], looks)).iloc[0] for looks in ((5, 6, 8), None)
    )
    assert with_looks["p_holm"] == with_looks["p"] == without["p_holm"]
    assert with_looks["spent"] == pytest.approx(0.05)
    assert with_looks["mde80_holm"] == without["mde80_holm"]


def test_what_sessions_add_is_there_too():
    a, b = (arms_of(tables(seed, n), SESSIONS, [n], seedless=n == 1) for seed, n in ((1, 1), (2, 5)))
    table = session_table({"a": a, "b": b}, SESSIONS, "mrr@20", plan([("a", "b")]))
    assert table["contribution"].sum() == pytest.approx(rows(a, b).loc[0, "delta"])
    other = arms_of(tables(4, 1), SESSIONS, [], seedless=True)
    assert len(session_table({"a": a, "b": other}, SESSIONS, "mrr@20", plan([("a", "b")]))) == 60


def test_seeds_are_projected_where_one_side_has_them():
    fixed, other = (arms_of(tables(seed, 1), SESSIONS, [], seedless=True) for seed in (1, 4))
    trained = arms_of(tables(2, 5), SESSIONS, [5])
    projected = detectable_by_seeds(rows(trained, fixed), 0.05, 0.8).set_index("n_seeds")["mde80"]
    assert projected[5] > projected[10] > projected[30]
    assert detectable_by_seeds(rows(fixed, other), 0.05, 0.8).empty


def test_a_simple_baseline_is_no_parent():
    pairs = [["hn", "trm"], ["dahn", "da"], ["dahn", "hn"], ["dahn", "vmis"], ["hn", "vmis"], ["hn", "sr"]]
    assert parents_of(pairs, ["trm", "da", "hn", "dahn"]) == {"dahn": ["da", "hn"]}
