"""Metrics against brute force over every order of the tied items, and against known values."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recore import RecoreError
from recore.evaluation.metrics import metric_names, metric_table, optimistic, pessimistic


def ranks(scores: np.ndarray, target: int) -> tuple[int, int]:
    return int((scores > scores[target]).sum()), int((scores == scores[target]).sum())


def one(above: int, tied: int, k: int, table=metric_table) -> dict[str, float]:
    values = table(np.array([above], np.int32), np.array([tied], np.int32), [k])
    return {name: float(value[0]) for name, value in values.items()}


def test_names_are_those_of_the_table():
    table = metric_table(np.array([0]), np.array([1]), [20, 10, 5])
    assert list(table) == metric_names([20, 10, 5])
    assert all(values.dtype == np.float64 for values in table.values())


@given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.integers(1, 7), st.data())
def test_expectation_over_every_order_of_the_items(scores, k, data):
    target = data.draw(st.integers(0, len(scores) - 1))
    hits, reciprocal, gain = [], [], []
    # Sorting by (score, tie-break) under every permutation as tie-break is the definition.
    for order in itertools.permutations(range(len(scores))):
        ranked = sorted(range(len(scores)), key=lambda item: (-scores[item], order[item]))
        rank = ranked.index(target) + 1
        hits.append(rank <= k)
        reciprocal.append(1 / rank if rank <= k else 0)
        gain.append(1 / math.log2(1 + rank) if rank <= k else 0)
    found = one(*ranks(np.array(scores), target), k)
    assert found[f"recall@{k}"] == pytest.approx(np.mean(hits), abs=1e-12)
    assert found[f"mrr@{k}"] == pytest.approx(np.mean(reciprocal), abs=1e-12)
    assert found[f"ndcg@{k}"] == pytest.approx(np.mean(gain), abs=1e-12)


@given(st.integers(0, 50), st.integers(1, 50), st.integers(1, 30))
def test_bounds_enclose_and_meet_without_ties(above, tied, k):
    low, middle, high = (one(above, tied, k, table) for table in (pessimistic, metric_table, optimistic))
    for name in middle:
        assert low[name] - 1e-12 <= middle[name] <= high[name] + 1e-12
        if tied == 1:
            assert low[name] == middle[name] == high[name]
    assert high[f"recall@{k}"] == (above < k)
    assert low[f"recall@{k}"] == (above + tied <= k)


def test_a_constant_scorer_hits_k_of_n():
    n, k = 300, 20
    found = one(0, n, k)
    assert found["recall@20"] == pytest.approx(k / n)
    assert found["mrr@20"] == pytest.approx(sum(1 / i for i in range(1, k + 1)) / n)


def test_an_oracle_gets_one_and_the_last_place_nothing():
    best = one(0, 1, 20)
    assert [best[f"{name}@20"] for name in ("recall", "mrr", "ndcg")] == [1.0, 1.0, 1.0]
    assert set(one(20, 1, 20).values()) == {0.0}
    assert one(19, 1, 20)["mrr@20"] == pytest.approx(1 / 20)


def test_a_catalogue_smaller_than_the_cutoff_is_always_hit():
    assert one(3, 4, 20)["recall@20"] == 1.0


@pytest.mark.parametrize(
    ("above", "tied", "sentence"),
    [
        ([0, 1], [1, 0], "`tied` holds 0, but it counts the target too"),
        ([0, -1], [1, 1], "`above` holds -1, but it counts items"),
        ([0.0, np.nan], [1, 1], "`above` is float64"),
        ([0, 1], [1], "`above` has 2 cases and `tied` 1"),
        ([], [], "no case"),
    ],
)
def test_counts_that_cannot_be_ranks_are_refused(above, tied, sentence):
    above, tied = (np.array(values) if values else np.zeros(0, int) for values in (above, tied))
    with pytest.raises(RecoreError, match=sentence):
        metric_table(above, tied, [20])
