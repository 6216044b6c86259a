"""Periods of one log that replicate each other: the same question on sessions that no other window has.

Two datasets are parts of one log where their sources fetch the same files and read them alike; they are windows of it
where they share no session: a window is the shares [skip, skip + recent) of the log, counted from its newest session.
A verdict shows up to two things, and a replication is one of them shown in every window:

    better: above     worse: below     equivalent: small     negligible: small, and above or below (the sign of Δ)

So *better* beside a *negligible* with positive Δ is replicated (above in both), and so is *equivalent* beside
*negligible* (smaller than the margin in both). Above in one window and below in another is contradicted, even where
both are small. Every other label shows nothing. The verdicts are those of ``family``, corrected over all windows.
"""

from decimal import Decimal
from typing import Any

import pandas as pd

COLUMNS = ["datasets", "a", "b", "metric", "level", "deltas", "verdicts", "replicated"]
LISTS = ("datasets", "deltas", "verdicts")


def logs_of(sources: dict[str, dict[str, Any]], datasets: list[str]) -> list[list[str]]:
    """The datasets that are parts of one log, two or more, in their order: overlapping or not.

    sources: the section of params.yaml, ``fetch``, ``read`` and ``split`` by name.
    """
    logs: list[list[str]] = []
    for name in datasets:
        own = [log for log in logs if all(sources[log[0]][key] == sources[name][key] for key in ("fetch", "read"))]
        if own:
            own[0].append(name)
        else:
            logs.append([name])
    return [log for log in logs if len(log) > 1]


def windows_of(sources: dict[str, dict[str, Any]], datasets: list[str]) -> list[list[str]]:
    """The datasets that are windows of one log, two or more, the newest first.

    Where some overlap, the largest number that do not are taken, whatever the order of ``datasets``.
    """
    found = []
    for log in logs_of(sources, datasets):
        spans = sorted((_span(sources[name]["split"]), name) for name in log)
        chosen: list[str] = []
        reached = Decimal(0)
        # Taking the window that ends first never costs another one; of two that end together, the shorter.
        for (end, _, start), name in spans:
            if start >= reached:
                chosen.append(name)
                reached = end
        found.append(chosen)
    return [windows for windows in found if len(windows) > 1]


def replication(corrected: pd.DataFrame, windows: list[list[str]]) -> pd.DataFrame:
    """A row (``COLUMNS``) a log, metric and pair over the rows of ``family.corrected``; ``windows`` as ``windows_of``.

    datasets, deltas (fractions) and verdicts are lists, one entry a window. replicated: ``replicated``,
    ``contradicted``, ``not replicated`` (a window shows something, not every window the same), or empty where none
    shows anything: too few seeds, inconclusive, fragile. level is the lowest of the windows.
    """
    rows = []
    for names in windows:
        of_log = corrected[corrected["dataset"].isin(names)]
        for (metric, a, b), group in of_log.groupby(["metric", "a", "b"], sort=False):
            pairs = group.set_index("dataset").loc[names]
            deltas, verdicts, levels = (list(pairs[column]) for column in ("delta_shown", "verdict", "level"))
            rows.append(
                {
                    "datasets": names,
                    "a": a,
                    "b": b,
                    "metric": metric,
                    "level": next(level for level in ("n/a", "exploratory", "confirmed") if level in levels),
                    "deltas": deltas,
                    "verdicts": verdicts,
                    "replicated": replicated(verdicts, deltas),
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def replicated(verdicts: list[str], deltas: list[float]) -> str:
    """What the windows' verdicts come to together, in the words of ``replication``."""
    shown = [_shown(verdict, delta) for verdict, delta in zip(verdicts, deltas, strict=True)]
    anywhere = set().union(*shown)
    if {"above", "below"} <= anywhere:
        return "contradicted"
    if set.intersection(*shown):
        return "replicated"
    return "not replicated" if anywhere else ""


def written(table: pd.DataFrame) -> pd.DataFrame:
    """``replication`` for a file: the entries of a list joined by semicolons, differences with ten digits."""
    joined = {column: [";".join(map(_text, entries)) for entries in table[column]] for column in LISTS}
    return table.assign(**joined)


def _shown(verdict: str, delta: float) -> set[str]:
    direction = "above" if delta > 0 else "below"
    known = {"better": {"above"}, "worse": {"below"}, "equivalent": {"small"}, "negligible": {"small", direction}}
    return known.get(verdict, set())


def _span(split: dict[str, float]) -> tuple[Decimal, Decimal, Decimal]:
    """End, length and start of a window, as shares before the newest session, exactly as they are written."""
    start, length = Decimal(str(split.get("skip", 0))), Decimal(str(split["recent"]))
    return start + length, length, start


def _text(entry: str | float) -> str:
    return entry if isinstance(entry, str) else f"{entry:.10g}"
