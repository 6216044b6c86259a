"""Every column of a comparison, worked out a second time: plain loops over cases, nothing of the project's own.

Two looks, three pairs, ragged sessions; in one pair the seeds are lucky, one is equal everywhere.
"""

import math

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from recore.significance.arms import arms_of
from recore.significance.comparisons import compare_all
from recore.significance.family import corrected
from recore.significance.plan import Plan
from recore.significance.runs import session_blocks

LOOKS, MARGIN, ALPHA, POWER, FEWEST = (5, 8), 0.05, 0.05, 0.8, 4.0
PAIRS = [("da", "trm"), ("hn", "trm"), ("dahn", "hn"), ("da", "copy")]
SESSION = np.repeat(100 + 7 * np.arange(12), [1, 3, 2, 5, 1, 1, 4, 2, 9, 1, 2, 3])


def drawn() -> dict[str, np.ndarray]:
    """Values of the cases by variant, (8 seeds, N)."""
    random = np.random.default_rng(11)
    ease = random.normal(0, 0.1, 12)[np.unique(SESSION, return_inverse=True)[1]]
    noise = {name: random.normal(0, 0.1, (8, len(SESSION))) for name in ("trm", "da", "hn", "dahn")}
    values = {name: ease + random.normal(0, 0.02, (8, 1)) + noise[name] for name in noise}
    taste = random.normal(0.02, 0.04, 12)[np.unique(SESSION, return_inverse=True)[1]]
    luck = noise["hn"].mean(axis=1, keepdims=True)
    values["hn"] = values["trm"] + taste + noise["hn"] - 0.9 * luck  # seeds that happen to agree
    return values | {"copy": values["da"]}


def estimate(d: list[list[float]], sessions: list) -> dict[str, float]:
    """The two-way test on differences of cases d[seed][case], by definition; sessions names that of each case."""
    names = list(dict.fromkeys(sessions))
    r, s, n = len(d), len(names), len(sessions)
    size = {name: sessions.count(name) for name in names}
    total = [
        {name: math.fsum(x for x, own in zip(row, sessions, strict=True) if own == name) for name in names} for row in d
    ]
    delta = math.fsum(v for row in total for v in row.values()) / (n * r)
    y = [[delta + (row[name] - delta * size[name]) * s / n for name in names] for row in total]
    grand = math.fsum(map(math.fsum, y)) / (r * s)
    by_seed = [math.fsum(row) / s for row in y]
    by_session = [math.fsum(column) / r for column in zip(*y, strict=True)]
    ms_r = s * math.fsum((x - grand) ** 2 for x in by_seed) / (r - 1)
    ms_s = r * math.fsum((x - grand) ** 2 for x in by_session) / (s - 1)
    rest = [(y[i][j] - by_seed[i] - by_session[j] + grand) ** 2 for i in range(r) for j in range(s)]
    ms_rs = math.fsum(rest) / ((r - 1) * (s - 1))
    between = max(ms_s - ms_rs, 0)
    tests = [(math.sqrt((ms_r + between) / (r * s)), _df(max(ms_r, ms_rs), between, r, s))]
    tests.append((math.sqrt(ms_s / (r * s)), s - 1))  # the sessions alone: no p is below theirs
    (se, df), (se_sessions, _) = tests
    if se == se_sessions == 0:  # nothing varies, so there is no test
        names = ("ci_lo", "ci_hi", "se", "df", "t", "ms_rs", "se_sessions", "sd_seed", "sd_session")
        names += ("p", "p_sessions", "p_tost", "mde80")
        return dict.fromkeys(names, math.nan) | {"delta": delta, "detectable": lambda level: math.nan}

    def worst(value):
        return max(value(error, of) for error, of in tests)

    half = worst(lambda error, of: stats.t.ppf(1 - ALPHA / 2, of) * error)
    return {
        **{
            "delta": delta,
            "ci_lo": delta - half,
            "ci_hi": delta + half,
            "se": se,
            "df": df,
            "t": delta / se,
        },
        **{"ms_rs": ms_rs, "se_sessions": se_sessions},
        "sd_seed": math.sqrt(max(ms_r - ms_rs, 0) / s),
        "sd_session": math.sqrt(between / r),
        "p": worst(lambda error, of: 2 * stats.t.sf(abs(delta) / error, of)),
        "p_sessions": 2 * stats.t.sf(abs(delta) / se_sessions, s - 1),
        "p_tost": worst(lambda error, of: max(_above(delta + MARGIN, error, of), _above(MARGIN - delta, error, of))),
        "mde80": worst(lambda error, of: (stats.t.ppf(1 - ALPHA / 2, of) + stats.t.ppf(POWER, of)) * error),
        "detectable": lambda level: worst(
            lambda error, of: (stats.t.ppf(1 - level / 2, of) + stats.t.ppf(POWER, of)) * error
        ),
    }


