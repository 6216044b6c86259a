"""A difference with its standard error and degrees of freedom, and what Student's t says about it.

p    = 2 · P(T_df > |Δ|/SE)                                   two-sided test of Δ = 0
CI   = Δ ± t_{df, 1-α/2} · SE
TOST = max(P(T_df > (Δ+m)/SE), P(T_df < (Δ-m)/SE))            |Δ| < m, two one-sided tests (Schuirmann 1987)
MDE  = (t_{df, 1-α/2} + t_{df, power}) · SE                   the smallest |Δ| found with that power

An estimate can have a floor: another estimate of the same difference that it must never be surer than. p and the MDE
are then the larger of the two, the interval is the wider one, so that p < α still means an interval without 0.
"""

from dataclasses import dataclass

from scipy import stats

# Up to this share of Δ a standard error is rounding, not noise: then there is no estimate, and nothing to test with.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Estimate:
    """delta and se in the metric's unit (fractions); se and df > 0, df not necessarily whole.

    ``floor`` has the same delta.
    """

    delta: float
    se: float
    df: float
    floor: "Estimate | None" = None

    @property
    def t(self) -> float:
        return self.delta / self.se

    @property
    def p(self) -> float:
        own = float(2 * stats.t.sf(abs(self.t), self.df))
        return max(own, self.floor.p) if self.floor else own

    def interval(self, alpha: float) -> tuple[float, float]:
        half = max(float(stats.t.isf(alpha / 2, each.df)) * each.se for each in self._with_floor)
        return self.delta - half, self.delta + half

    def p_equivalent(self, margin: float) -> float:
        """p of the claim that the true difference lies within ± margin; margin in the unit of delta."""
        low = stats.t.sf((self.delta + margin) / self.se, self.df)
        high = stats.t.cdf((self.delta - margin) / self.se, self.df)
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
