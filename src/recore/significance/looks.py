"""Looking at one comparison more than once: seeds are added until it is known, and the error still adds up to γ.

Looks at R_1 < ... < R_K seeds, information t_k = R_k/R_K. Error spent by look k (Lan and DeMets 1983, Pocock-type):

    α_k(γ) = γ · ln(1 + (e-1)·t_k)          w_k = ln(1 + (e-1)·t_k) - ln(1 + (e-1)·t_{k-1})          Σ w_k = 1

Under "no difference" the statistics are a Brownian motion B seen at t_k. The boundary c_k(γ) solves
P(|B_j|/√t_j < c_j for all j < k, |B_k|/√t_k ≥ c_k) = w_k·γ (B for |B| if one-sided), by integration look after look
(Armitage, McPherson and Rowe 1969; Jennison and Turnbull 2000, chapter 19). Its p is the nominal level p_k(γ).

That probability rises with each earlier c_j and falls with c_k; so, by induction over k, every c_k falls strictly in γ
because every w_k·γ rises. Hence rejection is nested in γ, the inverse of p_k exists, and the smallest γ at which any
look so far rejects, adj, has P(adj ≤ γ) ≤ γ wherever one stops: a p-value (sequential p, Liu and Anderson 2008).

``looks``: the seeds at every look (K,), rising, the last being the most there will ever be. Only t_k counts, so
fractions that end at 1 do as well. ``sides``: 2, or 1 for a test that spends γ on its upper side alone (each of TOST).
RecoreError where looks do not rise from above 0, γ is not in (0, 1], or sides is neither.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy.interpolate import BSpline, make_interp_spline
from scipy.special import log_ndtr, ndtr, ndtri, ndtri_exp

from recore import RecoreError

# Paths below this many standard errors cannot matter to what crosses above.
FAR = 9.0
# Below this γ p_k = w_k·γ (Bonferroni): never too large, and too small by 2e-5 of itself for looks at 5, 8, 12, 20.
TINY = 1e-40


def fractions_of(looks: Sequence[float]) -> tuple[float, ...]:
    """t_k = R_k/R_K, (K,)."""
    if len(looks) == 0 or looks[0] <= 0 or any(b <= a for a, b in pairwise(looks)):
        raise RecoreError(f"looks must rise from above 0, e.g. [5, 8, 12, 20] seeds; these are {list(looks)}")
    return tuple(float(look / looks[-1]) for look in looks)


def spent(gamma: float, looks: Sequence[float]) -> np.ndarray:
    """Error spent up to each look, α_k(γ), (K,); the last is γ."""
    if not 0 < gamma <= 1:
        raise RecoreError(f"γ must be above 0 and at most 1, not {gamma}")
    return gamma * np.log1p(math.expm1(1) * np.array(fractions_of(looks)))


def nominal_levels(gamma: float, looks: Sequence[float], sides: int = 2) -> np.ndarray:
    """The p at or below which each look rejects at level γ, p_k(γ), (K,)."""
    increments = np.diff(spent(gamma, looks), prepend=0.0)
    log_halves = np.log(increments / _checked(sides))
    if gamma < TINY:
        return increments
    return np.minimum(sides * np.exp(_log_half_levels(log_halves, fractions_of(looks), sides)), 1.0)


def adjusted(p: np.ndarray, look: int, looks: Sequence[float], sides: int = 2) -> np.ndarray:
    """The smallest γ in (0, 1] at which each nominal p, any shape, is a rejection at this look (counted from 0).

    1 where none is; NaN stays. Exact at the first look, so with one look p itself; later a spline of the inverse, right
    to 1e-12 of itself for γ from 1e-40 on (below: Bonferroni's p/w_k; one-sided γ above 1 - 3e-7 become 1).
    """
    if not 0 <= look < len(looks):
        raise RecoreError(f"look {look} of {len(looks)} (counted from 0) is not planned")
    p = np.asarray(p, dtype=float)
    weight = np.diff(spent(1.0, looks), prepend=0.0)[look]
    bound = np.minimum(p / weight, 1.0)
    _checked(sides)
    if look == 0:
        return bound
    curve, low, high = _inverse(fractions_of(looks), look, sides)
    c = -ndtri(np.clip(p, low, high) / sides)
    return np.where(p > high, 1.0, np.minimum(bound, np.exp(curve(c))))


def sequential_p(p_by_look: np.ndarray, looks: Sequence[float], sides: int = 2) -> np.ndarray:
    """Adjusted p, (n,), of n comparisons from their nominal p at the looks reached so far, (k, n) with 1 ≤ k ≤ K.

    The smallest over the looks: a rejection stays. A look without p (NaN) rejects nothing; NaN where all are.
    """
    if not 1 <= len(p_by_look) <= len(looks):
        raise RecoreError(f"p of {len(p_by_look)} looks, of {len(looks)} planned; give those that were reached")
    return np.fmin.reduce([adjusted(p, look, looks, sides) for look, p in enumerate(p_by_look)])


def _checked(sides: int) -> int:
    if sides not in (1, 2):
        raise RecoreError(f"a test has 1 side or 2, not {sides}")
    return sides


@lru_cache(maxsize=64)
def _inverse(fractions: tuple[float, ...], look: int, sides: int) -> tuple[BSpline, float, float]:
    """log γ as a spline over the boundary c of this look, and the lowest and highest nominal p that it holds for."""
    log_gammas, log_half = _table(fractions, sides)
    c = -ndtri_exp(log_half[:, look])
    order = np.argsort(c)
    low, high = sides * np.exp(log_half[[0, -1], look])
    return make_interp_spline(c[order], log_gammas[order], k=7), float(low), float(high)


@lru_cache(maxsize=16)
def _table(fractions: tuple[float, ...], sides: int) -> tuple[np.ndarray, np.ndarray]:
    """log γ (G,), rising, and log(p_k(γ)/sides) (G, K)."""
    highest = -float(ndtri(TINY / sides))
    quantiles = np.linspace(-5.0, highest, 240) if sides == 1 else np.linspace(0.0, math.sqrt(highest), 240) ** 2
    log_gammas = math.log(sides) + log_ndtr(-quantiles[::-1])
    log_weights = np.log(np.diff(spent(1.0, fractions), prepend=0.0) / sides)
    return log_gammas, np.array([_log_half_levels(g + log_weights, fractions, sides) for g in log_gammas])


def _log_half_levels(log_targets: np.ndarray, fractions: tuple[float, ...], sides: int) -> np.ndarray:
    """log P(B_k/√t_k ≥ c_k) (K,), where look k crosses upwards for the first time with these log chances (K,)."""
    levels = np.empty(len(fractions))
    x, weights, before = np.zeros(1), np.ones(1), 0.0
    nodes, widths = _quadrature(fractions)
    for k, t in enumerate(fractions):
        step, root = math.sqrt(t - before), math.sqrt(t)
        c = _boundary(x, weights, root, step, log_targets[k], sides)
        levels[k] = log_ndtr(-c)
        low, high = -min(c, FAR) if sides == 2 else -FAR, max(c, -FAR)
        after = root * (low + high + (high - low) * nodes) / 2
        density = np.exp(-0.5 * ((after[:, None] - x) / step) ** 2) @ weights / (step * math.sqrt(2 * math.pi))
        x, weights, before = after, density * widths * root * (high - low) / 2, t
    return levels


def _boundary(x: np.ndarray, weights: np.ndarray, root: float, step: float, log_target: float, sides: int) -> float:
    """c with log Σ weights · P(x + step·N(0, 1) ≥ c·root) = log_target, by Newton's method.

    The logarithm is concave and falling in c, so from Bonferroni's bound, which is above, Newton comes down to it.
    """
    c = min(float(-ndtri_exp(log_target)), (x[-1] + 30 * step) / root)  # beyond that every chance underflows
    floor = 0.0 if sides == 2 else -FAR
    for _ in range(100):
        z = (c * root - x) / step
        crossing = weights @ ndtr(-z)
        slope = weights @ np.exp(-0.5 * z**2) * root / (step * math.sqrt(2 * math.pi) * crossing)
        if slope < 1e-12:
            break
        move = (math.log(crossing) - log_target) / slope
        c = max(c + move, floor)
        if abs(move) < 1e-14 * max(abs(c), 1.0):
            break
    return c


@lru_cache(maxsize=16)
def _quadrature(fractions: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights on [-1, 1], more of them where a step is short beside what was walked."""
    t = np.array(fractions)
    ratio = math.sqrt((t / np.diff(t, prepend=0.0)).max())
    return np.polynomial.legendre.leggauss(64 + 32 * math.ceil(ratio))
