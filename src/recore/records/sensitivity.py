"""What SENSITIVITY.md shows: tables and a figure of sweep.csv, and the margins that the records would bear.

A difference is equivalent under margin m where both one-sided tests reject (recore.significance.estimate), so alone
from m = |Δ| + t_{df, 1-α} · SE on, or |Δ| + t_{S-1, 1-α} · SE_sessions where that is more. In a family of n differences
under one m, Holm's steps need α/n of the first, α/(n-1) of the second, …: the margin of a difference is the smallest at
which the steps reach it.
"""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy import stats

from recore.reporting.format import interval, mark, metric_title, p_value, pair, percent, points
from recore.reporting.style import BAND, CYCLE, GREY, panels, styled
from recore.significance.correction import holm
from recore.significance.family import verdicts
from recore.significance.plan import Plan

HEADLINE = ("mrr@20", "recall@20")
MARKERS = ("o", "s", "D", "^", "v")
DODGE = 0.16  # of the distance between two K
SETTING = ["hard_neg_k", "hard_neg_lambda"]


def grid_rows(sweep: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows of a metric on all seeds: K x lambda."""
    return sweep[(sweep["metric"] == metric) & (sweep["n_seeds"] == sweep["n_seeds"].max())]


def grid_table(sweep: pd.DataFrame, metric: str) -> pd.DataFrame:
    """K down, lambda across: difference, interval and verdict."""
    cells = {(row.hard_neg_k, row.hard_neg_lambda): _outcome(row) for row in grid_rows(sweep, metric).itertuples()}
    ks, weights = (sorted(set(values)) for values in zip(*cells, strict=True))
    return pd.DataFrame({"K": map(str, ks)} | {f"λ = {w:g}": [cells[k, w] for k in ks] for w in weights})


def seeds_table(sweep: pd.DataFrame, base: dict[str, float]) -> pd.DataFrame:
    """The base setting by number of seeds, the headline metrics."""
    at_base = sweep[(sweep[SETTING] == [base[key] for key in SETTING]).all(axis=1)]
    rows = at_base[at_base["metric"].isin(HEADLINE)].sort_values(["metric", "n_seeds"])
    return pd.DataFrame(
        {
            "metric": rows["metric"].map(metric_title),
            "seeds": rows["n_seeds"].astype(str),
            "Δ": rows["delta"].map(points),
            "95 % interval": [interval(row.ci_lo, row.ci_hi) for row in rows.itertuples()],
            "p": rows["p"].map(p_value),
            "MDE": rows["mde80"].map(percent),
            "verdict": [verdict or level for verdict, level in zip(rows["verdict"], rows["level"], strict=True)],
        }
    )


def corrected_sentence(sweep: pd.DataFrame, metric: str, plan: Plan) -> str:
    """How many verdicts stay if the settings of the grid are one family."""
    rows = grid_rows(sweep, metric)
    sound = rows.where(~_fragile(rows, plan))
    rows = rows.assign(
        p_holm=holm(sound["p"].to_numpy()),
        p_tost_holm=holm(sound["p_tost"].to_numpy()),
        few_sessions=_fragile(rows, plan),
    )
    found = pd.Series(verdicts(rows, plan)).replace("", "no verdict").value_counts(sort=False)
    counts = ", ".join(f"{label} {count}" for label, count in found.items())
    return f"With the {len(rows)} settings as one family (Holm), {metric_title(metric)}: {counts}."


def smallest_margins(rows: pd.DataFrame, sessions: pd.Series, plan: Plan) -> pd.DataFrame:
    """Columns ``alone`` and ``family``: from which margin on the rows of one family are equivalent.

    rows: delta, se, df, se_sessions, effective_sessions; sessions: how many test sessions each has. NaN where a row has
    no standard error or is fragile; in a family it counts as never equivalent.
    """
    sound = rows.where(~_fragile(rows, plan))

    def needed_at(level: float) -> pd.Series:
        own = stats.t.isf(level, sound["df"]) * sound["se"]
        floor = stats.t.isf(level, sessions - 1) * sound["se_sessions"]
        return sound["delta"].abs() + np.maximum(own, floor)

    alone = needed_at(plan.alpha)
    family = pd.Series(np.nan, rows.index)
    reached, left = 0.0, rows.index
    while len(left):
        needed = needed_at(plan.alpha / len(left))[left]
        if needed.isna().all():
            break
        reached = max(reached, needed.min())
        family[needed.idxmin()] = reached
        left = left.drop(needed.idxmin())
    return pd.DataFrame({"alone": alone, "family": family})


def margin_table(comparisons: pd.DataFrame, sessions: dict[str, int], metric: str, plan: Plan) -> pd.DataFrame:
    """Every comparison of a record by a metric that has a margin: the smallest beside that of params.yaml.

    sessions: of each dataset's test set.
    """
    rows = comparisons[comparisons["metric"] == metric]
    smallest = smallest_margins(rows, rows["dataset"].map(sessions), plan)
    return pd.DataFrame(
        {
            "dataset": rows["dataset"],
            "comparison": [pair(a, b) for a, b in zip(rows["a"], rows["b"], strict=True)],
            f"Δ {metric_title(metric)}": rows["delta"].map(points),
            "95 % interval": [interval(row.ci_lo, row.ci_hi) for row in rows.itertuples()],
            "margin used": rows["margin"].map(percent),
            "verdict": rows["verdict"],
            "smallest margin, alone": smallest["alone"].map(_up),
            "smallest margin, Holm": smallest["family"].map(_up),
        }
    )


def sweep_figure(sweep: pd.DataFrame) -> Figure:
    """Difference and interval against K, a line a lambda, a panel a headline metric."""
    weights = sorted(sweep["hard_neg_lambda"].unique())
    with styled():
        figure, axes = panels(1, len(HEADLINE), 3.4)
        for axis, metric in zip(axes[0], HEADLINE, strict=True):
            _panel(axis, grid_rows(sweep, metric), weights)
            axis.set_title(metric_title(metric))
            axis.set_xlabel("K, hard negatives a case")
        first = sweep.iloc[0]
        axes[0, 0].set_ylabel(f"{pair(first['a'], first['b'])} (percentage points)")
        handles = [Line2D([], [], label=f"λ = {weight:g}", **_look(i)) for i, weight in enumerate(weights)]
        handles.append(Patch(color=BAND, label="margin: too small to matter"))
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _panel(axis: Axes, rows: pd.DataFrame, weights: list[float]) -> None:
    ks = sorted(rows["hard_neg_k"].unique())
    margin = 100 * rows["margin"].iloc[0]
    axis.axhspan(-margin, margin, color=BAND, linewidth=0)
    axis.axhline(0, color=GREY, linewidth=0.8)
    for i, weight in enumerate(weights):
        line = rows[rows["hard_neg_lambda"] == weight].sort_values("hard_neg_k")
        x = line["hard_neg_k"].map(ks.index) + DODGE * (i - (len(weights) - 1) / 2)
        axis.vlines(x, 100 * line["ci_lo"], 100 * line["ci_hi"], color=_look(i)["color"], linewidth=2)
        axis.plot(x, 100 * line["delta"], **_look(i))
    axis.set_xticks(range(len(ks)), [f"{k}" for k in ks])


def _look(i: int) -> dict[str, object]:
    return {"color": CYCLE[i], "marker": MARKERS[i], "markersize": 6, "linewidth": 1}


def _outcome(row: object) -> str:
    sign = mark(row.verdict, row.delta_shown)
    return f"{points(row.delta)} {interval(row.ci_lo, row.ci_hi)} {sign}".rstrip()


def _fragile(rows: pd.DataFrame, plan: Plan) -> pd.Series:
    return rows["effective_sessions"] < plan.fewest


def _up(margin: float) -> str:
    """In points, rounded up: the printed margin is one that suffices."""
    return percent(margin if math.isnan(margin) else math.ceil(1e4 * margin - 1e-9) / 1e4)
