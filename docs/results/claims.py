"""What a claim comes to on a record, and what it would take to tell: the tables of docs/results/README.md.

Both numbers are for one test alone at alpha; a verdict is corrected for the number of comparisons and needs more.

Seeds: the smallest number whose MDE, projected from the variance components (``significance.projection``), reaches the
margin on the same sessions.
Sessions: with the seeds at hand, MDE(f) = (MDE/SE) · sqrt(sd_seed²/R + (SE² - sd_seed²/R) / f) for f times as many
sessions, so

    f = (SE² - sd_seed²/R) / ((margin·SE/MDE)² - sd_seed²/R)

with the degrees of freedom held, which is an approximation; where the bottom is not positive, sessions alone never do.
"""

import math

import pandas as pd

from recore.reporting.format import interval, mark, metric_title, p_value, pair, percent, points
from recore.significance.crossed import Components
from recore.significance.estimate import Estimate

TOLD, ENOUGH, NEVER = "–", "enough", "not alone"
MOST = 100  # seeds that anyone would train


def claim_table(
    comparisons: pd.DataFrame, sessions: dict[str, int], alpha: float, power: float, a: str, b: str
) -> pd.DataFrame:
    """One comparison by every metric that has a margin, a row a dataset.

    ``comparisons`` as in comparisons.csv (fractions), ``sessions`` of each dataset's test set.
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
            "seeds for it": [seeds_needed(row, sessions[row.dataset], alpha, power) for row in rows.itertuples()],
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


def seeds_needed(row: object, n_sessions: int, alpha: float, power: float) -> str:
    """How many seeds on these sessions find a difference of the margin; a verdict needs none."""
    if row.verdict != "inconclusive":
        return TOLD
    if row.mde80 <= row.margin:
        return ENOUGH
    seed, session = row.sd_seed**2, row.sd_session**2
    residual = max((row.se**2 - seed / row.n_seeds - session / n_sessions) * row.n_seeds * n_sessions, 0.0)
    parts = Components(seed, session, residual, row.n_seeds, n_sessions)

    def reached(n_seeds: float) -> bool:
        return Estimate(0.0, parts.se(n_seeds), parts.df(n_seeds)).detectable(alpha, power) <= row.margin

    enough = next((n for n in range(row.n_seeds + 1, MOST + 1) if reached(n)), None)
    if enough is not None:
        # Where the seeds' own share was estimated below 0, the residual that it was taken from is not in the file, and
        # the one solved for is too small.
        return f"{'≥ ' if seed == 0 else ''}{enough}"
    return f"> {MOST}" if reached(10**9) else NEVER


def sessions_needed(row: object) -> str:
    """How many times as many sessions find a difference of the margin with the seeds at hand."""
    if row.verdict != "inconclusive":
        return TOLD
    if row.mde80 <= row.margin:
        return ENOUGH
    of_seeds = row.sd_seed**2 / row.n_seeds
    bottom = (row.margin * row.se / row.mde80) ** 2 - of_seeds
    return NEVER if bottom <= 0 else f"{math.ceil((row.se**2 - of_seeds) / bottom)} ×"
