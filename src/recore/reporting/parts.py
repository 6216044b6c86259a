"""Where a difference comes from: what repeated and new items add to each planned Δ, as a table and stacked bars.

A bar to the right is a group in which the first of the two is better; the bars of a row sum to its Δ, the black mark.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from recore.reporting.format import interval, metric_title, pair, points
from recore.reporting.style import BLACK, BLUE, GREY, ORANGE, SKY, legend, panels, says, styled

# As ``evaluation.breakdowns`` names them.
REPEAT = "repeat"
COLORS = {"immediate repeat": ORANGE, "earlier repeat": SKY, "new": BLUE}
FIRST = ["dataset", "a", "b", "metric", "breakdown", "group"]


def contributions_table(parts: pd.DataFrame) -> pd.DataFrame:
    """``contributions.csv``: the rows of ``significance.parts``, the dataset first."""
    return parts[[*FIRST, *(name for name in parts if name not in FIRST)]]


def parts_text(parts: pd.DataFrame, metric: str, alpha: float, fewest: float) -> pd.DataFrame:
    """Text: a row a dataset and pair, for each group its difference with interval and what it adds to Δ.

    A group below ``fewest`` effective sessions has a † for an interval. Empty where nothing is known of groups.
    """
    lines = []
    if parts.empty:
        return pd.DataFrame(lines)
    level = f"{100 * (1 - alpha):g} % CI"
    for row in parts[parts["metric"] == metric].itertuples():
        few = row.effective_sessions < fewest
        lines.append(
            {
                "Dataset": row.dataset,
                "Comparison": pair(row.a, row.b),
                "Target": row.group,
                "Cases": f"{row.n_cases:,}",
                "Δ there (points)": points(row.delta),
                level: "†" if few and row.n_seeds not in (1, 2) else interval(row.ci_lo, row.ci_hi),
                "Adds to Δ (points)": points(row.part),
            }
        )
    return pd.DataFrame(lines)


def parts_figure(parts: pd.DataFrame, datasets: list[str], metrics: list[str]) -> Figure:
    """A grid of len(datasets) × len(metrics) panels, a row a comparison; one line where nothing is compared."""
    if parts.empty:
        return says("No comparison is planned, or its cases are not known: no group adds to one.")
    n_rows = len(parts[["a", "b"]].drop_duplicates())
    with styled():
        figure, axes = panels(len(datasets), len(metrics), len(datasets) * (0.75 + 0.27 * n_rows) + 0.9)
        for i, dataset in enumerate(datasets):
            for j, metric in enumerate(metrics):
                rows = parts[(parts["dataset"] == dataset) & (parts["metric"] == metric)]
                _panel(axes[i, j], rows, labelled=j == 0)
                axes[i, j].set_title(f"{dataset}: {metric_title(metric)}")
        for axis in axes[-1]:
            axis.set_xlabel("percentage points of Δ")
        handles: list[Any] = [Patch(color=COLORS[name], label=name) for name in COLORS if name in set(parts["group"])]
        handles.append(Line2D([], [], color=BLACK, marker="|", markersize=9, linestyle="none", label="Δ, their sum"))
        legend(figure, handles, 4)
    return figure


def _panel(axis: Axes, rows: pd.DataFrame, labelled: bool) -> None:
    axis.axvline(0, color=GREY, linewidth=0.8)
    names = []
    for y, ((a, b), own) in enumerate(rows.groupby(["a", "b"], sort=False)):
        names.append(pair(a, b))
        ends = {True: 0.0, False: 0.0}  # of the bars to the right, and to the left
        for part in own.itertuples():
            width, right = 100 * part.part, part.part > 0
            axis.barh(y, width, left=ends[right], height=0.6, color=COLORS[part.group])
            ends[right] += width
        axis.plot([100 * own["part"].sum()], [y], marker="|", color=BLACK, markersize=13, markeredgewidth=2)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.set_yticks(range(len(names)), names if labelled else [""] * len(names))
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
