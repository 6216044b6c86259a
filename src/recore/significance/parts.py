"""Where a difference comes from: what each group of a partition of the cases adds to it.

With d the difference of one case, N cases in all and N_g in group g,

    part_g = Σ_{c in g} d_c / N        Δ = Σ_g part_g        share_g = part_g / Δ        delta_g = Σ_{c in g} d_c / N_g

so a group weighs by its cases and by how much the arms differ there. The interval of delta_g is that of the primary
test (``crossed``) on the sessions that have a case in g, for new seeds and sessions. It is one of several and is not
corrected: it tells where to look, the verdict is that of the comparison.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from recore.significance.crossed import crossed_test
from recore.significance.estimate import ROUNDING
from recore.significance.influence import effective_sessions, left_out
from recore.significance.plan import EXPLORATORY, Plan
from recore.significance.runs import SessionBlocks

# fmt: off
COLUMNS = [
    "a", "b", "metric", "breakdown", "group", "n_cases", "n_sessions", "n_seeds", "delta", "ci_lo", "ci_hi",
    "part", "share", "effective_sessions",
]
# fmt: on


@dataclass(frozen=True)
class Parts:
    """One variant and metric on R seeds: session sums of G groups, (G, R, S); without seeds R is 1."""

    sums: np.ndarray
    seedless: bool = False

    @property
    def n_seeds(self) -> int | None:
        return None if self.seedless else self.sums.shape[1]

    def at(self, look: int) -> np.ndarray:
        """Those of the first ``look`` seeds."""
        return self.sums if self.seedless else self.sums[:, :look]


class Partition(Protocol):
    """A name, the labels of its groups, and of every case (N,) the position of its own."""

    @property
    def name(self) -> str: ...
    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def group(self) -> np.ndarray: ...


def parts_of(
    tables: Sequence[dict[str, np.ndarray]],
    partition: Partition,
    sessions: SessionBlocks,
    metrics: Iterable[str],
    seedless: bool = False,
) -> dict[str, Parts]:
    """Parts for each metric, from one variant's metric tables (one a seed, each metric (N,))."""
    chosen = [partition.group == code for code in range(len(partition.labels))]

    def sums(metric: str) -> np.ndarray:
        return np.array([[sessions.sums(np.where(own, t[metric], 0.0)) for t in tables] for own in chosen])

    return {metric: Parts(sums(metric), seedless) for metric in metrics}


def parts_table(
    parts: dict[str, dict[str, Parts]], partition: Partition, sessions: SessionBlocks, plan: Plan
) -> pd.DataFrame:
    """A row (``COLUMNS``) for each planned pair at its last look, metric and group that has a case.

    ``parts`` maps variant and metric. The interval is NaN where the comparison's own would be (``comparisons``).
    """
    sizes = np.array([sessions.sums((partition.group == code).astype(int)) for code in range(len(partition.labels))])
    metrics = list(next(iter(parts.values()), {}))
    rows = []
    for metric in metrics:
        for a, b in plan.comparisons:
            arms = parts[a][metric], parts[b][metric]
            n_seeds = plan.reached_by(*(arm.n_seeds for arm in arms))[-1]
            totals = arms[0].at(n_seeds) - arms[1].at(n_seeds)  # (G, R, S)
            delta = totals.sum() / totals.shape[1] / sessions.n_cases
            nothing = abs(totals.sum()) <= ROUNDING * np.abs(totals).sum()
            for code, label in enumerate(partition.labels):
                if sizes[code].any():
                    row = {"a": a, "b": b, "metric": metric, "breakdown": partition.name, "group": label}
                    row |= _part(totals[code], sizes[code], n_seeds, sessions.n_cases, plan.alpha)
                    rows.append(row | {"share": math.nan if nothing else row["part"] / delta})
    return pd.DataFrame(rows, columns=COLUMNS)


def _part(totals: np.ndarray, sizes: np.ndarray, n_seeds: int, n_cases: int, alpha: float) -> dict[str, float]:
    """Of session totals (R, S) and sizes (S,) of one group; ``n_seeds`` is 0 where neither arm has any."""
    present = sizes > 0
    totals, sizes = totals[:, present], sizes[present]
    total = float(totals.sum() / len(totals))
    tested = crossed_test(totals, sizes, seedless=n_seeds == 0) if n_seeds == 0 or n_seeds >= EXPLORATORY else None
    low, high = tested[0].interval(alpha) if tested else (math.nan, math.nan)
    return {
        "n_cases": int(sizes.sum()),
        "n_sessions": len(sizes),
        "n_seeds": n_seeds,
        "delta": total / int(sizes.sum()),
        "ci_lo": low,
        "ci_hi": high,
        "part": total / n_cases,
        "effective_sessions": effective_sessions(left_out(totals, sizes)) if len(sizes) > 1 else math.nan,
    }
