"""Every planned comparison of one dataset, uncorrected: one row for each pair of variants, metric and look.

The correction needs all datasets and stands in ``family``. How much a row may claim depends on the seeds:
1-2 are ``n/a`` (only ``p_sessions``, which speaks of these very runs), 3-4 ``exploratory``, 5 and more ``confirmed``.
``n/a`` is also what has no noise to test with: one session, or the same difference in every run and session.

Two estimands are tested: the mean over cases, as CORE reports it, and the mean of session means, in which a session of
80 cases counts as much as one of 2 (columns ``*_over_sessions``).

An arm without seeds counts as itself under every seed of the other. Two of them have ``n_seeds`` 0: no seed is left to
vary, so their p is that of the sessions, ``confirmed``, and no seed won or lost.
"""

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from recore.significance import secondary
from recore.significance.arms import Arm
from recore.significance.crossed import crossed_test
from recore.significance.influence import contributions, effective_sessions, influence, left_out
from recore.significance.plan import CONFIRMED, EXPLORATORY, Plan
from recore.significance.runs import SessionBlocks

# fmt: off
COLUMNS = [
    "dataset", "a", "b", "metric", "look", "n_seeds", "n_cases", "n_sessions", "level", "delta", "ci_lo", "ci_hi",
    "relative", "se", "df", "t", "p", "p_sessions", "se_sessions", "p_seeds", "p_signflip", "signflip_floor", "p_tost",
    "margin", "mde80", "sd_seed", "sd_session", "ms_rs", "deff", "won", "tied", "lost",
    "effective_sessions", "largest_session", "largest_cases", "largest_share_variance", "largest_share_delta",
    "delta_without", "p_without", "delta_without_lo", "delta_without_hi",
    "delta_over_sessions", "ci_lo_over_sessions", "ci_hi_over_sessions", "p_over_sessions", "p_tost_over_sessions",
    "effective_over_sessions",
]
# fmt: on


def compare_all(
    dataset: str, arms: dict[str, dict[str, Arm]], sessions: SessionBlocks, metrics: Iterable[str], plan: Plan
) -> pd.DataFrame:
    """The rows of one dataset (``COLUMNS``); ``arms`` maps variant and metric. A p that cannot be had is NaN."""
    rows = []
    for metric in metrics:
        for a, b in plan.comparisons:
            arm_a, arm_b = arms[a][metric], arms[b][metric]
            for number, look in enumerate(plan.reached_by(arm_a.n_seeds, arm_b.n_seeds), start=1):
                row = compare(arm_a.at(look), arm_b.at(look), sessions, plan, plan.margins.get(metric, math.nan))
                rows.append({"dataset": dataset, "a": a, "b": b, "metric": metric, "look": number} | row)
    return pd.DataFrame(rows, columns=COLUMNS)


def without_noise(table: pd.DataFrame) -> pd.Series:
    """Which rows of ``compare_all`` have sessions and yet no p of either kind: their differences are equal."""
    return (table["n_sessions"] > 1) & table["p"].isna() & table["p_sessions"].isna()


