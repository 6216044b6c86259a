"""Which margins the comparisons of a record would bear: a table of SENSITIVITY.md.

A difference is equivalent under margin m where both one-sided tests reject (recore.significance.estimate), so alone
from m = |Δ| + t_{df, 1-α} · SE on, or |Δ| + t_{S-1, 1-α} · SE_sessions where that is more. In a family of n differences
under one m, Holm's steps need α/n of the first, α/(n-1) of the second, …: the margin of a difference is the smallest at
which the steps reach it.
"""

import math

import numpy as np
import pandas as pd
from scipy import stats

from recore.records.claims import interval_of
from recore.reporting.format import metric_title, pair, percent, points
from recore.significance.plan import Plan


def smallest_margins(rows: pd.DataFrame, sessions: pd.Series, plan: Plan) -> pd.DataFrame:
    """Columns ``alone`` and ``family``: from which margin on the rows of one family are equivalent.

    rows: delta, se, df, se_sessions, effective_sessions; sessions: how many test sessions each has. NaN where a row has
    no standard error or is fragile; in a family it counts as never equivalent.
    """
    sound = rows.where(~(rows["effective_sessions"] < plan.fewest))

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
    """Every comparison of a record, whose datasets are one family, by a metric that has a margin: the smallest beside
    that of params.yaml.

    sessions: of each dataset's test set. Below ``plan.fewest`` effective sessions † and how many stand for an interval.
    """
    rows = comparisons[comparisons["metric"] == metric]
    smallest = smallest_margins(rows, rows["dataset"].map(sessions), plan)
    return pd.DataFrame(
        {
            "dataset": rows["dataset"],
            "comparison": [pair(a, b) for a, b in zip(rows["a"], rows["b"], strict=True)],
            f"Δ {metric_title(metric)}": rows["delta"].map(points),
            "95 % interval": [interval_of(row, row.effective_sessions < plan.fewest) for row in rows.itertuples()],
            "margin used": rows["margin"].map(percent),
            "verdict": rows["verdict"],
            "smallest margin, alone": smallest["alone"].map(_up),
            "smallest margin, Holm": smallest["family"].map(_up),
        }
    )


def _up(margin: float) -> str:
    """In points, rounded up: the printed margin is one that suffices."""
    return percent(margin if math.isnan(margin) else math.ceil(1e4 * margin - 1e-9) / 1e4)
