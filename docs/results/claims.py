"""What a claim comes to on a record, and what it would take to tell: the tables of docs/results/README.md.

Seeds: the smallest number whose projected MDE (recore.significance.projection, plots/mde.csv) reaches the margin.
Sessions: with the seeds at hand, MDE(f) = (MDE/SE) · sqrt(sd_seed²/R + (SE² - sd_seed²/R) / f) for f times as many
sessions, so

    f = (SE² - sd_seed²/R) / ((margin·SE/MDE)² - sd_seed²/R)

with the degrees of freedom held, which is an approximation; where the bottom is not positive, sessions alone never do.
"""

import math

import pandas as pd

from recore.reporting.format import interval, mark, metric_title, p_value, pair, percent, points

TOLD, ENOUGH, NEVER = "–", "enough", "not alone"


def claim_table(comparisons: pd.DataFrame, projected: pd.DataFrame, a: str, b: str) -> pd.DataFrame:
    """One comparison by every metric that has a margin, a row a dataset.

    ``comparisons`` as in comparisons.csv (fractions), ``projected`` as in mde.csv (points).
    """
    rows = comparisons[(comparisons["a"] == a) & (comparisons["b"] == b) & comparisons["margin"].notna()]
    rows = rows.sort_values("metric", kind="stable")
    return pd.DataFrame(
        {
            "metric": rows["metric"].map(metric_title),
            "dataset": rows["dataset"],
            f"{pair(a, b)} (points)": [
                f"{points(r.delta)} {mark(r.verdict, r.delta)}".rstrip() for r in rows.itertuples()
            ],
            "95 % interval": [interval(row.ci_lo, row.ci_hi) for row in rows.itertuples()],
            "p (Holm)": rows["p_holm"].map(p_value),
            "verdict": rows["verdict"],
            "MDE": rows["mde80"].map(percent),
            "margin": rows["margin"].map(percent),
            "seeds for it": [seeds_needed(projected, row) for row in rows.itertuples()],
            "or sessions": [sessions_needed(row) for row in rows.itertuples()],
        }
    )


def effects_table(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Every comparison of a record, a row a dataset and pair: difference, interval and verdict by metric."""
    rows = comparisons[comparisons["margin"].notna()].sort_values("metric", kind="stable")
    cells = [f"{points(row.delta)} {interval(row.ci_lo, row.ci_hi)}, {row.verdict}" for row in rows.itertuples()]
    pairs = [pair(a, b) for a, b in zip(rows["a"], rows["b"], strict=True)]
    named = rows[["dataset"]].assign(comparison=pairs, metric=rows["metric"].map(metric_title), effect=cells)
    wide = named.pivot_table(
        index=["dataset", "comparison"], columns="metric", values="effect", aggfunc="first", sort=False
    )
    return wide.rename_axis(columns=None).reset_index()


def seeds_needed(projected: pd.DataFrame, row: object) -> str:
    """How many seeds on these sessions find a difference of the margin; a verdict needs none."""
    if row.verdict != "inconclusive":
        return TOLD
    keys = {"dataset": row.dataset, "a": row.a, "b": row.b, "metric": row.metric}
    line = projected[(projected[list(keys)] == pd.Series(keys)).all(axis=1)]
    reached = line.loc[line["mde80"] <= line["margin"], "n_seeds"]
    if row.mde80 <= row.margin:
        return ENOUGH
    return NEVER if reached.empty else str(reached.min())


def sessions_needed(row: object) -> str:
    """How many times as many sessions find a difference of the margin with the seeds at hand."""
    if row.verdict != "inconclusive":
        return TOLD
    if row.mde80 <= row.margin:
        return ENOUGH
    of_seeds = row.sd_seed**2 / row.n_seeds
    bottom = (row.margin * row.se / row.mde80) ** 2 - of_seeds
    return NEVER if bottom <= 0 else f"{math.ceil((row.se**2 - of_seeds) / bottom)} ×"
