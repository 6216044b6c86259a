"""Worlds without a true difference, and how often a test finds one: what tests/significance and level.py simulate.

Everything is drawn as session totals (R, S) with sizes (S,), as ``crossed_test`` takes them; nobody is better than
anybody over all cases.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from recore.significance.correction import holm
from recore.significance.crossed import crossed_test, linearised, mean_squares
from recore.significance.influence import effective_sessions, left_out
from recore.significance.looks import sequential_p
from recore.significance.plan import FEWEST

ALPHA, TESTS = 0.05, 18
SEEDS = 5
Draw = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]

# Five arms on three test sets, the six planned pairs on each.
PAIRS = ((0, 1), (2, 1), (3, 1), (4, 1), (4, 2), (4, 3))
SIZES = np.arange(200) % 5 + 1
# Standard deviations of an arm by seed, by session and by both, in units of the noise of a single case. The mean
# squares are as 1.4 (seeds), 2 (sessions) and 1 (residual) in expectation in the first, as 11, 2 and 1 in the third.
GRIDS = {
    "near-identical variants": (0.025, 0.26, 0.0),
    "ordinary variants": (0.06, 0.6, 0.3),
    "a large variance of seeds": (0.13, 0.26, 0.0),
}


def arms(random: np.random.Generator, world: tuple[float, float, float], n: int, seeds: int = SEEDS) -> np.ndarray:
    """Session sums of n arms on one test set, (n, R, S)."""
    seed, session, both = world
    mean = random.normal(0, seed, (n, seeds, 1)) + random.normal(0, session, (n, 1, len(SIZES)))
    mean = mean + random.normal(0, both, (n, seeds, len(SIZES)))
    return SIZES * mean + np.sqrt(SIZES) * random.normal(0, 1, (n, seeds, len(SIZES)))


def grid(random: np.random.Generator, world: tuple[float, float, float], seeds: int = SEEDS) -> list[np.ndarray]:
    """The differences (R, S) of the 18 comparisons of a grid."""
    return [drawn[a] - drawn[b] for drawn in (arms(random, world, 5, seeds) for _ in range(3)) for a, b in PAIRS]


def p_of(totals: np.ndarray) -> float:
    return crossed_test(totals, SIZES)[0].p


def before(totals: np.ndarray) -> float:
    """p of the rule before: Hillis' df from MS_r as it came out, and no floor."""
    delta, y = linearised(totals, SIZES)
    ms_r, ms_s, ms_rs = mean_squares(y)
    n_seeds, n_sessions = totals.shape
    w = ms_r + max(ms_s - ms_rs, 0)
    df = min((w / ms_r) ** 2 * (n_seeds - 1), n_sessions - 1)
    return float(2 * stats.t.sf(abs(delta) / math.sqrt(w / (n_seeds * n_sessions)), df))


def family_errors(world: tuple[float, float, float], draws: int) -> dict[str, float]:
    """Share of grids with a Holm p below α, by rule."""
    random = np.random.default_rng(2020)
    wrong = {"now": 0, "before": 0}
    for _ in range(draws):
        totals = grid(random, world)
        for rule, p in (("now", p_of), ("before", before)):
            wrong[rule] += holm(np.array([p(t) for t in totals])).min() < ALPHA
    return {rule: count / draws for rule, count in wrong.items()}


def tail_sizes(world: tuple[float, float, float], draws: int, margin: float = 0.3) -> dict[str, float]:
    """Share of single tests with p below α/18, by rule; ``equivalence``: TOST where the truth is at the margin."""
    random = np.random.default_rng(2020)
    wrong = dict.fromkeys(("now", "before", "equivalence"), 0)
    for _ in range(draws):
        a, b = arms(random, world, 2)
        shifted, _ = crossed_test(a - b + margin * SIZES, SIZES)
        found = {"now": p_of(a - b), "before": before(a - b), "equivalence": shifted.p_equivalent(margin)}
        for rule, p in found.items():
            wrong[rule] += p < ALPHA / TESTS
    return {rule: count / draws for rule, count in wrong.items()}


def look_errors(world: tuple[float, float, float], looks: tuple[int, ...], draws: int) -> dict[str, float]:
    """Share of grids with a false rejection at any look: with the error spent over the looks, and by peeking."""
    random = np.random.default_rng(2020)
    wrong = {"spent over the looks": 0, "peeking": 0}
    for _ in range(draws):
        totals = grid(random, world, looks[-1])
        p = np.array([[p_of(t[:look]) for t in totals] for look in looks])
        wrong["spent over the looks"] += holm(sequential_p(p, looks)).min() < ALPHA
        wrong["peeking"] += min(holm(row).min() for row in p) < ALPHA
    return {rule: count / draws for rule, count in wrong.items()}


