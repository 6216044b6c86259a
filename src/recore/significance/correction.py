"""Corrections over a family of tests. A planned test without a p (NaN) counts as p = 1, and stays NaN.

- Holm (1979): sorted p_(i) become max_{j<=i} (m-j+1)·p_(j), at most 1; keeps the family-wise error rate.
- Benjamini and Hochberg (1995): q = min_{j>=i} m·p_(j)/j; keeps the false discovery rate.
"""

import numpy as np
from scipy import stats


def holm(p: np.ndarray) -> np.ndarray:
    """Holm-adjusted p of a family (m,), in the order given."""
    p = np.asarray(p, dtype=float)
    planned = np.where(np.isnan(p), 1.0, p)
    order = np.argsort(planned, kind="stable")
    stepped = np.maximum.accumulate(planned[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return np.where(np.isnan(p), np.nan, adjusted)


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """q-values of a family (m,), in the order given."""
    p = np.asarray(p, dtype=float)
    if len(p) == 0:
        return p
    q = stats.false_discovery_control(np.where(np.isnan(p), 1.0, p), method="bh")
    return np.where(np.isnan(p), np.nan, q)
