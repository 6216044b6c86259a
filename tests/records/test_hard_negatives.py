"""What SENSITIVITY.md shows of K and lambda."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recore import RecoreError, params
from recore.records import hard_negatives

RESULTS = Path(__file__).parents[2] / "docs/results"
METRICS = ("mrr@20", "recall@20")


def rows_of(k: int, weight: float, delta: float, **changes) -> list[dict]:
    row = {"hard_neg_k": k, "hard_neg_lambda": weight, "dataset": "d", "a": f"hn_{k}", "b": "trm", "verdict": "better"}
    row |= {"delta": delta, "ci_lo": delta - 0.001, "ci_hi": delta + 0.001, "margin": 0.002, "delta_shown": delta}
    return [row | {"metric": metric, "effective_sessions": 90.0} | changes for metric in METRICS]


@pytest.fixture
def comparisons() -> pd.DataFrame:
    rows = rows_of(1, 0.1, 0.0011) + rows_of(1, 0.5, -0.0012, verdict="worse")
    rows += rows_of(20, 0.1, 0.0013, verdict="inconclusive")
    return pd.DataFrame(rows + rows_of(20, 0.5, 0.0014, verdict="fragile", effective_sessions=3.25))


def test_a_setting_is_that_of_the_row_and_else_of_the_grid_that_trained_it():
    given = params.load(RESULTS / "sensitivity_tenth/params.yaml")
    names = ["hn_1_5", "hn_64_1", "hn", "hn64"]  # the last two were trained in switches_tenth
    found = [tuple(hard_negatives.setting(given, name, RESULTS).values()) for name in names]
    assert found == [(1, 0.5), (64, 0.1), (5, 0.2), (64, 0.2)]


def test_every_planned_setting_is_another_one():
    given = params.load(RESULTS / "sensitivity_tenth/params.yaml")
    planned = pd.DataFrame(given.at("significance.comparisons"), columns=["a", "b"]).assign(
        dataset="d", metric="mrr@20"
    )
    found = hard_negatives.with_settings(planned, given, RESULTS)
    assert {*zip(found["hard_neg_k"], found["hard_neg_lambda"], strict=True)} == {
        (k, weight) for k in (1, 5, 20, 64) for weight in (0.1, 0.2, 0.5)
    }


@pytest.mark.parametrize("names", [["hn_1_5", "hn_1_5"], ["hn_1_5", "hn_1_1", "hn_64_1"]])
def test_a_grid_has_each_k_with_each_lambda_once(names):
    given = params.load(RESULTS / "sensitivity_tenth/params.yaml")
    table = pd.DataFrame({"a": names}).assign(b="trm", dataset="d", metric="mrr@20")
    with pytest.raises(RecoreError, match="each K with each lambda once"):
        hard_negatives.with_settings(table, given, RESULTS)


@pytest.mark.parametrize("column", ["b", "dataset"])
def test_a_grid_is_of_one_dataset_against_one_variant(column):
    given = params.load(RESULTS / "sensitivity_tenth/params.yaml")
    table = pd.DataFrame({"a": ["hn_1_5", "hn_1_1"], "b": "trm", "dataset": "d", "metric": "mrr@20"})
    table[column] = ["one", "two"]
    with pytest.raises(RecoreError, match=f"one {column} in all its comparisons, not one, two"):
        hard_negatives.with_settings(table, given, RESULTS)


def test_both_signs_of_what_is_real_and_small_and_no_session_too_many():
    rows = rows_of(1, 0.1, 0.0011, verdict="negligible", delta_shown=-0.0001)
    rows += rows_of(1, 0.5, 0.0014, verdict="fragile", effective_sessions=14.976)
    table = hard_negatives.grid_table(pd.DataFrame(rows), "mrr@20")
    assert table.iloc[0].to_list() == ["1", "+0.11 [+0.01, +0.21] ▼≈", "+0.14 † 14.9"]


def test_the_grid_shows_every_setting(comparisons):
    assert hard_negatives.grid_table(comparisons, "mrr@20").to_csv(index=False, sep="|").splitlines() == [
        "K|λ = 0.1|λ = 0.5",
        "1|+0.11 [+0.01, +0.21] ▲|−0.12 [−0.22, −0.02] ▼",
        "20|+0.13 [+0.03, +0.23]|+0.14 † 3.2",
    ]


def test_the_figure_has_a_panel_a_metric_and_a_line_a_lambda(comparisons):
    figure = hard_negatives.grid_figure(comparisons, METRICS)
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["MRR@20", "Recall@20"]
    for axis in figure.axes:
        lines = [line for line in axis.get_lines() if len(line.get_xdata()) == 2 and line.get_marker() != "None"]
        assert np.allclose([line.get_ydata() for line in lines], [[0.11, 0.13], [-0.12, 0.14]])
        assert [label.get_text() for label in axis.get_xticklabels()] == ["1", "20"]
        assert axis.get_xticks().tolist() == [0, 1]
        assert np.allclose([line.get_xdata() for line in lines], [[-0.08, 0.92], [0.08, 1.08]])
        assert axis.patches[0].get_y() == pytest.approx(-0.2)
        assert axis.patches[0].get_height() == pytest.approx(0.4)  # the margin, both ways
        named = {line.get_label(): line for line in figure.legends[0].get_lines()}
        assert [line.get_color() for line in lines] == [named[f"λ = {weight}"].get_color() for weight in (0.1, 0.5)]


def test_what_is_fragile_has_a_hollow_mark_and_no_interval(comparisons):
    figure = hard_negatives.grid_figure(comparisons, METRICS)
    for axis in figure.axes:
        hollow = [line for line in axis.get_lines() if line.get_markerfacecolor() == "white" and len(line.get_xdata())]
        assert [line.get_ydata().round(9).tolist() for line in hollow] == [[0.14]]
        drawn = [segment[:, 1].round(9).tolist() for bars in axis.collections for segment in bars.get_segments()]
        assert sorted(drawn) == [[-0.22, -0.02], [0.01, 0.21], [0.03, 0.23]]
    assert "fragile" in [text.get_text() for text in figure.legends[0].get_texts()]
