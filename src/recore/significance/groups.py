"""Means of groups of cases, each with an interval: what one variant does on short prefixes, on rare items, …

The interval is session-clustered (Liang and Zeger 1986): mean ± t_{S-1, 1-α/2} · SE over the S sessions that have a
case in the group, on the mean over seeds of every case. It speaks of new sessions and these very runs; two intervals
that overlap say nothing of a paired difference. The spread over seeds stands beside it. Where few sessions carry the
group, S-1 degrees of freedom are fiction: ``effective_sessions`` says how many do (``influence``).
"""

import math

import numpy as np
import pandas as pd
from scipy import stats

from recore.significance.estimate import ROUNDING
from recore.significance.influence import effective_sessions, left_out
from recore.significance.runs import SessionBlocks
from recore.significance.secondary import clustered_mean

COLUMNS = ["group", "n_cases", "n_sessions", "n_seeds", "mean", "ci_lo", "ci_hi", "std", "effective_sessions"]


def group_means(
    values: np.ndarray, group: np.ndarray, labels: tuple[str, ...], sessions: SessionBlocks, alpha: float
) -> pd.DataFrame:
    """A row (``COLUMNS``) for each label that has a case, in the order of the labels.

    values: (R, N), one row a seed, in any unit; group: (N,) positions in ``labels``. ci_lo and ci_hi are NaN where
    the sessions do not differ, effective_sessions with one session, std (over seeds, ddof 1) with one seed.
    """
    by_case = values.mean(axis=0)
    rows = []
    for code, label in enumerate(labels):
        chosen = group == code
        if not chosen.any():
            continue
        sizes = sessions.sums(chosen.astype(np.int64))
        present = sizes > 0
        totals, sizes = sessions.sums(np.where(chosen, by_case, 0.0))[present], sizes[present]
        mean, error = clustered_mean(totals, sizes)
        n_sessions = len(sizes)
        half = math.nan
        if error > ROUNDING * abs(mean):
            half = float(stats.t.isf(alpha / 2, n_sessions - 1)) * error
        effective = effective_sessions(left_out(totals[None], sizes)) if n_sessions > 1 else math.nan
        by_seed = values[:, chosen].mean(axis=1)
        std = float(by_seed.std(ddof=1)) if len(by_seed) > 1 else math.nan
        rows.append((label, int(chosen.sum()), n_sessions, len(values), mean, mean - half, mean + half, std, effective))
    return pd.DataFrame(rows, columns=COLUMNS)
