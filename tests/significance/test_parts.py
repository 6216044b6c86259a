"""Where a difference comes from: parts by hand, as the test of the cases of a group alone, and in sum."""

from types import SimpleNamespace

import numpy as np
import pytest

from recore.significance.arms import arms_of
from recore.significance.comparisons import compare_all
from recore.significance.crossed import crossed_test
from recore.significance.parts import parts_of, parts_table
from recore.significance.plan import Plan
from recore.significance.runs import session_blocks

LABELS = ("immediate", "earlier", "new")


def plan(looks=None) -> Plan:
    return Plan([("a", "b")], {}, alpha=0.05, power=0.8, looks=looks)


def table_of(a, b, group, sessions, looks=None, seedless=(False, False)):
    """a, b: (R, N) values of the cases."""
    partition = SimpleNamespace(name="repeat", labels=LABELS, group=np.array(group))
    arms = {
        name: parts_of([{"mrr@20": np.array(run, float)} for run in runs], partition, sessions, ["mrr@20"], fixed)
        for name, runs, fixed in zip("ab", (a, b), seedless, strict=True)
    }
    return parts_table(arms, partition, sessions, plan(looks)).set_index("group")


def drawn(n_seeds, seed=0):
    random = np.random.default_rng(seed)
    session = np.repeat(np.arange(50), random.integers(1, 6, 50))
    group = random.integers(0, 3, len(session))
    ease = random.random(len(session))
    return session_blocks(session), group, ease + 0.3 * random.random((n_seeds, len(session))) * (1 + group)


def test_by_hand():
    """Two sessions of 3 and 2 cases; a is better by 3 in the first case, by 1 in the second, worse by 2 in the last."""
    sessions = session_blocks(np.array([0, 0, 0, 1, 1]))
    table = table_of([[3, 1, 0, 0, 0]], [[0, 0, 0, 0, 2]], [0, 0, 2, 2, 2], sessions)
    assert list(table.index) == ["immediate", "new"]  # no case is an earlier repeat
    assert dict(table.loc["immediate", ["n_cases", "n_sessions", "n_seeds", "delta", "part", "share"]]) == {
        **{"n_cases": 2, "n_sessions": 1, "n_seeds": 1},
        **{"delta": 2, "part": pytest.approx(4 / 5), "share": pytest.approx(2)},
    }
    assert table.loc["new", "delta"] == pytest.approx(-2 / 3)
    assert table.loc["new", "part"] == pytest.approx(-2 / 5)
    assert table.loc["new", "share"] == pytest.approx(-1)


@pytest.mark.parametrize("seedless", [(False, False), (True, False), (False, True), (True, True)])
def test_parts_sum_to_the_difference(seedless):
    sessions, group, a = drawn(5)
    b = drawn(5, seed=1)[2][:, : len(group)]
    b = np.resize(b, a.shape)
    runs = [values[:1] if fixed else values for values, fixed in zip((a, b), seedless, strict=True)]
    table = table_of(*runs, group, sessions, seedless=seedless)
    arms = {
        name: arms_of([{"mrr@20": run} for run in own], sessions, [len(own)], fixed)
        for name, own, fixed in zip("ab", runs, seedless, strict=True)
    }
    row = compare_all("shop", arms, sessions, ["mrr@20"], plan()).iloc[0]
    assert table["part"].sum() == pytest.approx(row["delta"])
    assert table["share"].sum() == pytest.approx(1)
    assert table["n_cases"].sum() == sessions.n_cases
    assert set(table["n_seeds"]) == {row["n_seeds"]}
    assert table["ci_lo"].notna().all()


def test_an_interval_is_that_of_the_cases_of_the_group_alone():
    sessions, group, a = drawn(5)
    b = a[::-1] ** 2
    table = table_of(a, b, group, sessions)
    session = np.repeat(sessions.ids, sessions.sizes)
    for code, label in enumerate(LABELS):
        own = group == code
        alone = session_blocks(session[own])
        estimate, _ = crossed_test(np.array([alone.sums(d) for d in (a - b)[:, own]]), alone.sizes)
        row = table.loc[label]
        assert (row["delta"], row["n_sessions"]) == (pytest.approx(estimate.delta), len(alone.sizes))
        assert (row["ci_lo"], row["ci_hi"]) == pytest.approx(estimate.interval(0.05))


def test_few_seeds_have_no_interval_and_looks_count_their_own():
    sessions, group, a = drawn(8)
    b = a**2
    assert table_of(a[:2], b[:2], group, sessions)["ci_lo"].isna().all()
    at_look = table_of(a, b[:6], group, sessions, looks=(5, 8))
    assert at_look["part"].to_numpy() == pytest.approx(table_of(a[:5], b[:5], group, sessions)["part"].to_numpy())
    assert set(at_look["n_seeds"]) == {5}


def test_no_difference_has_no_shares():
    sessions, group, a = drawn(5)
    table = table_of(a, a, group, sessions)
    assert (table["part"] == 0).all()
    assert table["share"].isna().all()


def test_nothing_planned_is_an_empty_table():
    sessions, group, _ = drawn(1)
    partition = SimpleNamespace(name="repeat", labels=LABELS, group=group)
    assert parts_table({}, partition, sessions, Plan([], {}, 0.05, 0.8)).empty
