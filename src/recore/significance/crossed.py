"""The primary test: seeds and sessions are both random, crossed (multi-reader multi-case; Hillis 2007).

Two arms A and B share R seeds and S test sessions; session s has n_s of the N cases. With
T[r,s] = Σ_{c in s} (x_A[r,c] - x_B[r,c]) the difference of the means over cases is a ratio mean, linearised a session:

    Δ = ΣT / (N·R)          Y[r,s] = Δ + (T[r,s] - Δ·n_s) · S/N

The two-way table Y has the mean squares

    MS_r = S · var_r(mean_s Y)      MS_s = R · var_s(mean_r Y)      MS_rs = residual SS / ((R-1)(S-1))

    W = MS_r + max(MS_s - MS_rs, 0)     SE² = W/(R·S)     df = min(W² / (MS_r²/(R-1)), S-1)

so p and interval hold for new seeds and new sessions. The df are those of Hillis (2007, Statistics in Medicine 26:596),
here never above S-1. A test that ignores seeds or sessions rejects a true null up to ten times too often.
"""

import math
from dataclasses import dataclass

import numpy as np

from recore.significance.estimate import Estimate


@dataclass(frozen=True)
class Components:
    """What one difference varies by. Variances are those of a single cell Y[r,s], in squared metric units."""

    seed: float  # variance over seeds
    session: float  # variance over sessions
    residual: float  # MS_rs: what is left, and the seed-by-session interaction
    n_seeds: int
    n_sessions: int

    def se(self, n_seeds: int) -> float:
        """Standard error that ``n_seeds`` seeds would give on these sessions."""
        seeds = (self.seed + self.residual / self.n_sessions) / n_seeds
        return math.sqrt(seeds + self.session / self.n_sessions)

    def df(self, n_seeds: int) -> float:
        """Hillis' degrees of freedom with ``n_seeds`` (at least 2) seeds."""
        ms_seed = self.residual + self.n_sessions * self.seed
        return _hillis_df(ms_seed, ms_seed + n_seeds * self.session, n_seeds, self.n_sessions)


def linearised(totals: np.ndarray, sizes: np.ndarray) -> tuple[float, np.ndarray]:
    """Δ and Y (R, S) of session totals (R, S) and session sizes (S,)."""
    n_seeds, n_sessions = totals.shape
    n_cases = sizes.sum()
    delta = float(totals.sum() / (n_cases * n_seeds))
    return delta, delta + (totals - delta * sizes) * (n_sessions / n_cases)


def mean_squares(y: np.ndarray) -> tuple[float, float, float]:
    """MS_r, MS_s and MS_rs of a table (R, S) with R, S >= 2."""
    n_seeds, n_sessions = y.shape
    of_seeds, of_sessions = y.mean(axis=1), y.mean(axis=0)
    rest = y - of_seeds[:, None] - of_sessions + y.mean()
    return (
        float(n_sessions * of_seeds.var(ddof=1)),
        float(n_seeds * of_sessions.var(ddof=1)),
        float((rest**2).sum() / ((n_seeds - 1) * (n_sessions - 1))),
    )


def crossed_test(totals: np.ndarray, sizes: np.ndarray) -> tuple[Estimate, Components] | None:
    """The test on session totals of the difference (R, S) and session sizes (S,); None with R < 2 or S < 2."""
    n_seeds, n_sessions = totals.shape
    if min(n_seeds, n_sessions) < 2:
        return None
    delta, y = linearised(totals, sizes)
    ms_r, ms_s, ms_rs = mean_squares(y)
    w = ms_r + max(ms_s - ms_rs, 0.0)
    estimate = Estimate(delta, math.sqrt(w / (n_seeds * n_sessions)), _hillis_df(ms_r, w, n_seeds, n_sessions))
    components = Components(
        seed=max(ms_r - ms_rs, 0.0) / n_sessions,
        session=max(ms_s - ms_rs, 0.0) / n_seeds,
        residual=ms_rs,
        n_seeds=n_seeds,
        n_sessions=n_sessions,
    )
    return estimate, components


def _hillis_df(ms_seed: float, w: float, n_seeds: int, n_sessions: int) -> float:
    if ms_seed == 0:
        return float(n_sessions - 1)
    return float(min((w / ms_seed) ** 2 * (n_seeds - 1), n_sessions - 1))
