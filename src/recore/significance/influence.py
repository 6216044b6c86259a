"""How much of a difference hangs on single sessions: what each adds to Δ, and what is left without it.

S - 1 degrees of freedom suppose that many sessions carry the noise. Where a few long ones do (a bot, a shared screen),
interval and p come out as if hundreds had been asked. With T_s the session totals of the difference (mean over seeds)
and n_s its cases, of N in all:

    Δ_(s) = (ΣT - T_s) / (N - n_s)                 the difference without session s
    v_s   = (Δ - Δ_(s))²                           its share of the jackknife variance is v_s / Σv
    effective sessions = (Σv)² / Σv²               S where all weigh alike, 1 where one has all the weight

v is the squared residual of the session-clustered test over (1 - n_s/N)²: without that, a session that holds most of
the cases pulls Δ to itself and looks harmless. Equal sessions with normal noise have about S/3 effective ones.
"""

import math
from dataclasses import dataclass

import numpy as np

from recore.significance.crossed import crossed_test
from recore.significance.estimate import ROUNDING
from recore.significance.plan import EXPLORATORY
from recore.significance.secondary import clustered_test


@dataclass(frozen=True)
class Influence:
    """Of one difference. Shares are fractions; ``largest`` is a position in the sessions; unit of Δ elsewhere."""

    effective: float
    largest: int  # the session with the largest v
    share_variance: float  # its share of Σv
    share_delta: float  # T_s/ΣT, negative where it pulls the other way; NaN where Δ = 0
    without: float  # Δ without it
    p_without: float  # the primary test's without it; the session-clustered one's below ``EXPLORATORY`` seeds
    lowest: float  # the smallest Δ that leaving one session out can give
    highest: float


def contributions(totals: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """What each session adds to Δ, (S,), from session totals (R, S) and sizes (S,): they sum to Δ."""
    return totals.mean(axis=0) / sizes.sum()


def left_out(totals: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """What Δ becomes without each session in turn, minus Δ: (S,), S >= 2."""
    by_session = totals.mean(axis=0)
    without = (by_session.sum() - by_session) / (sizes.sum() - sizes)
    changes = without - by_session.sum() / sizes.sum()
    return np.where(np.abs(changes) > ROUNDING * np.abs(without), changes, 0.0)  # sessions that are all alike


def effective_sessions(changes: np.ndarray) -> float:
    """(Σv)²/Σv² of the changes of ``left_out`` (S,); S where none changes anything."""
    largest = np.abs(changes).max()
    if largest == 0:
        return float(len(changes))
    weights = (changes / largest) ** 2  # squares of squares of small fractions would vanish
    return float(weights.sum() ** 2 / (weights**2).sum())


def influence(totals: np.ndarray, sizes: np.ndarray) -> Influence | None:
    """Of session totals (R, S) and sizes (S,); None with one session."""
    n_sessions = len(sizes)
    if n_sessions < 2:
        return None
    changes = left_out(totals, sizes)
    largest = int(np.argmax(np.abs(changes)))
    others = np.arange(n_sessions) != largest
    spread = float((changes**2).sum())
    total = float(totals.mean(axis=0).sum())
    nothing = abs(total) <= ROUNDING * float(np.abs(totals.mean(axis=0)).sum())
    delta = total / float(sizes.sum())
    return Influence(
        effective=effective_sessions(changes),
        largest=largest,
        share_variance=float(changes[largest] ** 2) / spread if spread > 0 else 1 / n_sessions,
        share_delta=math.nan if nothing else float(totals[:, largest].mean()) / total,
        without=delta + float(changes[largest]),
        p_without=_p(totals[:, others], sizes[others]),
        lowest=delta + float(changes.min()),
        highest=delta + float(changes.max()),
    )


def _p(totals: np.ndarray, sizes: np.ndarray) -> float:
    if len(totals) >= EXPLORATORY:
        crossed = crossed_test(totals, sizes)
        return crossed[0].p if crossed else math.nan
    clustered = clustered_test(totals, sizes)
    return clustered.p if clustered else math.nan  # NaN where the one session had all the noise
