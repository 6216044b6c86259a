"""Every K and lambda of the hard negatives against the same runs without: a table and a figure of SENSITIVITY.md.

In the record that they show, each setting is a row of ``variants``.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from recore import RecoreError, params
from recore.reporting.format import carried, interval, mark, metric_title, points
from recore.reporting.style import BAND, CYCLE, GREY, legend, panels, styled

SETTING = ("hard_neg_k", "hard_neg_lambda")
MARKERS = ("o", "s", "D", "^", "v")
HOLLOW = {"markerfacecolor": "white", "linestyle": ""}
DODGE = 0.16  # of the distance between two K


def with_settings(comparisons: pd.DataFrame, given: params.Params, records: Path) -> pd.DataFrame:
    """The comparisons of a record, with K and lambda of their first variant in the columns ``SETTING``.

    records: the folder of the records, as a row may have been trained in another one. RecoreError where it is not each
    K with each lambda once, on one dataset against one variant.
    """
    settings = [setting(given, name, records) for name in comparisons["a"]]
    table = comparisons.assign(**{key: [own[key] for own in settings] for key in SETTING})
    for column in ("dataset", "b"):
        if len(found := table[column].unique()) > 1:
            raise RecoreError(f"a grid of K and lambda has one {column} in all its comparisons, not {', '.join(found)}")
    times = table.groupby(["metric", *SETTING]).size()
    if times.max() > 1 or len(times) != table[["metric", *SETTING]].nunique().prod():
        raise RecoreError("a grid of K and lambda has each K with each lambda once; add or remove rows of `variants`")
    return table


def setting(given: params.Params, name: str, records: Path) -> dict[str, float]:
    """K and lambda that a variant was trained with, in the record that trained it."""
    if taken := given.external().get(name):
        return setting(params.load(records / taken["record"] / "params.yaml"), taken["variant"], records)
    row = given.at(f"variants.hybrid.{name}")
    return {key: row.get(key, given.at(key)) for key in SETTING}


def grid_table(comparisons: pd.DataFrame, metric: str) -> pd.DataFrame:
    """K down, lambda across: difference, interval and the sign of the verdict, or † and the effective sessions.

    comparisons: as ``with_settings`` has them.
    """
    rows = comparisons[comparisons["metric"] == metric]
    cells = {(row.hard_neg_k, row.hard_neg_lambda): _outcome(row) for row in rows.itertuples()}
    ks, weights = (sorted(set(values)) for values in zip(*cells, strict=True))
    return pd.DataFrame({"K": map(str, ks)} | {f"λ = {w:g}": [cells[k, w] for k in ks] for w in weights})


def grid_figure(comparisons: pd.DataFrame, metrics: Sequence[str]) -> Figure:
    """Difference and interval against K, a line a lambda, a panel a metric. What is fragile has a hollow mark, and no
    interval, as it has none that could be leaned on."""
    weights = sorted(comparisons["hard_neg_lambda"].unique())
    with styled():
        figure, axes = panels(1, len(metrics), 3.4)
        for axis, metric in zip(axes[0], metrics, strict=True):
            _panel(axis, comparisons[comparisons["metric"] == metric], weights)
            axis.set_title(metric_title(metric))
            axis.set_xlabel("K, hard negatives a case")
        first = comparisons.iloc[0]
        axes[0, 0].set_ylabel(f"Δ against {first['b']} (points)")
        handles = [Line2D([], [], label=f"λ = {weight:g}", **_look(i)) for i, weight in enumerate(weights)]
        if (comparisons["verdict"] == "fragile").any():
            handles.append(Line2D([], [], label="fragile", **_look(0) | {"color": GREY} | HOLLOW))
        handles.append(Patch(color=BAND, label="margin: too small to matter"))
        legend(figure, handles, len(handles))
    return figure


def _panel(axis: Axes, rows: pd.DataFrame, weights: list[float]) -> None:
    ks = sorted(rows["hard_neg_k"].unique())
    margin = 100 * rows["margin"].iloc[0]
    axis.axhspan(-margin, margin, color=BAND, linewidth=0)
    axis.axhline(0, color=GREY, linewidth=0.8)
    for i, weight in enumerate(weights):
        line = rows[rows["hard_neg_lambda"] == weight].sort_values("hard_neg_k")
        x = line["hard_neg_k"].map(ks.index) + DODGE * (i - (len(weights) - 1) / 2)
        fragile = line["verdict"] == "fragile"
        low, high = (100 * line.loc[~fragile, end] for end in ("ci_lo", "ci_hi"))
        axis.vlines(x[~fragile], low, high, color=_look(i)["color"], linewidth=2)
        axis.plot(x, 100 * line["delta"], **_look(i))
        axis.plot(x[fragile], 100 * line.loc[fragile, "delta"], **_look(i) | HOLLOW)
    axis.set_xticks(range(len(ks)), [f"{k}" for k in ks])


def _look(i: int) -> dict[str, object]:
    return {"color": CYCLE[i], "marker": MARKERS[i], "markersize": 6, "linewidth": 1}


def _outcome(row: object) -> str:
    if row.verdict == "fragile":
        return f"{points(row.delta)} † {carried(row.effective_sessions)}"
    return f"{points(row.delta)} {interval(row.ci_lo, row.ci_hi)} {mark(row.verdict, row.delta_shown)}".rstrip()
