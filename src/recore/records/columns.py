"""The test of a record that kept no ranks, from the columns of its comparisons.csv.

The test's rule changed after some records were made (docs/LOG.md, 2026-11-28). What it needs follows from the columns,
with S sessions and R seeds:

    se_sessions = |Δ| / t(p_sessions; S-1)       MS_s = se_sessions²·R·S       W = se²·R·S
    sd_session > 0:                  MS_rs = MS_s - R·sd_session²     MS_r = W - R·sd_session²
    sd_session = 0, sd_seed > 0:     MS_rs = MS_r - S·sd_seed²        MS_r = W
    both 0:                          MS_rs >= MS_r and MS_s, not known; df = R-1 whatever it is

What only ranks can tell stays empty: how few sessions carry a difference, so that no comparison is called fragile, and
the mean over sessions.
"""

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from recore import RecoreError
from recore.significance.comparisons import COLUMNS as RAW
from recore.significance.crossed import Components
from recore.significance.estimate import Estimate
from recore.significance.plan import Plan

CLOSE = 1e-6  # of a mean square: the files have ten digits


def restated(rows: pd.DataFrame, sessions: dict[str, int], plan: Plan) -> pd.DataFrame:
    """Rows of a comparisons.csv -> those of ``comparisons.compare_all`` (one look), with today's test.

    sessions: of each dataset's test set. RecoreError where the columns contradict each other.
    """
    if "effective_sessions" in rows and rows["effective_sessions"].notna().any():
        raise RecoreError("this record was made from ranks by a newer test than columns alone can give; leave it")
    tested = pd.DataFrame([_tested(row, sessions[row.dataset], plan) for row in rows.itertuples()])
    kept = rows.drop(columns=rows.columns.intersection(tested.columns))
    table = pd.concat([kept.reset_index(drop=True), tested], axis=1)
    return table.reindex(columns=RAW).astype({"effective_sessions": float, "effective_over_sessions": float})


def _tested(row: Any, n_sessions: int, plan: Plan) -> dict[str, float]:
    found: dict[str, float] = {"look": 1, "n_sessions": n_sessions}
    if math.isnan(row.se):
        return found
    try:
        estimate, ms_rs, se_sessions = estimate_of(row, n_sessions)
    except RecoreError as fault:
        raise RecoreError(f"{row.dataset}: {row.a} against {row.b} by {row.metric}: {fault}") from None
    low, high = estimate.interval(plan.alpha)
    return found | {
        "ci_lo": low,
        "ci_hi": high,
        "df": estimate.df,
        "p": estimate.p,
        "se_sessions": se_sessions,
        "p_tost": math.nan if math.isnan(row.margin) else estimate.p_equivalent(row.margin),
        "mde80": estimate.detectable(plan.alpha, plan.power),
        "ms_rs": ms_rs,
    }


def estimate_of(row: Any, n_sessions: int) -> tuple[Estimate, float, float]:
    """Today's estimate of a row (delta, se, sd_seed, sd_session, p_sessions, n_seeds), MS_rs (NaN: not known) and
    the standard error of the sessions alone."""
    cells = row.n_seeds * n_sessions
    seed, session = n_sessions * row.sd_seed**2, row.n_seeds * row.sd_session**2
    ms_r = row.se**2 * cells - session
    if row.delta:
        ms_s = (row.delta / stats.t.isf(row.p_sessions / 2, n_sessions - 1)) ** 2 * cells
    elif session and seed:
        ms_s = ms_r - seed + session  # without a difference p_sessions says nothing, and both components say the same
    else:
        raise RecoreError("without a difference and a component of the noise the columns do not give the test")
    ms_rs = ms_s - session if session else ms_r - seed if seed else math.nan
    _agree(ms_r, ms_s, ms_rs, seed, session)
    if math.isnan(ms_rs):
        df = float(min(row.n_seeds, n_sessions) - 1)
    else:
        parts = Components(row.sd_seed**2, row.sd_session**2, ms_rs, row.n_seeds, n_sessions)
        df = parts.projected(row.n_seeds, n_sessions).df
    se_sessions = math.sqrt(ms_s / cells)
    floor = Estimate(row.delta, se_sessions, n_sessions - 1.0) if row.se < se_sessions else None
    return Estimate(row.delta, row.se, df, floor), ms_rs, se_sessions


def _agree(ms_r: float, ms_s: float, ms_rs: float, seed: float, session: float) -> None:
    """RecoreError unless max(MS_r - MS_rs, 0) and max(MS_s - MS_rs, 0) are what sd_seed and sd_session say."""
    if math.isnan(ms_rs):
        return
    for mean_square, component in ((ms_r, seed), (ms_s, session)):
        if abs(max(mean_square - ms_rs, 0.0) - component) > CLOSE * max(ms_r, ms_s):
            raise RecoreError("se, p_sessions and the components of the noise contradict each other")


def without_ranks(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``family.corrected`` without verdicts on the mean over sessions, which was not tested."""
    verdict = np.where(table["delta_over_sessions"].isna(), "", table["verdict_over_sessions"])
    return table.assign(verdict_over_sessions=verdict)
