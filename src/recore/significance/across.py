"""Across datasets: the mean difference with equal weights, and how often a result replicates.

Over n datasets with differences Δ_d, standard errors SE_d and degrees of freedom df_d (Welch-Satterthwaite):

    Δ = ΣΔ_d/n      SE² = ΣSE_d²/n²      df = (ΣSE_d²)² / Σ(SE_d⁴/df_d)

As in a single comparison (``crossed``), nothing is surer than with the SE and df of the sessions alone where that SE is
the larger. The interval covers new seeds and sessions on these datasets; nothing here speaks of a dataset that was not
tried.
"""

import math
from dataclasses import replace

import pandas as pd

from recore.significance.correction import holm
from recore.significance.estimate import Estimate

# fmt: off
COLUMNS = [
    "a", "b", "metric", "n_datasets", "level", "delta", "ci_lo", "ci_hi", "se", "df", "p", "p_holm", "m",
    "better", "worse", "equivalent", "negligible", "inconclusive", "fragile",
]
# fmt: on


def pooled(deltas: list[float], ses: list[float], dfs: list[float]) -> Estimate:
    """The equal-weight mean of independent estimates."""
    n, total = len(deltas), sum(se**2 for se in ses)
    spread = sum(se**4 / df for se, df in zip(ses, dfs, strict=True))
    return Estimate(sum(deltas) / n, math.sqrt(total) / n, total**2 / spread if spread > 0 else min(dfs))


def across_datasets(comparisons: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """One row (``COLUMNS``) a pair and metric over the rows of ``family.corrected``; Holm over the pairs of a metric.

    Leave synthetic datasets out. p and interval are NaN where few sessions carry the difference on a dataset or it
    has no standard error; p too with several looks: when each dataset stopped depends on what was seen there.
    """
    rows = [
        {"a": a, "b": b, "metric": metric} | _summary(group, alpha)
        for (metric, a, b), group in comparisons.groupby(["metric", "a", "b"], sort=False)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    by_metric = table.groupby("metric")["p"]
    table["p_holm"] = by_metric.transform(lambda p: holm(p.to_numpy()))
    table["m"] = by_metric.transform("size").astype(int)
    return table


def _summary(group: pd.DataFrame, alpha: float) -> dict[str, float | int | str]:
    levels = set(group["level"])
    row = {
        "n_datasets": len(group),
        "level": next(level for level in ("n/a", "exploratory", "confirmed") if level in levels),
        "delta": group["delta"].mean(),
    }
    row |= {label: int((group["verdict"] == label).sum()) for label in COLUMNS[-6:]}
    if group["se"].notna().all() and not group["few_sessions"].any():
        deltas = list(group["delta"])
        surer = group["se_sessions"] > group["se"]
        errors, dfs = (
            group["se"].where(~surer, group["se_sessions"]),
            group["df"].where(~surer, group["n_sessions"] - 1),
        )
        floor = pooled(deltas, list(errors), list(dfs))
        estimate = replace(pooled(deltas, list(group["se"]), list(group["df"])), floor=floor)
        low, high = estimate.interval(alpha)
        row |= {"ci_lo": low, "ci_hi": high, "se": estimate.se, "df": estimate.df}
        if (group["looks"] == "").all():
            row["p"] = estimate.p
    return row