def _df(ms_seed, between, r, s):
    return s - 1 if ms_seed == 0 else min((ms_seed + between) ** 2 / (ms_seed**2 / (r - 1)), s - 1)


def _above(distance, error, df):
    return stats.t.sf(distance / error, df)


def without(d, sessions, left):
    kept = [i for i, own in enumerate(sessions) if own != left]
    return [[row[i] for i in kept] for row in d], [sessions[i] for i in kept]


def influence(d: list[list[float]], sessions: list) -> dict[str, float]:
    names = list(dict.fromkeys(sessions))
    mean = [math.fsum(column) / len(d) for column in zip(*d, strict=True)]
    delta = math.fsum(mean) / len(mean)
    left = {}
    for name in names:
        others = [x for x, own in zip(mean, sessions, strict=True) if own != name]
        left[name] = math.fsum(others) / len(others)
    weight = {name: (value - delta) ** 2 for name, value in left.items()}
    largest = max(names, key=weight.get)
    all_weight = math.fsum(weight.values())
    of_largest = math.fsum(x for x, own in zip(mean, sessions, strict=True) if own == largest)
    return {
        "effective_sessions": all_weight**2 / math.fsum(w**2 for w in weight.values()) if all_weight else len(names),
        "largest_session": largest,
        "largest_cases": sessions.count(largest),
        "largest_share_variance": weight[largest] / all_weight if all_weight else 1 / len(names),
        "largest_share_delta": of_largest / math.fsum(mean) if delta else math.nan,
        "delta_without": left[largest],
        "p_without": estimate(*without(d, sessions, largest))["p"],
        "delta_without_lo": min(left.values()),
        "delta_without_hi": max(left.values()),
    }


def session_means(d, sessions):
    names = list(dict.fromkeys(sessions))
    rows = [[[x for x, own in zip(row, sessions, strict=True) if own == name] for name in names] for row in d]
    return [[math.fsum(values) / len(values) for values in row] for row in rows], names


def overspent(gamma: float, c: float, sides: int) -> float:
    """Log of the error that the second of two looks spends with the bound c, over what γ leaves for it.

    By adaptive integration over where the first look ended.
    """
    t = LOOKS[0] / LOOKS[1]
    weight = math.log(1 + (math.e - 1) * t)
    first = stats.norm.isf(gamma * weight / sides)

    def density(z):
        # As stats.norm's, without its checks of every call.
        return math.exp(-z * z / 2) / math.sqrt(2 * math.pi) * special.ndtr((math.sqrt(t) * z - c) / math.sqrt(1 - t))

    lowest = -first if sides == 2 else -12
    crossed = integrate.quad(density, lowest, first, epsabs=0, epsrel=1e-12, limit=400)[0]
    return math.log(crossed) - math.log(gamma * (1 - weight) / sides)


def second_level(gamma: float, sides: int) -> float:
    """The nominal level of the second of two looks."""
    return sides * stats.norm.sf(optimize.brentq(lambda c: overspent(gamma, c, sides), -6, 12, xtol=1e-13))


def over_looks(ps: list[float], sides: int) -> float:
    """The smallest γ at which one of two looks rejects."""
    if all(map(math.isnan, ps)):
        return math.nan
    weight = math.log(1 + (math.e - 1) * LOOKS[0] / LOOKS[1])
    first = min(ps[0] / weight, 1.0)
    if ps[1] >= second_level(0.999, sides):
        return first
    c = stats.norm.isf(ps[1] / sides)
    log = optimize.brentq(lambda g: overspent(math.exp(g), c, sides), -60, math.log(0.999), xtol=1e-13)
    return min(first, math.exp(log))


