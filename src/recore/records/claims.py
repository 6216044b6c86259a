"""What a claim comes to on a record, and what it would take to tell: the tables of docs/results/README.md.

Both numbers are for one test alone at alpha; a verdict is corrected for the number of comparisons and needs more. They
are projected from the variance components (``significance.crossed.Components``), standard error and degrees of freedom
both: the smallest number of seeds on the same sessions, or the smallest multiple of the sessions with the same seeds,
whose MDE reaches the margin. With more sessions the seeds' share of the noise grows, so that the df can fall.
"""

import pandas as pd

from recore.reporting.format import MISSING, carried, interval, mark, metric_title, p_value, pair, percent, points
from recore.significance.crossed import Components

TOLD, ENOUGH, NEVER, UNKNOWN = "–", "enough", "not alone", "more"
OPEN = ("inconclusive", "fragile")
MOST = 100  # seeds that anyone would train
MOST_SESSIONS = 1000  # times the sessions of a test set


def claim_table(
    comparisons: pd.DataFrame, sessions: dict[str, int], alpha: float, power: float, a: str, b: str
) -> pd.DataFrame:
    """One comparison by every metric that has a margin, a row a dataset.

    ``comparisons`` as in comparisons.csv (fractions), ``sessions`` of each dataset's test set. What is fragile has †
    and its effective sessions for an interval, and no MDE.
    """
    rows = comparisons[(comparisons["a"] == a) & (comparisons["b"] == b) & comparisons["margin"].notna()]
    rows = rows.sort_values("metric", kind="stable")
    fragile = rows["verdict"] == "fragile"
    return pd.DataFrame(
        {
            "metric": rows["metric"].map(metric_title),
            "dataset": rows["dataset"],
            f"{pair(a, b)} (points)": [
                f"{points(r.delta)} {mark(r.verdict, r.delta_shown)}".rstrip() for r in rows.itertuples()
            ],
            "95 % interval": [interval_of(row, row.verdict == "fragile") for row in rows.itertuples()],
            "p (Holm)": rows["p_holm"].map(p_value),
            "verdict": rows["verdict"],
            "MDE": rows["mde80"].map(percent).mask(fragile, MISSING),
            "MDE, Holm": rows["mde80_holm"].map(percent).mask(fragile, MISSING),
            "margin": rows["margin"].map(percent),
            "seeds for it": [seeds_needed(row, sessions[row.dataset], alpha, power) for row in rows.itertuples()],
            "or sessions": [sessions_needed(row, sessions[row.dataset], alpha, power) for row in rows.itertuples()],
        }
    )


def interval_of(row: object, few: bool) -> str:
    """The interval, or † and the effective sessions where these are too ``few``."""
    return f"† {carried(row.effective_sessions)}" if few else interval(row.ci_lo, row.ci_hi)


def effects_table(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Every comparison of a record, a row a dataset and pair: difference, interval and verdict by metric."""
    rows = comparisons[comparisons["margin"].notna()].sort_values("metric", kind="stable")
    cells = [effect(row) for row in rows.itertuples()]
    pairs = [pair(a, b) for a, b in zip(rows["a"], rows["b"], strict=True)]
    named = rows[["dataset"]].assign(comparison=pairs, metric=rows["metric"].map(metric_title), effect=cells)
    wide = named.pivot_table(
        index=["dataset", "comparison"], columns="metric", values="effect", aggfunc="first", sort=False
    )
    return wide.rename_axis(columns=None).reset_index()


def effect(row: object) -> str:
    """Difference, interval and verdict of a row of comparisons.csv.

    A fragile one has no interval that could be leaned on: in its place stand its effective sessions. One without noise
    has neither interval nor verdict.
    """
    difference = points(row.delta)
    if not row.verdict:
        return f"{difference}, no verdict"
    if row.verdict == "fragile":
        return f"{difference} † fragile: {carried(row.effective_sessions)} effective sessions"
    return f"{difference} {interval(row.ci_lo, row.ci_hi)}, {row.verdict}"


def seeds_needed(row: object, n_sessions: int, alpha: float, power: float) -> str:
    """How many seeds on these sessions find a difference of the margin; a verdict needs none."""
    if row.verdict not in OPEN:
        return TOLD
    if row.verdict == "fragile":
        return NEVER
    if row.mde80 <= row.margin:
        return ENOUGH
    parts = components_of(row)

    def reached(n_seeds: int) -> bool:
        return parts.projected(n_seeds, n_sessions).detectable(alpha, power) <= row.margin

    enough = next((n for n in range(row.n_seeds + 1, MOST + 1) if reached(n)), None)
    if enough is not None:
        return str(enough)
    return f"> {MOST}" if reached(10**9) else NEVER


def sessions_needed(row: object, n_sessions: int, alpha: float, power: float) -> str:
    """How many times as many sessions find a difference of the margin with the seeds at hand."""
    if row.verdict not in OPEN:
        return TOLD
    if row.verdict == "fragile":
        return UNKNOWN
    if row.mde80 <= row.margin:
        return ENOUGH
    parts = components_of(row)

    def reached(factor: float) -> bool:
        return parts.projected(row.n_seeds, factor * n_sessions).detectable(alpha, power) <= row.margin

    enough = next((factor for factor in range(1, MOST_SESSIONS + 1) if reached(factor)), None)
    if enough is not None:
        return f"{enough} ×"
    return f"> {MOST_SESSIONS:,} ×" if reached(1e12) else NEVER


def components_of(row: object) -> Components:
    """The variance components of a row of comparisons.csv."""
    return Components(row.sd_seed**2, row.sd_session**2, row.ms_rs)
