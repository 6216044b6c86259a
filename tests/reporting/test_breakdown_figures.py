"""Figures by prefix length, of the seeds and of what more seeds would find: what they draw is what the tables hold."""

import math

import numpy as np
import pandas as pd
import pytest

from recore.reporting.breakdowns import gate_figure, group_table, of_length, prefix_figure
from recore.reporting.mde import mde_figure, mde_table
from recore.reporting.seeds import seeds_figure

PAIR = "da \N{MINUS SIGN} trm"


def groups(metric="mrr@20", variants=("trm", "da")) -> pd.DataFrame:
    rows = [
        {
            "dataset": "demo",
            "variant": variant,
            "metric": metric,
            "breakdown": "prefix length",
            "group": label,
            "n_cases": (1000, 9999, 20329)[i],
            "n_sessions": 10,
            "n_seeds": 2,
            "mean": 0.2 + 0.1 * i + 0.01 * j,
            "ci_lo": 0.15 + 0.1 * i,
            "ci_hi": 0.25 + 0.1 * i + 0.02 * j,
            "std": 0.001,
            "effective_sessions": 100.0,
        }
        for j, variant in enumerate(variants)
        for i, label in enumerate(("1", "2", "3+"))
    ]
    return pd.DataFrame(rows)


def test_prefix_lengths_are_drawn_in_percent_with_their_intervals():
    figure = prefix_figure(of_length(groups(), "mrr@20", 15), ["demo"], ["trm", "da"], "trm", "mrr@20")
    (axis,) = figure.axes
    bars = axis.containers
    assert [list(bar.lines[0].get_ydata()) for bar in bars] == [
        pytest.approx([20, 30, 40]),
        pytest.approx([21, 31, 41]),
    ]
    low, high = bars[1].lines[2][0].get_segments()[0][:, 1]
    assert (low, high) == pytest.approx((15, 27))
    assert [label.get_text() for label in axis.get_xticklabels()] == ["1\n(1,000)", "2\n(9,999)", "3+\n(20k)"]
    assert axis.get_ylabel() == "MRR@20 (%)"


def test_points_of_two_variants_stand_side_by_side():
    figure = prefix_figure(of_length(groups(), "mrr@20", 15), ["demo"], ["trm", "da"], "trm", "mrr@20")
    first, second = (bar.lines[0].get_xdata()[0] for bar in figure.axes[0].containers)
    assert first < 0 < second


def test_the_gate_is_drawn_for_those_who_have_one_in_their_own_colour():
    gates = of_length(groups("gate", ("da",)), "gate", 15)
    figure = gate_figure(gates, ["demo"], ["trm", "da"], "trm")
    (bar,) = figure.axes[0].containers
    assert bar.lines[0].get_color() == "#E69F00"
    assert [text.get_text() for text in figure.legends[0].get_texts()][:-1] == ["da"]


def test_without_a_gate_the_figure_says_so():
    figure = gate_figure(of_length(groups(), "gate", 15), ["demo"], ["trm", "da"], "trm")
    assert [text.get_text() for text in figure.texts] == ["No variant of this grid has a gate."]


def test_the_table_of_groups_has_their_cases_first():
    table = group_table(groups(), "prefix length", "mrr@20", 15)
    assert table.iloc[0].tolist() == ["demo", "(cases)", "1,000", "9,999", "20,329"]
    assert table.iloc[2].tolist()[:3] == ["demo", "da", "21.00 [15.00, 27.00]"]
    assert group_table(groups().assign(ci_lo=math.nan), "prefix length", "mrr@20", 15).iloc[1, 2] == "20.00"


def test_a_group_that_few_sessions_carry_has_no_interval():
    few = groups().assign(effective_sessions=[14.9, 15.0, 100.0] * 2)
    table = group_table(few, "prefix length", "mrr@20", 15)
    assert table.iloc[1].tolist() == ["demo", "trm", "20.00 †", "30.00 [25.00, 35.00]", "40.00 [35.00, 45.00]"]
    lengths = of_length(few, "mrr@20", 15)
    assert lengths["ci_lo"].isna().tolist() == [True, False, False] * 2
    assert lengths["mean"].notna().all()
    (axis,) = prefix_figure(lengths, ["demo"], ["trm", "da"], "trm", "mrr@20").axes
    low, high = axis.containers[0].lines[2][0].get_segments()[0][:, 1]
    assert low == high


def measured(values: dict[str, list[float]]) -> pd.DataFrame:
    rows = [(v, seed, value) for v, runs in values.items() for seed, value in enumerate(runs)]
    return pd.DataFrame(rows, columns=["variant", "seed", "value"]).assign(dataset="demo", metric="mrr@20")


def test_every_run_is_a_dot_and_a_far_variant_is_cut_and_printed():
    runs = {"ave": [0.10, 0.11], "trm": [0.200, 0.201], "da": [0.202, 0.2005]}
    (axis,) = seeds_figure(measured(runs), ["demo"], list(runs), "trm", ["mrr@20"]).axes
    dots = [sorted(line.get_xdata()) for line in axis.lines if line.get_marker() == "o"]
    assert dots == [pytest.approx([20.0, 20.1]), pytest.approx([20.05, 20.2])]
    assert [text.get_text() for text in axis.texts] == ["10.00 to 11.00"]
    assert axis.get_xlim()[0] > 19
    # Runs of one seed are joined, top down.
    joined = [list(line.get_xdata()) for line in axis.lines if line.get_linewidth() == 0.8]
    assert joined == [pytest.approx([20.0, 20.2]), pytest.approx([20.1, 20.05])]


def test_one_run_each_is_drawn_too():
    (axis,) = seeds_figure(measured({"trm": [0.2], "da": [0.2]}), ["demo"], ["trm", "da"], "trm", ["mrr@20"]).axes
    assert np.diff(axis.get_xlim()) > 0


def projected(mde) -> pd.DataFrame:
    rows = {"dataset": "demo", "a": "da", "b": "trm", "metric": "mrr@20", "n_seeds": [3, 5, 10], "mde80": mde}
    return mde_table(pd.DataFrame(rows | {"at_hand": [np.nan, 0.0025, np.nan], "margin": 0.002}))


def test_mde_is_drawn_in_points_with_the_seeds_at_hand_and_the_margin():
    table = projected([0.004, 0.003, 0.002])
    assert table["comparison"].tolist() == [PAIR] * 3
    (axis,) = mde_figure(table, ["demo"], "mrr@20", 0.8).axes
    line, dot, margin = axis.lines
    assert list(line.get_ydata()) == pytest.approx([0.4, 0.3, 0.2])
    assert np.nanmax(dot.get_ydata()) == pytest.approx(0.25)
    assert margin.get_ydata()[0] == pytest.approx(0.2)
    assert axis.get_yscale() == "log"


def test_variants_that_agree_everywhere_leave_a_linear_axis():
    assert mde_figure(projected([0.0, 0.0, 0.0]), ["demo"], "mrr@20", 0.8).axes[0].get_yscale() == "linear"


def test_nothing_to_project_is_said():
    (text,) = mde_figure(projected([1, 1, 1]).iloc[:0], ["demo"], "mrr@20", 0.8).texts
    assert text.get_text().startswith("No comparison has three seeds")
