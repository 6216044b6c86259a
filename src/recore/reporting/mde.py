"""The minimal detectable effect against the number of seeds: what more training runs would buy.

A dot is the MDE of the test itself, at the seeds at hand; the line is the projection from the variance components and
levels off where the sessions, not the seeds, are the noise. Below the margin, a difference that matters is found.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from recore.reporting.format import metric_title, pair
from recore.reporting.style import GREY, LIGHT, legend, says, styled, tiles, variant_look


def mde_table(projected: pd.DataFrame) -> pd.DataFrame:
    """``mde.csv``: the rows of ``projection.detectable_by_seeds`` in percentage points, with the pair's name."""
    table = projected.copy()
    table.insert(0, "comparison", [pair(a, b) for a, b in zip(table["a"], table["b"], strict=True)])
    table[["mde80", "at_hand", "margin"]] *= 100
    return table


def mde_figure(table: pd.DataFrame, datasets: list[str], metric: str, power: float) -> Figure:
    """A panel a dataset, from ``mde_table``; one line where there is nothing to project."""
    if table.empty:
        return says("No comparison has three seeds and enough sessions with noise: nothing to project to more seeds.")
    look = variant_look(list(dict.fromkeys(table["comparison"])), None)
    with styled():
        figure, axes = tiles(len(datasets), 2.9)
        for axis, dataset in zip(axes, datasets, strict=True):
            _panel(axis, table[table["dataset"] == dataset], look)
            axis.set_title(f"{dataset}: {metric_title(metric)}")
            axis.set_xlabel("seeds")
            axis.set_ylabel(f"MDE, power {100 * power:g} % (points)")
        handles = [Line2D([], [], label=name, **look[name]) for name in look]
        handles.append(
            Line2D([], [], color=GREY, marker="o", linestyle="none", label="the test itself, at the seeds at hand")
        )
        if table["margin"].notna().any():
            handles.append(Line2D([], [], color=GREY, linestyle="--", linewidth=1, label="margin"))
        legend(figure, handles, 4)
    return figure


def _panel(axis: Axes, rows: pd.DataFrame, look: dict[str, dict[str, object]]) -> None:
    for name, line in rows.groupby("comparison", sort=False):
        axis.plot(line["n_seeds"], line["mde80"], **look[name])
        axis.plot(line["n_seeds"], line["at_hand"], "o", color=look[name]["color"], markersize=5)
    if rows["margin"].notna().any():
        axis.axhline(rows["margin"].iloc[0], color=GREY, linestyle="--", linewidth=1)
    # Halving the effect is one step, whatever its size. Two arms that agree everywhere have 0, which no log shows.
    if (rows["mde80"] > 0).all():
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.yaxis.set_minor_formatter(NullFormatter())
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(axis="y", color=LIGHT, linewidth=0.7)
