"""Which datasets are windows of one log, and what their verdicts come to together."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recore.significance.windows import COLUMNS, logs_of, replicated, replication, windows_of, written


def source(recent, skip=None, file="log.csv", format="srgnn"):
    split = {"recent": recent} if skip is None else {"recent": recent, "skip": skip}
    fetch = {"files": {file: {"url": None, "sha256": "0" * 64}}}
    return {"fetch": fetch, "read": {"format": format, "comparable": False}, "split": split, "train": {}}


def test_windows_are_of_the_same_bytes_read_alike_newest_first():
    sources = {
        "before": source(0.05, 0.05),
        "other": source(0.05, 0.05, file="other.csv"),
        "newest": source(0.05),
        "read_otherwise": source(0.05, 0.1, format="core_inter"),
        "not_configured": source(0.05, 0.1),
    }
    datasets = ["before", "other", "newest", "read_otherwise"]
    assert windows_of(sources, datasets) == [["newest", "before"]]
    assert logs_of(sources, datasets) == [["before", "newest"]]


def test_each_log_has_a_group_in_the_order_of_the_datasets():
    sources = {f"{log}{k}": source(0.1, k / 10, file=log) for log in "ab" for k in range(3)}
    assert windows_of(sources, ["b2", "a0", "b0", "a1", "b1"]) == [["b0", "b1", "b2"], ["a0", "a1"]]


def test_shares_touch_as_they_are_written():
    # 0.1 + 0.2 is above 0.3 in floating point.
    sources = {"newest": source(0.2, 0.1), "before": source(0.1, 0.3)}
    assert windows_of(sources, list(sources)) == [["newest", "before"]]


def test_windows_that_overlap_do_not_replicate():
    sources = {"newest": source(0.1), "both": source(0.2), "whole": source(1.0), "same": source(0.1, 0.0)}
    assert windows_of(sources, list(sources)) == []
    assert logs_of(sources, list(sources)) == [["newest", "both", "whole", "same"]]
    sources |= {"before": source(0.1, 0.1)}
    for order in itertools.permutations(sources):
        assert windows_of(sources, list(order)) == [["newest", "before"]]


SPANS = st.lists(st.tuples(st.integers(0, 8), st.integers(1, 5)), min_size=1, max_size=6)


@given(SPANS)
def test_the_largest_number_of_disjoint_windows_is_taken(spans):
    sources = {str(k): source(length / 20, start / 20) for k, (start, length) in enumerate(spans)}

    def disjoint(names):
        places = [set(range(spans[int(name)][0], sum(spans[int(name)]))) for name in names]
        return sum(map(len, places)) == len(set().union(*places))

    largest = max(n for n in range(1, len(spans) + 1) for c in itertools.combinations(sources, n) if disjoint(c))
    found = windows_of(sources, list(sources))
    assert [len(windows) for windows in found] == ([largest] if largest > 1 else [])
    for windows in found:
        assert disjoint(windows)
        starts = [spans[int(name)][0] for name in windows]
        assert starts == sorted(starts)


@pytest.mark.parametrize(
    ("windows", "together"),
    [
        ("better+ better+", "replicated"),
        ("worse- worse-", "replicated"),
        ("equivalent+ equivalent-", "replicated"),
        ("negligible- negligible-", "replicated"),
        ("better+ negligible+", "replicated"),
        ("worse- negligible-", "replicated"),
        ("equivalent+ negligible-", "replicated"),  # smaller than the margin in both
        ("better+ worse-", "contradicted"),
        ("better+ negligible-", "contradicted"),
        ("negligible+ negligible-", "contradicted"),
        ("better+ inconclusive+ worse-", "contradicted"),
        ("better+ inconclusive+", "not replicated"),
        ("better+ inconclusive-", "not replicated"),
        ("better+ fragile+", "not replicated"),
        ("equivalent+ fragile+", "not replicated"),
        ("better+ equivalent+", "not replicated"),
        ("better+ negligible+ equivalent+", "not replicated"),
        ("better+ better+ inconclusive+", "not replicated"),
        ("inconclusive+ inconclusive+", ""),
        ("fragile+ inconclusive-", ""),
        ("+ +", ""),
    ],
)
def test_what_the_windows_come_to(windows, together):
    verdicts = [text[:-1] for text in windows.split()]
    deltas = [0.01 if text[-1] == "+" else -0.01 for text in windows.split()]
    for order in itertools.permutations(range(len(verdicts))):
        assert replicated([verdicts[k] for k in order], [deltas[k] for k in order]) == together


LABELS = st.sampled_from(["better", "worse", "equivalent", "negligible", "inconclusive", "fragile", ""])


@given(st.lists(st.tuples(LABELS, st.sampled_from([-0.01, 0.01])), min_size=2, max_size=5))
def test_swapping_a_and_b_changes_nothing(windows):
    swapped = {"better": "worse", "worse": "better"}
    straight = replicated([verdict for verdict, _ in windows], [delta for _, delta in windows])
    mirrored = replicated([swapped.get(verdict, verdict) for verdict, _ in windows], [-delta for _, delta in windows])
    assert straight == mirrored


def rows(**columns) -> pd.DataFrame:
    base = {"a": "da", "b": "trm", "metric": "mrr@20", "level": "confirmed"}
    return pd.DataFrame(base | columns | {"delta_shown": columns["delta"]})


def test_a_row_a_log_metric_and_pair():
    table = pd.concat(
        [
            rows(dataset=["before", "other", "newest"], verdict=["better"] * 3, delta=[0.01, 0.5, 1 / 3]),
            rows(dataset=["newest", "before"], verdict=["worse", "inconclusive"], delta=[-0.2, 0.1], a="hn"),
            rows(dataset=["newest", "before"], verdict=["", ""], delta=[0.0, 0.1], metric="recall@20", level="n/a"),
        ]
    )
    table.loc[(table["metric"] == "recall@20") & (table["dataset"] == "newest"), "level"] = "exploratory"
    found = replication(table, [["newest", "before"]])
    assert list(found.columns) == COLUMNS
    assert found[["a", "metric", "level", "replicated"]].to_numpy().tolist() == [
        ["da", "mrr@20", "confirmed", "replicated"],
        ["hn", "mrr@20", "confirmed", "not replicated"],
        ["da", "recall@20", "n/a", ""],
    ]
    assert found["datasets"].tolist() == [["newest", "before"]] * 3
    assert found["deltas"].tolist() == [[1 / 3, 0.01], [-0.2, 0.1], [0.0, 0.1]]
    file = written(found)
    assert file["deltas"].tolist() == ["0.3333333333;0.01", "-0.2;0.1", "0;0.1"]
    assert file["verdicts"].tolist() == ["better;better", "worse;inconclusive", ";"]
    assert file["datasets"].unique().tolist() == ["newest;before"]


def test_the_order_of_the_rows_changes_nothing():
    table = rows(dataset=["newest", "before"], verdict=["better", "worse"], delta=[0.01, -0.01])
    straight, turned = (replication(t, [["newest", "before"]]) for t in (table, table.iloc[::-1]))
    pd.testing.assert_frame_equal(straight, turned)
    assert straight["replicated"].tolist() == ["contradicted"]


@pytest.mark.parametrize("windows", [[], [["newest", "before"]]])
def test_nothing_to_compare_gives_a_header(windows):
    nothing = rows(dataset=["other"], verdict=["better"], delta=[np.nan]).iloc[:0]
    assert list(written(replication(nothing, windows)).columns) == COLUMNS
    assert written(replication(nothing, windows)).empty
