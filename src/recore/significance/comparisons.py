"""Every planned comparison of one dataset, uncorrected: one row for each pair of variants and metric.

The correction needs all datasets and stands in ``family``. How much a row may claim depends on the seeds:
1-2 are ``n/a`` (only ``p_sessions``, which speaks of these very runs), 3-4 ``exploratory``, 5 and more ``confirmed``.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recore import RecoreError
from recore.significance import secondary
from recore.significance.crossed import crossed_test
from recore.significance.runs import Sessions

EXPLORATORY, CONFIRMED = 3, 5
# fmt: off
COLUMNS = [
    "dataset", "a", "b", "metric", "n_seeds", "n_cases", "n_sessions", "level", "delta", "ci_lo", "ci_hi",
    "relative", "se", "df", "t", "p", "p_sessions", "p_seeds", "p_signflip", "signflip_floor", "p_tost",
    "margin", "mde80", "sd_seed", "sd_session", "ms_rs", "deff", "won", "tied", "lost",
]
# fmt: on


@dataclass(frozen=True)
class Arm:
    """One variant and metric on R seeds: session sums (R, S), and the mean over seeds of every case (N,)."""

    sums: np.ndarray
    cases: np.ndarray


@dataclass(frozen=True)
class Plan:
    """What is compared and how: the section ``significance`` of params.yaml."""

    comparisons: list[tuple[str, str]]
    margins: dict[str, float]
    alpha: float
    power: float


def arms_of(tables: Sequence[dict[str, np.ndarray]], sessions: Sessions) -> dict[str, Arm]:
    """An arm for each metric, from one variant's metric tables (one a seed, each metric (N,))."""
    return {
        metric: Arm(
            sums=np.stack([sessions.sums(table[metric]) for table in tables]),
            cases=np.mean([table[metric] for table in tables], axis=0),
        )
        for metric in tables[0]
    }


def compare_all(
    dataset: str, arms: dict[str, dict[str, Arm]], sessions: Sessions, metrics: Iterable[str], plan: Plan
) -> pd.DataFrame:
    """The rows of one dataset (``COLUMNS``); ``arms`` maps variant and metric. A p that cannot be had is NaN."""
    rows = []
    for metric in metrics:
        for a, b in plan.comparisons:
            try:
                row = compare(arms[a][metric], arms[b][metric], sessions, plan, plan.margins.get(metric, math.nan))
            except RecoreError as fault:
                raise RecoreError(f"{dataset}: {a} against {b} by {metric}: {fault}") from None
            rows.append({"dataset": dataset, "a": a, "b": b, "metric": metric} | row)
    return pd.DataFrame(rows, columns=COLUMNS)


def compare(a: Arm, b: Arm, sessions: Sessions, plan: Plan, margin: float) -> dict[str, float | int | str]:
    """One row: a minus b in the metric's unit (fractions). ``margin`` is NaN where the metric has none."""
    totals = a.sums - b.sums
    n_seeds = len(totals)
    by_seed = totals.sum(axis=1) / sessions.n_cases
    mean_b = float(b.sums.sum() / (sessions.n_cases * n_seeds))
    delta = float(by_seed.mean())
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
        row["p_sessions"] = clustered.p
        row["deff"] = secondary.design_effect(clustered, a.cases - b.cases)
    if n_seeds >= EXPLORATORY:
        row |= _primary(totals, sessions, plan, margin)
        row["p_seeds"] = secondary.seed_test(by_seed)
        row["p_signflip"] = secondary.sign_flip_test(by_seed)
        row["signflip_floor"] = secondary.sign_flip_floor(n_seeds)
    return row


def _primary(totals: np.ndarray, sessions: Sessions, plan: Plan, margin: float) -> dict[str, float | str]:
    result = crossed_test(totals, sessions.sizes)
    if result is None:
        return {}
    estimate, components = result
    low, high = estimate.interval(plan.alpha)
    return {
        "level": "confirmed" if len(totals) >= CONFIRMED else "exploratory",
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
