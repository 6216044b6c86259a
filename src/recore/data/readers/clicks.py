"""From rows of (session or visitor, item, time) to flat sessions.

Where the log has sessions they stand in order of first appearance in the file. Inside one, clicks are sorted stably by
the order column, or by time where there is none (CORE sorts only where its source has an order column; a log in order
of time reads the same). A session's time is that of its last *row*, as in CORE's script.

Where it has visitors alone, their clicks are sorted by time (ties by the order column, then as in the file) and cut
into sessions, which stand visitor by visitor in order of first appearance, as in CORE's script for RetailRocket.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.sparse import coo_array

from recore.data.readers.ids import Ids, joined
from recore.data.sessions import Sessions, offsets_of

DAY_MS = 86_400_000
UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": DAY_MS}


@dataclass(frozen=True)
class Clicks:
    """R rows of a log: who clicked (session or visitor) on what item, when (UTC), and their order if there is one."""

    who: Ids
    item: Ids
    time_ms: np.ndarray
    order: np.ndarray | None


def concatenated(parts: list[Clicks]) -> Clicks:
    """The rows of several files as one log."""
    order = None if parts[0].order is None else np.concatenate([part.order for part in parts])
    return Clicks(
        joined([part.who for part in parts]),
        joined([part.item for part in parts]),
        np.concatenate([part.time_ms for part in parts]),
        order,
    )


def assemble(clicks: Clicks, cut: dict[str, Any] | None) -> tuple[Sessions, pa.Array]:
    """The sessions of a log, and the (n,) vocabulary of its items, int64 or string, in order of first appearance.

    ``cut`` is ``read.sessions`` of a source whose rows name visitors: a new session after a ``gap`` of more than so
    long ("30m"), on a ``new_day`` in the time zone ``zone``, or on both.
    """
    who, _ = clicks.who.by_first_appearance()
    items, vocabulary = clicks.item.by_first_appearance()
    if cut is not None:
        return _visits(who, items, clicks, cut), vocabulary
    lengths = np.bincount(who)
    times = np.empty(len(lengths), np.int64)
    times[who] = clicks.time_ms  # of rows that share a session the last one stays
    ranked_by = clicks.time_ms if clicks.order is None else clicks.order
    if not _in_order(who, ranked_by):
        items = items[_by_session(who, ranked_by)]
    return Sessions(items, offsets_of(lengths), np.arange(len(lengths)), times), vocabulary


def _visits(who: np.ndarray, items: np.ndarray, clicks: Clicks, cut: dict[str, Any]) -> Sessions:
    keys = (clicks.time_ms, who) if clicks.order is None else (clicks.order, clicks.time_ms, who)
    rows = np.lexsort(keys)
    who, time_ms = who[rows], clicks.time_ms[rows]
    new = who[1:] != who[:-1]
    if "gap" in cut:
        new |= np.diff(time_ms) > int(cut["gap"][:-1]) * UNITS_MS[cut["gap"][-1]]
    if cut.get("new_day"):
        new |= np.diff(_days(time_ms, cut.get("zone", "UTC"))) != 0
    starts = np.concatenate(([0], np.flatnonzero(new) + 1))
    offsets = np.append(starts, len(rows))
    return Sessions(items[rows], offsets, np.arange(len(starts)), time_ms[offsets[1:] - 1])


def _days(time_ms: np.ndarray, zone: str) -> np.ndarray:
    """The calendar day of each time in a time zone, as a number."""
    if zone != "UTC":
        local = pd.DatetimeIndex(time_ms.astype("datetime64[ms]"), tz="UTC").tz_convert(zone).tz_localize(None)
        time_ms = local.to_numpy().astype("datetime64[ms]").astype(np.int64)
    return time_ms // DAY_MS


def _by_session(who: np.ndarray, ranked_by: np.ndarray) -> np.ndarray:
    """The rows by session, then by ``ranked_by``; ties keep the order of the file."""
    if (ranked_by[1:] < ranked_by[:-1]).any():
        return np.lexsort((ranked_by, who))
    # The file is in order of time, as most logs are: one pass that gathers the rows of each session is enough.
    rows = np.arange(len(who), dtype=np.int32)
    return coo_array((np.ones(len(who), np.int8), (who, rows)), shape=(who.max() + 1, len(who))).tocsr().indices


def _in_order(who: np.ndarray, ranked_by: np.ndarray) -> bool:
    same = who[1:] == who[:-1]
    return bool(np.all((who[1:] > who[:-1]) | (same & (ranked_by[1:] >= ranked_by[:-1]))))
