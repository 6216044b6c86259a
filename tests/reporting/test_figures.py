import numpy as np
import pandas as pd
import pytest
from matplotlib.lines import Line2D

from recore.reporting.curves import curve_rows, curves_figure
from recore.reporting.forest import LOOKS, forest_figure, forest_table
from recore.reporting.style import legend, panels, rendered, styled, variant_colors, variant_look


def comparisons(delta, half=0.001, verdict="better", margin=0.002) -> pd.DataFrame:
    delta = np.array(delta)
    return pd.DataFrame(
        {
            "dataset": "demo",
            "a": [f"v{i}" for i in range(len(delta))],
            "b": "trm",
            "metric": "mrr@20",
            "level": "confirmed",
            "delta": delta,
            "ci_lo": delta - half,
            "ci_hi": delta + half,
            "margin": margin,
            "p_holm": 0.01,
            "verdict": verdict,
            "few_sessions": np.array(verdict) == "fragile",
        }
    )


def panel(table):
    return forest_figure(forest_table(table, ["mrr@20"]), ["demo"], ["mrr@20"]).axes[0]


def test_forest_shows_every_interval_and_the_margin():
    axis = panel(comparisons([0.001, -0.003, 0.002]))
    low, high = axis.get_xlim()
    assert low < -0.4 < 0.3 < high
    assert [label.get_text() for label in axis.get_yticklabels()] == [f"v{i} \N{MINUS SIGN} trm" for i in range(3)]
    (band,) = axis.patches
    assert (band.get_x(), band.get_width()) == pytest.approx((-0.2, 0.4))


def test_a_difference_far_out_is_cut_and_printed():
    axis = panel(comparisons([0.001, 0.001, 0.002, -0.09]))
    assert axis.get_xlim()[0] > -1
    assert [text.get_text() for text in axis.texts] == ["\N{MINUS SIGN}9.00  [\N{MINUS SIGN}9.10, \N{MINUS SIGN}8.90]"]


def test_what_is_fragile_and_far_out_has_no_interval_there_either():
    verdicts = ["better", "better", "better", "fragile"]
    axis = panel(comparisons([0.001, 0.001, 0.002, -0.09], verdict=verdicts))
    assert [text.get_text() for text in axis.texts] == ["\N{MINUS SIGN}9.00"]
    assert [line.get_marker() for line in axis.lines if line.get_ydata()[0] == 3] == ["<", LOOKS["fragile"][1]]


@pytest.mark.parametrize(("deltas", "cut"), [([0.001, 0.001, 0.002, -0.09], True), ([0.001, -0.003, 0.002], False)])
def test_the_legend_knows_whether_anything_is_off_the_scale(deltas, cut):
    figure = forest_figure(forest_table(comparisons(deltas), ["mrr@20"]), ["demo"], ["mrr@20"])
    assert ("off the scale" in [text.get_text() for text in figure.legends[0].get_texts()]) == cut


def test_one_seed_has_a_point_and_no_interval():
    axis = panel(comparisons([0.001, 0.002], half=np.nan, verdict=""))
    assert np.isfinite(axis.get_xlim()).all()
    labels = [text.get_text() for text in axis.figure.legends[0].get_texts()]
    assert labels == ["no verdict (fewer than 5 seeds, or no noise)", "margin: too small to matter"]


def test_a_metric_without_margin_has_no_band():
    assert not panel(comparisons([0.001], margin=np.nan)).patches


def test_curves_draw_every_run_and_the_epoch_kept():
    history = pd.DataFrame({"epoch": [1, 2, 3], "loss": [3.0, 2, 1], "recall@20": 0.5, "mrr@20": [0.1, 0.3, 0.2]})
    curves = pd.concat([curve_rows(history, "demo", v, s, best_epoch=2) for v in ("trm", "da") for s in (0, 1)])
    figure = curves_figure(curves, ["demo"], ["trm", "da"], "trm")
    lines = figure.axes[1].lines
    assert len(lines) == 8
    assert list(lines[0].get_ydata()) == pytest.approx([10, 30, 20])
    assert (list(lines[1].get_xdata()), list(lines[1].get_ydata())) == ([2], pytest.approx([30]))


def test_every_variant_looks_different():
    look = variant_look([f"v{i}" for i in range(24)], "v3")
    assert len({(style["color"], style["linestyle"]) for style in look.values()}) == 24
    assert look["v3"]["color"] == "#000000"


def test_colours_are_those_of_the_other_figures_while_no_two_are_the_same():
    variants = [f"v{i}" for i in range(9)]
    look = variant_look(variants, "v0")
    some, clash = ["v0", "v6", "v8"], ["v2", "v8"]  # colours are used again from the seventh that is not the baseline
    assert variant_colors(some, variants, "v0") == {name: look[name]["color"] for name in some}
    assert look["v2"]["color"] == look["v8"]["color"]
    assert len(set(variant_colors(clash, variants, "v0").values())) == 2


def test_eighteen_variants_have_colours_of_their_own_beside_the_baseline():
    variants = [f"v{i}" for i in range(19)]
    colors = variant_colors(variants, variants, "v3")
    assert len(set(colors.values())) == 19
    assert colors["v3"] == "#000000"


@pytest.mark.parametrize(("length", "columns"), [(3, 6), (8, 5), (14, 3), (200, 1)])
def test_a_legend_has_as_many_columns_as_fit(length, columns):
    """Of the 1245 pixels an entry takes about 90, and 18 for each letter."""
    with styled():
        figure, _ = panels(1, 1, 2)
        legend(figure, [Line2D([], [], label="m" * length) for _ in range(6)], 6)
        (drawn,) = figure.legends
        assert drawn._ncols == columns
        assert drawn.get_window_extent().width <= figure.bbox.width or columns == 1


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_figure_is_the_same_bytes_every_time(kind):
    table = forest_table(comparisons([0.001, 0.002]), ["mrr@20"])
    first, second = (rendered(forest_figure(table, ["demo"], ["mrr@20"]), kind) for _ in range(2))
    assert first == second
    assert b"Matplotlib" not in first
    assert b"<dc:date>" not in first


def test_a_fragile_difference_has_a_point_of_its_own_kind_and_no_interval():
    table = forest_table(comparisons([0.001, 0.004], verdict=["better", "fragile"]), ["mrr@20"])
    assert table["ci_lo"].isna().tolist() == [False, True]
    axis = forest_figure(table, ["demo"], ["mrr@20"]).axes[0]
    assert [line.get_marker() for line in axis.lines if line.get_marker() in ("^", "X")] == ["^", "X"]
    labels = [text.get_text() for text in axis.figure.legends[0].get_texts()]
    assert labels[:2] == ["better", "fragile (few sessions carry it)"]
