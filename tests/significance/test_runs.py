from types import SimpleNamespace

import numpy as np
import pytest

from recore import RecoreError
from recore.significance.runs import check_runs, session_blocks


def run(variant: str, seed: int, test_hash: str = "a" * 64, above=(1, 2, 3), weights=None) -> SimpleNamespace:
    counts = {"above": np.array(above), "tied": np.ones(3, int)}
    return SimpleNamespace(variant=variant, seed=seed, test_hash=test_hash, weights_hash=weights, **counts)


def test_sessions_are_blocks_of_cases():
    sessions = session_blocks(np.array([3, 3, 7, 9, 9, 9]))
    np.testing.assert_array_equal(sessions.starts, [0, 2, 3])
    np.testing.assert_array_equal(sessions.sizes, [2, 1, 3])
    assert sessions.n_cases == 6
    np.testing.assert_array_equal(sessions.sums(np.array([1.0, 2, 4, 8, 16, 32])), [3, 4, 56])


def test_a_session_that_comes_twice_is_refused():
    with pytest.raises(RecoreError, match="cases of session 3 do not stand together"):
        session_blocks(np.array([3, 7, 3]))


def test_sessions_need_not_ascend():
    np.testing.assert_array_equal(session_blocks(np.array([8, 8, 2, 5])).starts, [0, 2, 3])


def test_an_empty_test_set_is_refused():
    with pytest.raises(RecoreError, match="no case"):
        session_blocks(np.array([], dtype=int))


def test_unequal_test_sets_are_refused():
    with pytest.raises(RecoreError) as fault:
        check_runs("demo", [run("trm", 0), run("da", 7, "b" * 64, above=(4, 5, 6))], 20)
    assert str(fault.value) == (
        "demo: da seed 7 was tested on other cases than trm seed 0 (test_hash bbbbbbbb and aaaaaaaa); "
        "rank both on one split"
    )


@pytest.mark.parametrize("weights", [None, "c"])
def test_equal_ranks_are_one_run_where_nothing_tells_them_apart(weights):
    with pytest.raises(RecoreError) as fault:
        check_runs("demo", [run("trm", 0), run("trm", 5, above=(1, 2, 4)), run("trm", 9, weights=weights)], 20)
    assert str(fault.value) == (
        "demo: trm has identical ranks under seeds 0 and 9, so one run would count twice (beyond 20 they are not "
        "compared); evaluate both again, which notes their weights, or name only one of them in `seeds`"
    )


def test_equal_ranks_of_different_weights_are_two_runs():
    check_runs("demo", [run("trm", 0, weights="c"), run("trm", 5, weights="d"), run("trm", 9, weights="e")], 20)


@pytest.mark.parametrize("above", [(1, 2, 3), (1, 2, 4)])
def test_equal_weights_are_one_run_however_they_rank(above):
    """Two machines can differ in the last bits of a score."""
    with pytest.raises(RecoreError) as fault:
        check_runs("demo", [run("trm", 0, weights="c"), run("trm", 5, above=above, weights="c")], 20)
    assert str(fault.value) == (
        "demo: trm has the same weights under seeds 0 and 5, so one run would count twice; "
        "train seed 5 again, or name only one of them in `seeds`"
    )


def test_two_variants_may_have_the_same_weights():
    """Hard negatives of weight 0 train CORE-trm."""
    check_runs("demo", [run("trm", 0, weights="c"), run("hn", 0, weights="c")], 20)


def test_two_variants_may_rank_alike():
    check_runs("demo", [run("trm", 0), run("da", 0)], 20)


def listed(seed: int, above, tied) -> SimpleNamespace:
    return SimpleNamespace(
        variant="theirs", seed=seed, test_hash="a" * 64, weights_hash=None, above=np.array(above), tied=np.array(tied)
    )


FILES = {"theirs": {"files": {}}}


@pytest.mark.parametrize(
    ("above", "tied", "other_above", "other_tied"),
    [
        ((3, 20, 20), (1, 1, 1), (3, 20, 21), (1, 1, 1)),  # lists of 20 and 21 items: one has the target in place 21
        ((19, 19, 20), (1, 1, 1), (19, 19, 21), (1, 281, 1)),  # and shows that place 20 ties with it
        ((3, 20, 20), (1, 1, 1), (3, 19, 18), (1, 281, 3)),  # a target that one lacks ties with the other's end
        ((3, 19, 20), (1, 281, 1), (3, 19, 150), (1, 2, 1)),  # a list and the exact counts
    ],
)
def test_one_run_in_two_lengths_is_one_run(above, tied, other_above, other_tied):
    runs = [listed(0, above, tied), listed(1, other_above, other_tied)]
    for pair in (runs, runs[::-1]):
        with pytest.raises(RecoreError, match=r"would count twice .*; give each the file of its own run, or name"):
            check_runs("demo", pair, 20, FILES)


@pytest.mark.parametrize(
    ("above", "tied"),
    [((3, 20, 4), (1, 1, 1)), ((3, 18, 21), (1, 2, 1)), ((0, 0, 0), (300, 300, 300))],
    ids=["another rank", "a tie that ends in time", "nothing but ties"],
)
def test_what_no_length_of_list_explains_is_another_run(above, tied):
    check_runs("demo", [listed(0, (3, 20, 20), (1, 1, 1)), listed(1, above, tied)], 20, FILES)


def test_the_way_out_of_equal_ranks_on_record_is_another_seed():
    with pytest.raises(RecoreError, match=r"would count twice .*; name only one of them in `seeds`$"):
        check_runs("demo", [run("kept", 0), run("kept", 1)], 20, {"kept": {"record": "old", "variant": "trm"}})
