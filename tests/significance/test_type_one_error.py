"""Under "no difference" the primary test must reject about 5 % of the time, and the naive test far too often.

The naive test on the same draws shows that the draws hold the noise that the primary test is there for.
"""

import numpy as np
from scipy import stats

from recore.significance.crossed import crossed_test
from recore.significance.secondary import clustered_test

DRAWS, SEEDS, SESSIONS = 400, 5, 300


def rejections(draws: int) -> tuple[float, float, float]:
    """Shares of null draws with p < .05: the two-way, the session-clustered and the per-case test."""
    random = np.random.default_rng(2020)
    sizes = random.integers(1, 6, SESSIONS)
    session = np.repeat(np.arange(SESSIONS), sizes)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    p = np.empty((draws, 3))
    for draw in range(draws):
        # A case's difference: its seed's luck, its session's taste, how the two meet, and itself.
        shared = random.normal(0, 0.05, (SEEDS, 1)) + random.normal(0, 0.4, SESSIONS)
        met = shared + random.normal(0, 0.3, (SEEDS, SESSIONS))
        cases = met[:, session] + random.normal(0, 0.5, (SEEDS, len(session)))
        totals = np.add.reduceat(cases, starts, axis=1)
        p[draw] = (
            crossed_test(totals, sizes)[0].p,
            clustered_test(totals, sizes).p,
            stats.ttest_1samp(cases.mean(axis=0), 0).pvalue,
        )
    return tuple((p < 0.05).mean(axis=0))


def test_the_two_way_test_keeps_its_level_where_the_naive_test_does_not():
    two_way, clustered, per_case = rejections(DRAWS)
    assert 0.015 <= two_way <= 0.09
    assert per_case > 0.15
    assert two_way < clustered < per_case
