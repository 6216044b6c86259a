"""What each session adds to a difference: a dot a session, the one that weighs most named.

A mean over cases is a mean over sessions weighted by length. Where its dots lie close together, many sessions speak;
where one stands alone, that one does. The contributions of a comparison sum to its Δ.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recore.reporting.format import metric_title, pair, points
from recore.reporting.style import BLUE, GREY, LIGHT, VERMILLION, legend, panels, says, styled

TOP = 10  # sessions a comparison in the csv
# fmt: off
COLUMNS = [
    "dataset", "comparison", "rank", "session", "cases", "contribution", "delta", "delta_without", "share_variance",
]
# fmt: on


def influence_table(sessions: pd.DataFrame, comparisons: pd.DataFrame) -> pd.DataFrame:
    """``influence.csv``: the ``TOP`` sessions of every comparison by what Δ becomes without them, in points.

    sessions: rows of ``comparisons.session_table`` with a column dataset; comparisons: the rows of the same metric of
    ``family.corrected``.
    """
    frames = [pd.DataFrame(columns=COLUMNS)]
    for row in comparisons.itertuples():
        own = _of(sessions, row)
        weight = own["left_out"] ** 2
        table = own.assign(
            comparison=pair(row.a, row.b),
            rank=weight.fillna(0.0).rank(ascending=False, method="first"),
            contribution=100 * own["contribution"],
            delta=100 * row.delta,
            delta_without=100 * (row.delta + own["left_out"]),
            share_variance=weight / weight.sum(),
        )
        frames.append(table[COLUMNS].sort_values("rank").head(TOP).astype({"rank": int}))
    return pd.concat([frame for frame in frames if not frame.empty] or frames[:1], ignore_index=True)


def influence_figure(sessions: pd.DataFrame, comparisons: pd.DataFrame, datasets: list[str], metric: str) -> Figure:
    """A panel a dataset, a row a comparison; one line where nothing is compared."""
    if comparisons.empty:
        return says("No comparison is planned: no session adds to one.")
    height = len(datasets) * (0.75 + 0.3 * (len(comparisons) // len(datasets))) + 0.7
    with styled():
        figure, axes = panels(len(datasets), 1, height)
        for axis, dataset in zip(axes[:, 0], datasets, strict=True):
            _panel(axis, sessions, comparisons[comparisons["dataset"] == dataset])
            axis.set_title(f"{dataset}: {metric_title(metric)}")
        axes[-1, 0].set_xlabel("what a session adds to Δ (percentage points)")
        handles = [
            Line2D([], [], color=BLUE, marker="o", linestyle="none", markersize=4, alpha=0.5, label="a session"),
            Line2D([], [], color=VERMILLION, marker="o", linestyle="none", label="the one that weighs most, named"),
        ]
        legend(figure, handles, 2)
    return figure


def _of(sessions: pd.DataFrame, row: object) -> pd.DataFrame:
    chosen = (sessions["dataset"] == row.dataset) & (sessions["a"] == row.a) & (sessions["b"] == row.b)
    return sessions[chosen]


def _panel(axis: Axes, sessions: pd.DataFrame, rows: pd.DataFrame) -> None:
    axis.axvline(0, color=LIGHT, linewidth=0.8)
    for y, row in enumerate(rows.itertuples()):
        own = _of(sessions, row)
        axis.plot(
            *(100 * own["contribution"], np.full(len(own), y)),
            *("o",),
            color=BLUE,
            markersize=4,
            alpha=0.35,
            markeredgewidth=0,
            rasterized=True,
        )
        axis.text(1.01, y, _said(row), transform=axis.get_yaxis_transform(), va="center", fontsize=8, color=GREY)
        largest = own[own["session"] == row.largest_session]
        axis.plot(100 * largest["contribution"], [y] * len(largest), "o", color=VERMILLION, markersize=6)
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_yticks(range(len(rows)), [pair(row.a, row.b) for row in rows.itertuples()])
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)


def _said(row: object) -> str:
    if np.isnan(row.effective_sessions):
        return "one session"
    return (
        f"session {row.largest_session:.0f} ({row.largest_cases:.0f} of {row.n_cases:,} cases):\n"
        f"{points(row.delta)} → {points(row.delta_without)} without it"
    )
