"""Seed strip: every run as a dot, the mean as a bar. It shows by eye how far two runs of one model lie apart.

Dots of one seed are joined by a thin line, because the comparisons are paired by seed. A variant so far off that it
would squeeze the others flat is cut at the edge, and its range is printed there.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recore.reporting.format import metric_title, percent
from recore.reporting.style import GREY, panels, says, styled, variant_look

# A variant whose mean lies this many times the typical width away from the middle is cut.
REACH = 4


def seeds_figure(
    measured: pd.DataFrame, datasets: list[str], variants: list[str], baseline: str | None, metrics: list[str]
) -> Figure:
    """A grid of len(datasets) × len(metrics) panels; ``measured`` as in ``results``, values are fractions.

    What has no seeds has no strip.
    """
    measured = measured[measured["seed"].notna()]
    strips = [name for name in variants if name in set(measured["variant"])]
    if not strips:
        return says("No variant of this grid has seeds.")
    look = variant_look(variants, baseline)
    height = len(datasets) * (0.8 + 0.3 * len(strips)) + 0.2
    with styled():
        figure, axes = panels(len(datasets), len(metrics), height)
        for i, dataset in enumerate(datasets):
            for j, metric in enumerate(metrics):
                rows = measured[(measured["dataset"] == dataset) & (measured["metric"] == metric)]
                runs = 100 * rows.pivot_table(index="seed", columns="variant", values="value", sort=False)[strips]
                _panel(axes[i, j], runs, look, labelled=j == 0)
                axes[i, j].set_title(f"{dataset}: {metric_title(metric)}")
        for axis in axes[-1]:
            axis.set_xlabel("% (one dot a seed, bar at the mean)")
    return figure


def _panel(axis: Axes, runs: pd.DataFrame, look: dict[str, dict[str, object]], labelled: bool) -> None:
    """``runs`` is seeds × variants, in percent."""
    low, high = _window(runs)
    inside = [name for name in runs if low <= runs[name].mean() <= high]
    for _, values in runs.iterrows():  # with several looks a variant may have fewer seeds: a gap
        axis.plot(values[inside], [list(runs).index(name) for name in inside], color=GREY, alpha=0.35, linewidth=0.8)
    for y, name in enumerate(runs):
        color = look[name]["color"]
        if name not in inside:
            _cut(axis, y, runs[name], color, low, high)
            continue
        axis.plot(runs[name], [y] * len(runs), "o", color=color, markersize=5.5, alpha=0.75, markeredgewidth=0)
        axis.plot([runs[name].mean()] * 2, [y - 0.3, y + 0.3], color=color, linewidth=2)
    axis.set_xlim(low, high)
    axis.set_ylim(len(runs.columns) - 0.4, -0.6)
    axis.set_yticks(range(len(runs.columns)), list(runs) if labelled else [""] * len(runs.columns))
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)


def _cut(axis: Axes, y: int, values: pd.Series, color: object, low: float, high: float) -> None:
    right = values.mean() > high
    edge, inward = (high, low - high) if right else (low, high - low)
    axis.plot([edge + 0.015 * inward], [y], marker=">" if right else "<", color=color, markersize=7)
    text = f"{percent(values.min() / 100)} to {percent(values.max() / 100)}"
    axis.text(edge + 0.04 * inward, y, text, ha="right" if right else "left", va="center")


def _window(runs: pd.DataFrame) -> tuple[float, float]:
    """The span of a panel, in percent: every run, but those of variants far outside the typical width."""
    means = runs.mean()
    middle = means.median()
    typical = max(float((runs.max() - runs.min()).max()), float((means - middle).abs().median()), 0.05)
    kept = runs.loc[:, (means - middle).abs() <= REACH * typical].to_numpy()
    low, high = float(np.nanmin(kept)), float(np.nanmax(kept))
    room = max(0.08 * (high - low), 0.02)
    return low - room, high + room
