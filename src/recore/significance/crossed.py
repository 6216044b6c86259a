"""The primary test: seeds and sessions are both random, crossed (multi-reader multi-case; Hillis 2007).

Two arms A and B share R seeds and S test sessions; session s has n_s of the N cases. With
T[r,s] = Σ_{c in s} (x_A[r,c] - x_B[r,c]) the difference of the means over cases is a ratio mean, linearised a session:

    Δ = ΣT / (N·R)          Y[r,s] = Δ + (T[r,s] - Δ·n_s) · S/N

The two-way table Y has the mean squares

    MS_r = S · var_r(mean_s Y)      MS_s = R · var_s(mean_r Y)      MS_rs = residual SS / ((R-1)(S-1))

    W = MS_r + max(MS_s - MS_rs, 0)     SE² = W/(R·S)     df = min(V² / (M²/(R-1)), S-1)

    M = max(MS_r, MS_rs)                V = M + max(MS_s - MS_rs, 0)

so p and interval hold for new seeds and new sessions. The df are those of Hillis (2007, Statistics in Medicine 26:596),
here never above S-1. A test that ignores seeds or sessions rejects a true null up to ten times too often.

An arm without seeds is the same under every seed of the other arm, and all of the above holds. Of two such arms every
row of T is the same and R is any number; what is left is MS_r = MS_rs = 0, SE² = MS_s/(R·S), df = S-1: the test that
takes sessions alone as random.

With few seeds MS_r falls below MS_rs by luck in many a comparison of near-identical variants. Hillis' own df, M = MS_r,
then explode and SE falls below that of the sessions alone: the size at .05/18 is two to three times what it should be.
So M never falls below MS_rs, and p never below that of the sessions alone (``secondary.clustered_test``).
"""

import math
from dataclasses import dataclass

import numpy as np

from recore.significance.estimate import ROUNDING, Estimate


@dataclass(frozen=True)
class Components:
    """What one difference varies by. Variances are those of a single entry Y[r,s], in squared metric units."""

    seed: float  # variance over seeds
    session: float  # variance over sessions
    residual: float  # MS_rs: what is left, and the seed-by-session interaction

    def projected(self, n_seeds: int, n_sessions: float) -> Estimate:
        """The standard error and df that so many seeds (at least 2) and sessions would give; its delta is 0."""
        ms_seed = self.residual + n_sessions * self.seed
        between = n_seeds * self.session
        se = math.sqrt((ms_seed + between) / (n_seeds * n_sessions))
        return Estimate(0.0, se, _hillis_df(ms_seed, between, n_seeds, n_sessions))


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


def crossed_test(totals: np.ndarray, sizes: np.ndarray, seedless: bool = False) -> tuple[Estimate, Components] | None:
    """The test on session totals of the difference (R, S) and session sizes (S,).

    ``seedless``: neither arm has seeds, so that the one row of totals (1, S) stands for every seed. None where there is
    no noise to test with: R < 2, S < 2, or the same difference in every run and session.
    """
    if seedless:
        totals = np.repeat(totals, 2, axis=0)
    n_seeds, n_sessions = totals.shape
    if min(n_seeds, n_sessions) < 2:
        return None
    delta, y = linearised(totals, sizes)
    ms_r, ms_s, ms_rs = mean_squares(y)
    between = max(ms_s - ms_rs, 0.0)
    rounding = (ROUNDING * delta) ** 2 * n_seeds * n_sessions
    # Seeds that agree to the last hit on a small test set leave no w, but not a difference without noise.
    w = next((value for value in (ms_r + between, ms_s, ms_rs) if value > rounding), 0.0)
    if w == 0:
        return None

    def error(mean_square: float) -> float:
        return math.sqrt(mean_square / (n_seeds * n_sessions))

    estimate = Estimate(
        delta,
        error(w),
        _hillis_df(max(ms_r, ms_rs), between, n_seeds, n_sessions),
        # Elsewhere SE is the larger and df are the fewer, so that the sessions alone cannot be less sure.
        floor=Estimate(delta, error(ms_s), float(n_sessions - 1)) if w < ms_s else None,
    )
    components = Components(
        seed=max(ms_r - ms_rs, 0.0) / n_sessions,
        session=between / n_seeds,
        residual=ms_rs,
    )
    return estimate, components


def _hillis_df(ms_seed: float, between: float, n_seeds: int, n_sessions: float) -> float:
    if ms_seed == 0:
        return float(n_sessions - 1)
    return float(min(((ms_seed + between) / ms_seed) ** 2 * (n_seeds - 1), n_sessions - 1))
