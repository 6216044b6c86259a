"""Every baseline on a log small enough to count by hand, and against its plain rendition on random ones."""

import importlib
import math

import numpy as np
import pytest
from builders import flat

from recore.baselines.ranking import Popularity, rank
from recore.data.cases import Cases

from . import plain

# Five sessions in order of time, items 1 to 6. Clicks: item 1 five times, 2 and 3 three times, 4 twice, 5 and 6 once.
TRAIN = [[1, 2, 3], [1, 2, 1], [3, 4], [1, 3, 5], [1, 2, 4, 6]]
N_ITEMS = 6


def scores(name: str, prefix: list[int], train=TRAIN, n_items=N_ITEMS, **settings) -> dict[int, float]:
    """The scores above 0 of the items after one prefix."""
    module = importlib.import_module(f"recore.baselines.{name}")
    method = module.fit(flat(train), n_items, module.Settings(**settings))
    cases = Cases(flat([[*prefix, 1]]), 50)
    row = method(cases.batch(np.array([len(prefix) - 1]))).toarray()[0]
    assert len(row) == n_items + 1
    assert row[0] == 0
    return {item: pytest.approx(score) for item, score in enumerate(row) if score > 0}


def test_popularity_gives_no_score():
    assert scores("pop", [1, 2]) == {}


def test_session_popularity_counts_the_prefix():
    assert scores("spop", [4, 2, 4]) == {4: 2, 2: 1}


def test_recent_has_the_newest_first():
    assert scores("recent", [4, 2, 4, 5]) == {5: 4, 4: 3, 2: 2}


def test_rules_follow_the_last_click():
    # After 1: 2 at gap 1 (three times), 3 at gap 2 and 1, 1 at gap 2, 5 at gap 2, 4 at gap 2, 6 at gap 3.
    expected = {2: 3, 3: 1 / 2 + 1, 1: 1 / 2, 5: 1 / 2, 4: 1 / 2, 6: 1 / 3}
    assert scores("sr", [6, 1]) == expected
    assert scores("sr", [1], steps=1) == {2: 3, 3: 1}
    assert scores("sr", [6]) == {}  # nothing ever followed


def test_item_neighbours_of_the_last_click():
    # Sessions: 1 in four, 2 in three, 3 in three, 4 in two, 5 and 6 in one. With 2: 1 three times, 3, 4 and 6 once.
    expected = {
        1: 3 / math.sqrt((3 + 20) * (4 + 20)),
        3: 1 / math.sqrt(23 * 23),
        4: 1 / math.sqrt(23 * 22),
        6: 1 / math.sqrt(23 * 21),
    }
    assert scores("iknn", [5, 2]) == expected
    assert scores("iknn", [2], shrink=0.0)[4] == 1 / math.sqrt(3 * 2)


def test_session_neighbours():
    # Prefix 3, 1: w(3) = 1, w(1) = 2. Similar: s0 3, s1 2, s2 1, s3 3, s4 2. Newest shared item: 1 (d = 1), of s2 3
    # (d = 2).
    assert scores("vsknn", [3, 1]) == {
        1: 3 + 2 + 3 + 2,
        2: 3 + 2 + 2,
        3: 3 + 1 / 2 + 3,
        4: 1 / 2 + 2,
        5: 3,
        6: 2,
    }
    # The two nearest are s0 and s3; of the three with 2 shared only one more, the newer of s1 and s4.
    assert scores("vsknn", [3, 1], k=2) == {1: 6, 2: 3, 3: 6, 5: 3}
    assert scores("vsknn", [3, 1], k=3) == {1: 8, 2: 5, 3: 6, 4: 2, 5: 3, 6: 2}
    # The two newest candidates are s3 and s4.
    assert scores("vsknn", [3, 1], m=2) == {1: 5, 2: 2, 3: 3, 4: 2, 5: 3, 6: 2}
    # One click counts, 1: w(1) = 1 and s2 is no candidate.
    assert scores("vsknn", [3, 1], clicks=1) == {1: 4, 2: 3, 3: 2, 4: 1, 5: 1, 6: 1}
    squares = scores("vsknn", [3, 1], weight="quadratic", decay="quadratic")
    assert (squares[5], squares[4]) == (1 + 4, 1 / 4 + 4)


