"""Tests that hold one of the two sources of noise fixed. They stand beside the primary test, never instead of it.

- Sessions random, these very runs: a t-test on the case mean with standard errors clustered by session,
  SE² = S/(S-1) · Σ_s u_s² / N² with u_s = Σ_{c in s} (x_c - Δ), df = S-1 (Liang and Zeger 1986; x averaged over seeds).
- Seeds random, this very test set: a paired t-test on the R means, df = R-1, and the exact sign-flip test, which
  assumes nothing but symmetry. Of 2^R sign patterns two always reach the observed one: p cannot fall below 2/2^R.
"""

import math

import numpy as np
from scipy import stats

from recore.significance.estimate import ROUNDING, Estimate

# 2^20 sign patterns are enumerated in milliseconds; beyond that the floor is no longer of interest.
MAX_FLIPS = 20


def clustered_test(totals: np.ndarray, sizes: np.ndarray) -> Estimate | None:
    """Session-clustered estimate from session totals (R, S) and sizes (S,).

    None where there is no noise to test with: one session, or the same mean in every one.
    """
    mean, error = clustered_mean(totals.mean(axis=0), sizes)
    return Estimate(mean, error, len(sizes) - 1) if error > ROUNDING * abs(mean) else None


def clustered_mean(totals: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
    """Mean over cases and its session-clustered standard error (NaN with one session), totals (S,), sizes (S,)."""
    n_sessions, n_cases = len(sizes), int(sizes.sum())
    mean = float(totals.sum() / n_cases)
    if n_sessions < 2:
        return mean, math.nan
    scores = totals - mean * sizes
    return mean, math.sqrt(n_sessions / (n_sessions - 1) * float(scores @ scores)) / n_cases


def design_effect(clustered: Estimate, cases: np.ndarray) -> float:
    """SE² clustered by session over SE² as if the cases (N,) were independent; NaN where they do not vary."""
    naive = cases.var(ddof=1) / len(cases) if len(cases) > 1 else 0.0
    return clustered.se**2 / naive if naive > 0 else math.nan


def seed_test(differences: np.ndarray) -> float:
    """p of the paired t-test on the differences of run means, (R,); NaN with one seed or where all are equal."""
    if np.ptp(differences) <= ROUNDING * np.abs(differences).max():
        return math.nan
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def sign_flip_test(differences: np.ndarray) -> float:
    """Exact two-sided p of the mean of (R,) differences under all 2^R sign flips; NaN beyond ``MAX_FLIPS``."""
    if len(differences) > MAX_FLIPS:
        return math.nan
    sums = np.zeros(1)
    for value in differences:
        sums = np.concatenate([sums + value, sums - value])
    observed = abs(differences.sum())
    # The pattern itself and its mirror must count, whatever the order of summation rounds to.
    slack = ROUNDING * np.abs(differences).sum()
    return float(np.mean(np.abs(sums) >= observed - slack))


def sign_flip_floor(n_seeds: int) -> float:
    """The smallest p that ``sign_flip_test`` can return."""
    return 2.0 ** (1 - n_seeds)
