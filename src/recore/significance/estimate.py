"""A difference with its standard error and degrees of freedom, and what Student's t says about it.

p    = 2 · P(T_df > |Δ|/SE)                                   two-sided test of Δ = 0
CI   = Δ ± t_{df, 1-α/2} · SE
TOST = max(P(T_df > (Δ+m)/SE), P(T_df < (Δ-m)/SE))            |Δ| < m, two one-sided tests (Schuirmann 1987)
MDE  = (t_{df, 1-α/2} + t_{df, power}) · SE                   the smallest |Δ| found with that power

An estimate can have a floor: another estimate of the same difference that it must never be surer than. p and the MDE
are then the larger of the two, the interval is the wider one, so that p < α still means an interval without 0.
"""

import math
from dataclasses import dataclass

from scipy import stats

from recore import RecoreError

# Below this share of Δ a standard error is rounding, not noise.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Estimate:
    """delta and se in the metric's unit (fractions); df > 0, not necessarily whole; ``floor`` has the same delta.

    delta = se = 0 is legitimate (two arms that agree everywhere): p is 1 and the interval is [0, 0].
    RecoreError where the difference is not 0 but has no noise at all: no honest test can come of it.
    """

    delta: float
    se: float
    df: float
    floor: "Estimate | None" = None

    def __post_init__(self) -> None:
        if self.delta != 0 and self.se <= ROUNDING * abs(self.delta):
            raise RecoreError(
                f"the difference is exactly {self.delta:g} in every run and session, which measured ranks never are; "
                "check how the two variants were evaluated"
            )

    @property
    def t(self) -> float:
        return self._standardised(self.delta)

    @property
    def p(self) -> float:
        own = float(2 * stats.t.sf(abs(self.t), self.df))
        return max(own, self.floor.p) if self.floor else own

    def interval(self, alpha: float) -> tuple[float, float]:
        half = max(float(stats.t.isf(alpha / 2, each.df)) * each.se for each in self._with_floor)
        return self.delta - half, self.delta + half

    def p_equivalent(self, margin: float) -> float:
        """p of the claim that the true difference lies within ± margin; margin in the unit of delta."""
        low = stats.t.sf(self._standardised(self.delta + margin), self.df)
        high = stats.t.cdf(self._standardised(self.delta - margin), self.df)
        own = float(max(low, high))
        return max(own, self.floor.p_equivalent(margin)) if self.floor else own

    def detectable(self, alpha: float, power: float) -> float:
        """Minimal detectable effect of the two-sided test at ``alpha``, in the unit of delta."""
        return max(
            float(stats.t.isf(alpha / 2, each.df) + stats.t.ppf(power, each.df)) * each.se for each in self._with_floor
        )

    @property
    def _with_floor(self) -> "tuple[Estimate, ...]":
        return (self,) if self.floor is None else (self, self.floor)

    def _standardised(self, difference: float) -> float:
        if self.se > 0:
            return difference / self.se
        return math.copysign(math.inf, difference) if difference else 0.0
