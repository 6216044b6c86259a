"""CORE's order of steps, written a second time, slowly and from its description, as an oracle.

Rows -> sessions -> filter -> cut in time -> numbering, on random small logs and on a real one.
"""

import os
import random
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recore import RecoreError
from recore.data.filter import compact, filter_clicks
from recore.data.readers import read
from recore.data.readers.clicks import Clicks, assemble
from recore.data.readers.ids import encoded
from recore.data.split import split_clicks


def slow_sessions(rows):
    """(clicks in order, time of the last row) of each session, by first appearance."""
    clicks, last = {}, {}
    for session, item, time in rows:
        clicks.setdefault(session, []).append((time, item))
        last[session] = time
    return [([item for _, item in sorted(clicks[s], key=lambda click: click[0])], last[s]) for s in clicks]


def slow_filter(sessions, support, length):
    sessions = [(items, time) for items, time in sessions if len(items) != 1]
    count = Counter(item for items, _ in sessions for item in items)
    kept = [([item for item in items if count[item] >= support], time) for items, time in sessions]
    return [(items, time) for items, time in kept if len(items) >= length]


def slow_split(sessions):
    """Three lists of sessions under new numbers, and the old items in the order of those numbers."""
    by_time = sorted(sessions, key=lambda session: session[1])
    n = len(by_time)
    parts = by_time[: n * 8 // 10], by_time[n * 8 // 10 : n * 9 // 10], by_time[n * 9 // 10 :]
    number = {}
    for items, _ in parts[0]:
        for item in items:
            number.setdefault(item, len(number) + 1)
    renamed = [[[number[item] for item in items if item in number] for items, _ in part] for part in parts]
    return [[items for items in part if len(items) >= 2] for part in renamed], list(number)


def lists(sessions):
    return [sessions.items[a:b].tolist() for a, b in zip(sessions.offsets[:-1], sessions.offsets[1:], strict=True)]


@st.composite
def dense_logs(draw):
    """Rows of enough sessions for three parts, mixed in the file, with many ties in time and rare items."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    sessions, items, seconds = draw(st.integers(5, 40)), draw(st.integers(2, 12)), draw(st.integers(1, 30))
    clicks = range(draw(st.integers(20, 200)))
    return [(rng.randrange(sessions), int(rng.expovariate(3 / items)), rng.randrange(seconds)) for _ in clicks]


@settings(max_examples=300, deadline=None)
@given(rows=dense_logs(), support=st.integers(1, 4), length=st.integers(2, 3))
def test_random_logs_agree_with_the_oracle(rows, support, length):
    kept = slow_filter(slow_sessions(rows), support, length)
    who, item, seconds = (pa.chunked_array([[row[k] for row in rows]]) for k in range(3))
    time_ms = seconds.to_numpy() * 1000
    clicks, vocabulary = assemble(Clicks(encoded(who, "who", "log"), encoded(item, "item", "log"), time_ms, None), None)
    if not kept:
        with pytest.raises(RecoreError, match="leaves none"):
            filter_clicks(clicks, support, length, iterate=False)
        return
    filtered, left = compact(filter_clicks(clicks, support, length, iterate=False), len(vocabulary))
    items = vocabulary.to_numpy()[left]
    assert [[items[code] for code in one] for one in lists(filtered)] == [one for one, _ in kept]

    parts, numbered = slow_split(kept)
    if not all(parts):
        with pytest.raises(RecoreError, match="leaves no session of 2 clicks"):
            split_clicks(filtered, train=0.8, valid=0.1, recent=1.0)
        return
    split = split_clicks(filtered, train=0.8, valid=0.1, recent=1.0)
    assert [lists(part) for part in split.parts.values()] == parts
    assert items[split.codes].tolist() == numbered


def test_tmall_is_cut_and_numbered_as_the_oracle_has_it():
    mirror = os.environ.get("RECORE_MIRROR")
    if not mirror:
        pytest.skip("RECORE_MIRROR names no folder with the real data")
    parts, vocabulary, _ = read(Path(mirror) / "tmall_srgnn", {"format": "srgnn"})
    numbers = vocabulary.to_numpy()
    log = parts["clicks"]
    by_hand = [(numbers[one].tolist(), position) for position, one in enumerate(lists(log))]
    expected, numbered = slow_split(slow_filter(by_hand, support=5, length=2))
    filtered, left = compact(filter_clicks(log, 5, 2, iterate=False), len(numbers))
    split = split_clicks(filtered, train=0.8, valid=0.1, recent=1.0)
    assert [lists(part) for part in split.parts.values()] == expected
    assert numbers[left][split.codes].tolist() == numbered