def of_sizes(sizes: list[int], taste: float = 0.05) -> Draw:
    """Sessions of these sizes; taste: the standard deviation of what each has of its own for one arm."""
    n = np.array(sizes)

    def draw(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        own, luck = random.normal(0, taste, len(n)), random.normal(0, 0.002, (SEEDS, 1))
        return n * (own + luck) + np.sqrt(n) * random.normal(0, 0.3, (SEEDS, len(n))), n

    return draw


# Cases a session as in a shop's log: mean 3.6, one session in 15 of 10 or more; YooChoose has about these.
LENGTHS = np.arange(1, 101)
SHARES = np.exp(-0.5 * (np.log(LENGTHS) - 0.8) ** 2) / LENGTHS
SHARES /= SHARES.sum()


def favoured(n_sessions: int, strength: float) -> Draw:
    """Sessions of random length; the longer, the more a session favours one arm, the shorter, the more the other."""
    favour = np.log(LENGTHS)
    favour = favour - (SHARES * LENGTHS * favour).sum() / (SHARES * LENGTHS).sum()  # nothing over all cases

    def draw(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        n = random.choice(LENGTHS, n_sessions, p=SHARES)
        taste = strength * favour[n - 1] + random.normal(0, 0.1, n_sessions) + random.normal(0, 0.005, (SEEDS, 1))
        return n * taste + np.sqrt(n) * random.normal(0, 0.3, (SEEDS, n_sessions)), n

    return draw


def of_ranks(n_sessions: int) -> Draw:
    """Sessions of a shop's lengths whose cases differ as ranks do: most not at all, a few by much."""

    def draw(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        n = random.choice(LENGTHS, n_sessions, p=SHARES)

        def cases(seeds: int, share: float) -> np.ndarray:
            differ = random.random((seeds, n.sum())) < share
            return differ * random.uniform(-1, 1, (seeds, n.sum()))

        values = cases(1, 0.1) + cases(SEEDS, 0.1)
        return np.add.reduceat(values, np.append(0, np.cumsum(n)[:-1]), axis=1), n

    return draw


FEW = {
    "2,000 sessions of 4 cases, one of 800": of_sizes([4] * 2000 + [800]),
    "200 of 4, one of 400": of_sizes([4] * 200 + [400]),
    "200 of 4, one of 800": of_sizes([4] * 200 + [800]),
    "200 of 4, two of 800": of_sizes([4] * 200 + [800, 800]),
    "200 of 4, one of 10,000": of_sizes([4] * 200 + [10_000]),
    "246 of a shop's lengths, long ones favour an arm a little": favoured(246, 0.1),
    "246 of a shop's lengths, long ones favour an arm": favoured(246, 0.3),
    "1,060 of a shop's lengths, long ones favour an arm": favoured(1060, 0.3),
}
ORDINARY = {
    "60 of 1 to 6 cases": of_sizes([1, 2, 3, 4, 5, 6] * 10, taste=0.2),
    "246 of 1 to 6 cases": of_sizes([1, 2, 3, 4, 5, 6] * 41, taste=0.2),
    "1,062 of 1 to 6 cases": of_sizes([1, 2, 3, 4, 5, 6] * 177, taste=0.2),
    "100 of a shop's lengths, few cases differ": of_ranks(100),
    "246 of a shop's lengths, few cases differ": of_ranks(246),
    "1,060 of a shop's lengths, few cases differ": of_ranks(1060),
}


def marked(draw: Draw, draws: int, fewest: float = FEWEST) -> dict[str, float]:
    """Shares of draws: p below α; fewer than ``fewest`` effective sessions; p below α and not fragile; also at α/18.

    ``rejected of the others`` is the share with p below α among the draws that are not fragile.
    """
    random = np.random.default_rng(2020)
    p, few = np.empty(draws), np.empty(draws, bool)
    for i in range(draws):
        totals, sizes = draw(random)
        found = crossed_test(totals, sizes)
        p[i] = found[0].p if found else 1.0  # nobody differs anywhere
        few[i] = effective_sessions(left_out(totals, sizes)) < fewest
    at, tail = p < ALPHA, p < ALPHA / TESTS
    shares = {"rejected": at, "fragile": few, "marker": at & ~few}
    shares |= {"rejected at α/18": tail, "marker at α/18": tail & ~few}
    found = {name: float(share.mean()) for name, share in shares.items()}
    return found | {"rejected of the others": float(at[~few].mean()) if not few.all() else math.nan}
