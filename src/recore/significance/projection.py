"""How many seeds would it take? The minimal detectable effect that another number of seeds would have.

The variance components of a comparison (``crossed.Components``) project its standard error and degrees of freedom to
R' seeds on the same sessions:

    SE²(R')  = sd_seed²/R' + sd_session²/S + MS_rs/(R'·S)
    MDE(R') = (t_{df(R'), 1-α/2} + t_{df(R'), power}) · SE(R')

More seeds cannot push it below the share of the sessions. At the seeds at hand the projection is the test's own MDE,
unless a component was estimated below zero: it is 0 in the projection, while the test keeps the mean square it found.
"""

import math

import pandas as pd

from recore.significance.crossed import Components

SEEDS = (3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30)
COLUMNS = ["dataset", "a", "b", "metric", "n_seeds", "mde80", "at_hand", "margin"]


def detectable_by_seeds(comparisons: pd.DataFrame, alpha: float, power: float) -> pd.DataFrame:
    """Rows (``COLUMNS``) of every comparison that has components, for ``SEEDS`` and the seeds it was made with.

    ``comparisons`` are rows of ``comparisons.compare_all``; two arms without seeds have none to add, and no rows here.
    mde80 is the projection; at_hand the test's own value, at the seeds it was made with and NaN elsewhere. Unit as in
    the comparisons (fractions).
    """
    rows = []
    for row in comparisons[comparisons["se"].notna() & (comparisons["n_seeds"] > 0)].itertuples():
        parts = Components(row.sd_seed**2, row.sd_session**2, row.ms_rs)
        for n in sorted({*SEEDS, row.n_seeds}):
            mde = parts.projected(n, row.n_sessions).detectable(alpha, power)
            at_hand = row.mde80 if n == row.n_seeds else math.nan
            rows.append((row.dataset, row.a, row.b, row.metric, n, mde, at_hand, row.margin))
    return pd.DataFrame(rows, columns=COLUMNS)