def stepped(ps: list[float]) -> list[float]:
    """Holm's adjusted p, a missing one counting as 1."""
    order = sorted(range(len(ps)), key=lambda i: 1.0 if math.isnan(ps[i]) else ps[i])
    found, reached = list(ps), 0.0
    for rank, i in enumerate(order):
        reached = max(reached, (len(ps) - rank) * (1.0 if math.isnan(ps[i]) else ps[i]))
        found[i] = math.nan if math.isnan(ps[i]) else min(reached, 1.0)
    return found


@pytest.fixture(scope="module")
def table():
    sessions = session_blocks(SESSION)
    plan = Plan(PAIRS, {"mrr@20": MARGIN}, ALPHA, POWER, LOOKS, FEWEST)
    arms = {name: arms_of([{"mrr@20": row} for row in v], sessions, LOOKS) for name, v in drawn().items()}
    return corrected(compare_all("d", arms, sessions, ["mrr@20"], plan), set(), plan)


def expected() -> list[dict]:
    """The row of every pair, before the correction, with the p of both looks."""
    values, sessions = drawn(), SESSION.tolist()
    rows = []
    for a, b in PAIRS:
        looks = [(values[a] - values[b])[:n].tolist() for n in LOOKS]
        of_cases = [estimate(d, sessions) for d in looks]
        means = [session_means(d, sessions) for d in looks]
        of_sessions = [estimate(*pair) for pair in means]
        row = of_cases[-1] | influence(looks[-1], sessions)
        row |= {f"{key}_over_sessions": of_sessions[-1][key] for key in ("delta", "ci_lo", "ci_hi", "p", "p_tost")}
        row["effective_over_sessions"] = influence(*means[-1])["effective_sessions"]
        sound = [influence(d, sessions)["effective_sessions"] >= FEWEST for d in looks]
        sound_sessions = [influence(*pair)["effective_sessions"] >= FEWEST for pair in means]
        for name, tests, fine in (("", of_cases, sound), ("_over_sessions", of_sessions, sound_sessions)):
            for p, sides in (("p", 2), ("p_tost", 1)):
                seen = [test[p] if ok else 1.0 for test, ok in zip(tests, fine, strict=True)]
                row[f"{p}_adjusted{name}"] = over_looks(seen, sides) if any(fine) else math.nan
        rows.append(row)
    return rows


def test_every_column(table):
    rows = expected()
    for key in ("p", "p_tost"):
        for name in ("", "_over_sessions"):
            for row, p in zip(rows, stepped([row[f"{key}_adjusted{name}"] for row in rows]), strict=True):
                row[f"{key}_holm{name}"] = p
    for row in rows:
        # The level of the second look at Holm's first step.
        row["mde80_holm"] = row.pop("detectable")(second_level(ALPHA / len(PAIRS), 2))
        row |= {"spent": ALPHA, "looks": "5 8", "look": 2, "m": len(PAIRS), "n_seeds": 8}
    checked = set(rows[0])
    assert {"ms_rs", "effective_sessions", "delta_over_sessions", "p_holm_over_sessions", "mde80_holm"} <= checked
    for found, row in zip(table.to_dict("records"), rows, strict=True):
        for key, value in row.items():
            same = (
                found[key] == value
                if isinstance(value, str)
                else found[key] == pytest.approx(value, rel=1e-9, abs=1e-13, nan_ok=True)
            )
            assert same, (found["a"], found["b"], key, found[key], value)


def test_the_draws_hold_what_they_are_there_for(table):
    lucky, same = table.iloc[1], table.iloc[3]
    assert lucky["se"] < lucky["se_sessions"]
    assert lucky["p"] == pytest.approx(lucky["p_sessions"], rel=1e-12)
    assert (same["delta"], same["level"], same["delta_over_sessions"]) == (0, "n/a", 0)
    assert table["effective_sessions"].min() < FEWEST < table["effective_sessions"].max()