def session_table(arms: dict[str, dict[str, Arm]], sessions: SessionBlocks, metric: str, plan: Plan) -> pd.DataFrame:
    """What single sessions do to every comparison of one metric at its last look; sessions that agree are left out.

    Columns: a, b, session (its id), cases, contribution (they sum to Δ) and left_out (what Δ changes by without it).
    """
    frames = []
    for a, b in plan.comparisons:
        arm_a, arm_b = arms[a][metric], arms[b][metric]
        look = plan.reached_by(arm_a.n_seeds, arm_b.n_seeds)[-1]
        totals = arm_a.at(look).sums - arm_b.at(look).sums
        frame = pd.DataFrame(
            {
                "session": sessions.ids,
                "cases": sessions.sizes,
                "contribution": contributions(totals, sessions.sizes),
                "left_out": left_out(totals, sessions.sizes) if len(sessions.sizes) > 1 else math.nan,
            }
        )
        frame.insert(0, "a", a)
        frame.insert(1, "b", b)
        frames.append(frame[(totals != 0).any(axis=0)])
    columns = ["a", "b", "session", "cases", "contribution", "left_out"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def compare(a: Arm, b: Arm, sessions: SessionBlocks, plan: Plan, margin: float) -> dict[str, float | int | str]:
    """One row: a minus b in the metric's unit (fractions). ``margin`` is NaN where the metric has none.

    Both arms hold one look, the same.
    """
    totals = a.sums - b.sums
    seedless = a.seedless and b.seedless
    n_seeds = 0 if seedless else len(totals)
    means = totals.sum(axis=1) / sessions.n_cases
    by_seed = means[:n_seeds]
    mean_b = float(b.sums.sum() / (sessions.n_cases * len(b.sums)))
    delta = float(means.mean())
    row = {
        "n_seeds": n_seeds,
        "n_cases": sessions.n_cases,
        "n_sessions": len(sessions.sizes),
        "level": "n/a",
        "delta": delta,
        "relative": delta / mean_b if mean_b else math.nan,
        "margin": margin,
        "won": int((by_seed > 0).sum()),
        "tied": int((by_seed == 0).sum()),
        "lost": int((by_seed < 0).sum()),
    }
    clustered = secondary.clustered_test(totals, sessions.sizes)
    if clustered is not None:
        row["p_sessions"], row["se_sessions"] = clustered.p, clustered.se
        row["deff"] = secondary.design_effect(clustered, a.cases[n_seeds] - b.cases[n_seeds])
    row |= _influence(totals, sessions)
    row |= _over_sessions(totals / sessions.sizes, plan, margin, seedless)
    if seedless or n_seeds >= EXPLORATORY:
        row |= _primary(totals, sessions, plan, margin, seedless)
    if n_seeds >= EXPLORATORY:
        row["p_seeds"] = secondary.seed_test(by_seed)
        row["p_signflip"] = secondary.sign_flip_test(by_seed)
        row["signflip_floor"] = secondary.sign_flip_floor(n_seeds)
    return row


def _primary(
    totals: np.ndarray, sessions: SessionBlocks, plan: Plan, margin: float, seedless: bool
) -> dict[str, float | str]:
    result = crossed_test(totals, sessions.sizes, seedless)
    if result is None:
        return {}
    estimate, components = result
    low, high = estimate.interval(plan.alpha)
    return {
        "level": "confirmed" if seedless or len(totals) >= CONFIRMED else "exploratory",
        "ci_lo": low,
        "ci_hi": high,
        "se": estimate.se,
        "df": estimate.df,
        "t": estimate.t,
        "p": estimate.p,
        "p_tost": math.nan if math.isnan(margin) else estimate.p_equivalent(margin),
        "mde80": estimate.detectable(plan.alpha, plan.power),
        "sd_seed": math.sqrt(components.seed),
        "sd_session": math.sqrt(components.session),
        "ms_rs": components.residual,
    }


def _influence(totals: np.ndarray, sessions: SessionBlocks) -> dict[str, float | int]:
    found = influence(totals, sessions.sizes)
    if found is None:
        return {}
    return {
        "effective_sessions": found.effective,
        "largest_session": int(sessions.ids[found.largest]),
        "largest_cases": int(sessions.sizes[found.largest]),
        "largest_share_variance": found.share_variance,
        "largest_share_delta": found.share_delta,
        "delta_without": found.without,
        "p_without": found.p_without,
        "delta_without_lo": found.lowest,
        "delta_without_hi": found.highest,
    }


def _over_sessions(means: np.ndarray, plan: Plan, margin: float, seedless: bool) -> dict[str, float]:
    """The second estimand, from the differences of session means (R, S): every session weighs the same."""
    ones = np.ones(means.shape[1], np.int64)
    row = {"delta_over_sessions": float(means.mean())}
    if len(ones) > 1:
        row["effective_over_sessions"] = effective_sessions(left_out(means, ones))
    result = crossed_test(means, ones, seedless) if seedless or len(means) >= EXPLORATORY else None
    if result is None:
        return row
    estimate, _ = result
    low, high = estimate.interval(plan.alpha)
    p_tost = math.nan if math.isnan(margin) else estimate.p_equivalent(margin)
    tested = {"ci_lo": low, "ci_hi": high, "p": estimate.p, "p_tost": p_tost}
    return row | {f"{name}_over_sessions": value for name, value in tested.items()}