def test_session_neighbours_with_a_linear_decay_and_rare_items_first():
    # The similarities above, times 9/10 for d = 1 and 8/10 for d = 2, in tenths.
    assert scores("vmis", [3, 1], idf=0.0) == {1: 90, 2: 63, 3: 27 + 8 + 27, 4: 8 + 18, 5: 27, 6: 18}
    assert scores("vmis", [3, 1], idf=2.0)[5] == 27 * (1 + 2 * math.log(5 / 1))
    assert scores("vmis", [3, 1], idf=2.0)[1] == 90 * (1 + 2 * math.log(5 / 4))


def test_a_linear_decay_ends_at_nothing():
    # The shared item is the tenth from the end: 1 - 10/10; before that the decay would be negative.
    far = [3, *range(10, 19)]
    assert scores("vmis", far, n_items=18) == {}
    assert scores("vsknn", far, n_items=18)[5] == 1 / 10
    # The eleventh: s0 and s3 share 3 alone and take nothing from what s4 gives item 1 for sharing 6, 11 · 9.
    assert scores("vmis", [3, *range(10, 19), 6], n_items=18, idf=0.0)[1] == 99


def test_own_clicks_are_put_forward():
    # Rules after 6 there are none: own clicks alone, halved by their distance.
    assert scores("sr", [2, 6], own=0.5) == {6: 0.5, 2: 0.25}
    # The best after 1 is 2 with 3.
    assert scores("sr", [6, 1], own=1.0)[1] == 1 / 2 + 3
    assert scores("sr", [6, 1], own=1.0)[6] == 1 / 3 + 3 / 2
    assert scores("vsknn", [3, 1], own=1.0)[3] == 3 + 1 / 2 + 3 + 10 / 2


def test_a_repeated_item_is_one_item_of_a_session():
    assert scores("iknn", [1], train=[[1, 2, 2, 1]], shrink=0.0) == {2: 1}
    assert scores("vsknn", [1, 2, 1], train=[[1, 2, 2, 1]]) == {1: 2 + 3, 2: 2 + 3}


RANDOM = [
    ("pop", {}),
    ("spop", {}),
    ("recent", {}),
    ("sr", {}),
    ("sr", {"steps": 2, "own": 0.3}),
    ("iknn", {}),
    ("iknn", {"shrink": 0.0}),
    ("vsknn", {}),
    ("vsknn", {"k": 3, "m": 5, "weight": "quadratic", "own": 2.0}),
    ("vsknn", {"k": 7, "m": 4, "clicks": 2, "decay": "quadratic"}),
    ("vmis", {}),
    ("vmis", {"k": 2, "m": 9, "idf": 0.0}),
    ("vmis", {"k": 5, "m": 100, "clicks": 3, "idf": 5.0, "own": 0.1}),
]


@pytest.mark.parametrize(("name", "settings"), RANDOM, ids=lambda value: str(value))
@pytest.mark.parametrize("seed", [0, 1])
def test_ranks_are_those_of_the_plain_rendition(name, settings, seed, monkeypatch):
    """Logs with repeats, one-click prefixes, prefixes without a neighbour, and long prefixes that are cut."""
    monkeypatch.setattr("recore.baselines.ranking.CHUNK", 16)
    random = np.random.default_rng(seed)
    n_items, max_length = 30, 12

    def log(n, items):
        return [list(items[random.integers(0, len(items), random.integers(2, 16))]) for _ in range(n)]

    popular = np.minimum(random.geometric(0.12, 200), n_items)
    train = [*log(40, popular), list(range(1, 27))]  # 27 to 30 may have no session
    test = [*log(12, popular), [29, 30, 28], [30, 1]]
    module = importlib.import_module(f"recore.baselines.{name}")
    method = module.fit(flat(train), n_items, module.Settings(**settings))
    above, tied = rank(method, Cases(flat(test), max_length), Popularity.of(flat(train).items, n_items))
    clicks = plain.popularity(train)
    found = iter(zip(above, tied, strict=True))
    for session in test:
        for end in range(1, len(session)):
            given = getattr(plain, name)(train, session[max(end - max_length, 0) : end], **settings)
            assert next(found) == plain.ranks(given, session[end], n_items, clicks)
    assert next(found, None) is None
