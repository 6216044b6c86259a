"""CORE's ways from a raw log to sessions, and those of others, written a second time, slowly, as an oracle.

Rows of (visitor or session, event, page, item, time) -> the clicks of each session and the time of its last row, on
random logs with many equal times, in one file or in several. What follows, filter and split, has its oracle in
test_core_order.py; the rows of docs/DATA.md meet CORE's own script in test_core_script.py.
"""

import random
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recore.data.readers import read
from recore.schema_read import Delimited

MINUTE = 60_000
NEW_YORK = ZoneInfo("America/New_York")
BEGIN = int(datetime(2014, 3, 8, tzinfo=UTC).timestamp()) * 1000  # New York's clocks change on the next day
WHO, EVENT, PAGE, ITEM, TIME = range(5)
# What `read.sessions` says, the longest pause in milliseconds, and the zone whose days cut.
CUTS = {
    "day": ({"new_day": True}, None, UTC),
    "day elsewhere": ({"new_day": True, "zone": "America/New_York"}, None, NEW_YORK),
    "gap": ({"gap": "20m"}, 20 * MINUTE, None),
    "gap and day": ({"gap": "2h", "new_day": True, "zone": "America/New_York"}, 120 * MINUTE, NEW_YORK),
}
WHERE = (None, {"event": ["view"]}, {"event": ["cart", "view"], "page": [2, 1]})


@st.composite
def files_of_rows(draw):
    """One to three files, each with every value that WHERE names; times are whole tens of minutes in four days."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    visitors, slots, files = draw(st.integers(1, 8)), draw(st.integers(1, 4 * 144)), draw(st.integers(1, 3))

    def row(event, page):
        return rng.randint(1, visitors), event, page, rng.randrange(9), BEGIN + 10 * MINUTE * rng.randrange(slots)

    logs = []
    for _ in range(files):
        others = [row(rng.choice(["view", "view", "cart", "buy"]), rng.randint(1, 3)) for _ in range(rng.randrange(40))]
        logs.append([(1, *row("view", 1)[1:]), row("cart", 2), *others])
        rng.shuffle(logs[-1])
    return logs


def slow_where(rows, where):
    for column, at in (("event", EVENT), ("page", PAGE)):
        if where and column in where:
            rows = [row for row in rows if row[at] in where[column]]
    return rows


def slow_visits(rows, longest, zone):
    """Visitor by visitor as they first appear; each one's clicks by time, cut at long pauses and between days."""
    visitors = {}
    for row in rows:
        visitors.setdefault(row[WHO], []).append(row)
    visits = []
    for clicks in visitors.values():
        before = None
        for click in sorted(clicks, key=lambda row: row[TIME]):
            paused = before and longest is not None and click[TIME] - before[TIME] > longest
            if not before or paused or (zone and day(click, zone) != day(before, zone)):
                visits.append([])
            visits[-1].append(click)
            before = click
    return [([click[ITEM] for click in visit], visit[-1][TIME]) for visit in visits]


def slow_sessions(rows):
    """Session by session as they first appear; each one's clicks by time, its own time that of its last row."""
    sessions = {}
    for row in rows:
        sessions.setdefault(row[WHO], []).append(row)
    return [
        ([row[ITEM] for row in sorted(clicks, key=lambda row: row[TIME])], clicks[-1][TIME])
        for clicks in sessions.values()
    ]


def day(row, zone):
    return datetime.fromtimestamp(row[TIME] / 1000, zone).date()


def read_files(logs, where, columns, **keys):
    """What the reader makes of the files; the last one comes first by name."""
    names = [f"{len(logs) - number}.csv" for number in range(len(logs))]
    config = {"format": "delimited", "delimiter": ",", "columns": columns, "time": "milliseconds", "comparable": False}
    config |= keys | ({"where": where} if where else {}) | ({"files": names} if len(logs) > 1 else {})
    Delimited.model_validate(config)
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in zip(names, logs, strict=True):
            lines = ("who,event,page,item,time", *(",".join(map(str, row)) for row in rows))
            (Path(folder) / name).write_text("\n".join(lines))
        parts, vocabulary, _ = read(Path(folder), config)
    clicks, items = parts["clicks"], vocabulary.to_pylist()
    ends = zip(clicks.offsets[:-1], clicks.offsets[1:], strict=True)
    sessions = [[items[code] for code in clicks.items[begin:end]] for begin, end in ends]
    return list(zip(sessions, clicks.times.tolist(), strict=True))


@pytest.mark.parametrize("cut", CUTS)
@settings(max_examples=80, deadline=None)
@given(logs=files_of_rows(), where=st.sampled_from(WHERE))
def test_visitors_are_cut_into_the_sessions_of_the_oracle(cut, logs, where):
    said, longest, zone = CUTS[cut]
    columns = {"item": "item", "time": "time"}
    rows = slow_where([row for rows in logs for row in rows], where)
    assert read_files(logs, where, columns, sessions={"by": "who", **said}) == slow_visits(rows, longest, zone)


@settings(max_examples=80, deadline=None)
@given(logs=files_of_rows(), where=st.sampled_from(WHERE), highest=st.none() | st.integers(1, 8))
def test_sessions_are_those_of_the_oracle_up_to_max_session(logs, where, highest):
    columns = {"session": "who", "item": "item", "time": "time"}
    rows = slow_where([row for rows in logs for row in rows], where)
    expected = slow_sessions([row for row in rows if highest is None or row[WHO] <= highest])
    keys = {} if highest is None else {"max_session": highest}
    assert read_files(logs, where, columns, **keys) == expected
