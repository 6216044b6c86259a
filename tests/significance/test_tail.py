"""The level where verdicts are decided: at α/18, and over a family of 18 Holm markers.

Grids of five arms on three test sets, six planned pairs on each, five seeds. Where the seeds' own variance is small,
their mean square falls below the residual's by luck in many a pair; the rule before (``before``) then grew sure of
itself.
"""

import math

import numpy as np
import pytest
from scipy import stats

from recore.significance.correction import holm
from recore.significance.crossed import crossed_test, linearised, mean_squares

pytestmark = pytest.mark.slow

SEEDS, SESSIONS, ALPHA = 5, 200, 0.05
PAIRS = ((0, 1), (2, 1), (3, 1), (4, 1), (4, 2), (4, 3))
SIZES = np.arange(SESSIONS) % 5 + 1
# Standard deviations of an arm by seed, by session and by both, in units of the noise of a single case. The mean
# squares of the first are as 1.4 (seeds), 2 (sessions) and 1 (residual) in expectation.
NEAR_IDENTICAL, ORDINARY = (0.025, 0.26, 0.0), (0.06, 0.6, 0.3)


def arms(random: np.random.Generator, world: tuple[float, float, float], n: int = 5) -> np.ndarray:
    """Session sums of n arms on one test set, (n, R, S): nobody is better than anybody."""
    seed, session, both = world
    mean = random.normal(0, seed, (n, SEEDS, 1)) + random.normal(0, session, (n, 1, SESSIONS))
    mean = mean + random.normal(0, both, (n, SEEDS, SESSIONS))
    return SIZES * mean + np.sqrt(SIZES) * random.normal(0, 1, (n, SEEDS, SESSIONS))


def before(totals: np.ndarray) -> float:
    """p of the rule before: Hillis' df from MS_r as it is, and no floor."""
    delta, y = linearised(totals, SIZES)
    ms_r, ms_s, ms_rs = mean_squares(y)
    w = ms_r + max(ms_s - ms_rs, 0)
    df = min((w / ms_r) ** 2 * (SEEDS - 1), SESSIONS - 1)
    return 2 * stats.t.sf(abs(delta) / math.sqrt(w / (SEEDS * SESSIONS)), df)


def family_errors(world: tuple[float, float, float], draws: int) -> tuple[float, float]:
    """Share of null grids in which one of the 18 Holm p is below α: by the rule, and by the one before."""
    random = np.random.default_rng(2020)
    wrong = np.zeros(2)
    for _ in range(draws):
        totals = [drawn[a] - drawn[b] for drawn in (arms(random, world) for _ in range(3)) for a, b in PAIRS]
        for i, p in enumerate(([crossed_test(t, SIZES)[0].p for t in totals], [before(t) for t in totals])):
            wrong[i] += holm(np.array(p)).min() < ALPHA
    return tuple(wrong / draws)


def highest(rate: float, draws: int) -> float:
    """What a true rate exceeds in one of 1,000 simulations."""
    return stats.binom.isf(0.001, draws, rate) / draws


@pytest.mark.parametrize("world", [NEAR_IDENTICAL, ORDINARY], ids=["near-identical", "ordinary"])
def test_the_family_keeps_its_level(world):
    draws = 1500
    rule, rule_before = family_errors(world, draws)
    print(world, rule, rule_before)
    assert 0.01 < rule <= highest(ALPHA, draws)
    if world is NEAR_IDENTICAL:
        assert rule_before > highest(ALPHA, draws)


def test_one_test_in_the_tail():
    random, draws = np.random.default_rng(2020), 20_000
    rejected = np.zeros(3)
    for _ in range(draws):
        a, b = arms(random, NEAR_IDENTICAL, 2)
        estimate, _ = crossed_test(a - b, SIZES)
        # With the margin where the truth is, |Δ| < margin is false by a hair: one side of TOST decides.
        shifted, _ = crossed_test(a - b + 0.3 * SIZES, SIZES)
        ps = (estimate.p, before(a - b), shifted.p_equivalent(0.3))
        rejected += np.array(ps) < ALPHA / 18
    rule, rule_before, equivalent = rejected / draws
    print(rule, rule_before, equivalent)
    assert 0.0015 < rule < 0.0045
    assert rule_before > 0.0045
    assert 0.0015 < equivalent < 0.0045
