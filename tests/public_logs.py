"""Logs in the formats in which public click logs come, as CORE's script wants them: drawn from a seed, with sessions
of one click, rare items, and many clicks and many sessions at the same time.
"""

import random
from datetime import UTC, datetime

START = 1_430_000_000  # seconds
STEP = 30  # seconds between the times that occur, so that many are the same
DAYS = 60


def visits(rng: random.Random, n: int) -> list[tuple[int, int, int]]:
    """(session from 1, item, seconds) of the clicks of n sessions, in order of time; sessions overlap."""
    clicks = []
    for session in range(1, n + 1):
        begin = START + STEP * rng.randrange(DAYS * 86_400 // STEP // 50) * 50
        length = 80 if session % 100 == 0 else int(rng.expovariate(0.3)) + 1  # CORE keeps 50 clicks of a prefix
        taken = sorted(begin + STEP * rng.randrange(40) for _ in range(length))
        clicks += [(session, 1 + int(rng.expovariate(0.02)), time) for time in taken]
    return sorted(clicks, key=lambda click: click[2])


def retailrocket(rng: random.Random, n: int) -> str:
    """Visitors come on several days, also across midnight; rows are in no order; a row may be no view."""
    rows = []
    for session, item, seconds in visits(rng, n):
        event = rng.choices(["view", "addtocart", "transaction"], [90, 7, 3])[0]
        order = session if event == "transaction" else ""
        rows.append(f"{seconds * 1000 + 117},{session % (n // 3)},{event},{item},{order}\n")
    rng.shuffle(rows)
    return "timestamp,visitorid,event,itemid,transactionid\n" + "".join(rows)


def tmall(rng: random.Random, n: int) -> str:
    """Half of the sessions are numbered above 120000, which CORE leaves out."""
    rows = (f"{s % 50}\t{item}\t{120_000 - n // 2 + s}\t{seconds}.0\n" for s, item, seconds in visits(rng, n))
    return "UserId\tItemId\tSessionId\tTime\n" + "".join(rows)


def nowplaying(rng: random.Random, n: int) -> str:
    rows = (f"{s % 50}\t{s}\t{item}\t{seconds}\n" for s, item, seconds in visits(rng, n))
    return "UserId\tSessionId\tItemId\tTime\n" + "".join(rows)


def yoochoose(rng: random.Random, n: int) -> str:
    """Without a header, as it is published."""
    return "".join(
        f"{s},{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.277Z,{item},S\n"
        for s, item, seconds in visits(rng, n)
    )


def diginetica(rng: random.Random, n: int) -> str:
    """Rows are in no order; a day is all that is known of the time, a number of milliseconds orders a session."""
    rows = [
        f"{s};NA;{item};{(seconds - START) % 86_400 * 1000};{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}\n"
        for s, item, seconds in visits(rng, n)
    ]
    rng.shuffle(rows)
    return "session_id;user_id;item_id;timeframe;eventdate\n" + "".join(rows)
