"""The headline figure: every planned difference with its interval, and the margin below which none matters.

One row of panels a dataset, one column a metric. An interval that would squeeze the others flat is cut at the edge
and its value is printed there, as forest plots do.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from recore.reporting.format import interval, metric_title, pair, points
from recore.reporting.style import BAND, BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILLION, legend, panels, styled

COLUMNS = [
    "comparison",
    "dataset",
    "a",
    "b",
    "metric",
    "level",
    "delta",
    "ci_lo",
    "ci_hi",
    "margin",
    "p_holm",
    "verdict",
]
LOOKS = {
    "better": (BLUE, "^", True),
    "worse": (VERMILLION, "v", True),
    "equivalent": (GREEN, "s", True),
    "negligible": (PURPLE, "D", True),
    "fragile": (ORANGE, "X", True),
    "inconclusive": (BLACK, "o", False),
    "no verdict": (GREY, "o", False),  # fewer than five seeds, or nothing to test with
}
TEXTS = {"no verdict": "no verdict (fewer than 5 seeds, or no noise)", "fragile": "fragile (few sessions carry it)"}
# Differences beyond this many times the panel's median reach (or its margin) are cut.
REACH = 2.5


def forest_table(comparisons: pd.DataFrame, metrics: list[str]) -> pd.DataFrame:
    """``forest.csv``: the comparisons of the metrics shown, as percentage points (``COLUMNS``).

    One that few sessions carry has no interval.
    """
    table = comparisons[comparisons["metric"].isin(metrics)].copy()
    table["comparison"] = [pair(a, b) for a, b in zip(table["a"], table["b"], strict=True)]
    table.loc[table["few_sessions"], ["ci_lo", "ci_hi"]] = np.nan
    for column in ("delta", "ci_lo", "ci_hi", "margin"):
        table[column] *= 100
    return table[COLUMNS]


def forest_figure(table: pd.DataFrame, datasets: list[str], metrics: list[str]) -> Figure:
    """The figure of a ``forest_table``; a grid of len(datasets) × len(metrics) panels."""
    n_rows = max((len(table) // max(len(datasets) * len(metrics), 1)), 1)
    height = len(datasets) * (0.75 + 0.27 * n_rows) + 0.9
    with styled():
        figure, axes = panels(len(datasets), len(metrics), height)
        for i, dataset in enumerate(datasets):
            for j, metric in enumerate(metrics):
                rows = table[(table["dataset"] == dataset) & (table["metric"] == metric)]
                _panel(axes[i, j], rows, labelled=j == 0)
                axes[i, j].set_title(f"{dataset}: {metric_title(metric)}")
        for axis in axes[-1]:
            axis.set_xlabel("difference in percentage points")
        legend(figure, _legend(table), 4)
    return figure


def _panel(axis: Axes, rows: pd.DataFrame, labelled: bool) -> None:
    low, high = _window(rows)
    if rows["margin"].notna().any():
        axis.axvspan(-rows["margin"].iloc[0], rows["margin"].iloc[0], color=BAND, linewidth=0)
    axis.axvline(0, color=GREY, linewidth=0.8)
    for y, (row, cut) in enumerate(zip(rows.itertuples(), _is_cut(rows), strict=True)):
        if cut:
            _cut(axis, y, row, low, high)
        else:
            _row(axis, y, row)
    axis.set_xlim(low, high)
    axis.xaxis.set_major_locator(MaxNLocator(6))
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_yticks(range(len(rows)), rows["comparison"] if labelled else [""] * len(rows))
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)


def _cut(axis: Axes, y: int, row: object, left: float, right: float) -> None:
    """An arrow that leaves the panel, the mark of the verdict and the value inside."""
    color, marker, filled = LOOKS[row.verdict or "no verdict"]
    edge, inward = (right, left - right) if row.delta > 0 else (left, right - left)
    axis.plot([edge + 0.015 * inward], [y], marker=">" if row.delta > 0 else "<", color=GREY, markersize=7)
    _mark(axis, edge + 0.06 * inward, y, color, marker, filled)
    known = "" if np.isnan(row.ci_lo) else f"  {interval(row.ci_lo / 100, row.ci_hi / 100)}"
    text = f"{points(row.delta / 100)}{known}"
    text = axis.text(edge + 0.09 * inward, y, text, ha="right" if row.delta > 0 else "left", va="center", color=color)
    text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1})


def _bounds(row: object) -> np.ndarray:
    return np.nan_to_num([row.ci_lo, row.ci_hi], nan=row.delta)


def _row(axis: Axes, y: int, row: object) -> None:
    color, marker, filled = LOOKS[row.verdict or "no verdict"]
    low, high = _bounds(row)
    axis.plot([low, high], [y, y], color=color, linewidth=2, solid_capstyle="butt")
    _mark(axis, row.delta, y, color, marker, filled)


def _mark(axis: Axes, x: float, y: int, color: str, marker: str, filled: bool) -> None:
    face = color if filled else "white"
    axis.plot([x], [y], marker=marker, color=color, markerfacecolor=face, markersize=7, linestyle="none")


def _window(rows: pd.DataFrame) -> tuple[float, float]:
    """The span of a panel: the margin and every interval, but those whose middle lies too far out."""
    margin = float(np.nan_to_num(rows["margin"].max()))
    bounds = rows[["delta", "ci_lo", "ci_hi"]]
    kept = bounds[~_is_cut(rows)].to_numpy(dtype=float)
    kept = kept[~np.isnan(kept)]
    low, high = min([-margin, *kept]), max([margin, *kept])
    room = max(0.06 * (high - low), 1e-3)
    return low - room, high + room


def _is_cut(rows: pd.DataFrame) -> pd.Series:
    """Which differences of a panel lie too far out for its span."""
    reach = float(np.nan_to_num(rows[["delta", "ci_lo", "ci_hi"]].abs().max(axis=1).median()))
    return rows["delta"].abs() > REACH * max(float(np.nan_to_num(rows["margin"].max())), reach)


def _legend(table: pd.DataFrame) -> list[Line2D | Patch]:
    present = [verdict or "no verdict" for verdict in table["verdict"]]
    handles: list[Line2D | Patch] = []
    for label, (color, marker, filled) in LOOKS.items():
        if label in present:
            face = color if filled else "white"
            text = TEXTS.get(label, label)
            handles.append(Line2D([], [], color=color, marker=marker, markerfacecolor=face, markersize=7, label=text))
    if table["margin"].notna().any():
        handles.append(Patch(color=BAND, label="margin: too small to matter"))
    if any(_is_cut(rows).any() for _, rows in table.groupby(["dataset", "metric"])):
        handles.append(Line2D([], [], color=GREY, marker="<", linestyle="none", markersize=7, label="off the scale"))
    return handles
