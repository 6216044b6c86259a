"""Periods of one log in the report: the table of what they replicate, and the sentences that belong to it."""

from typing import Any

import pandas as pd

from recore.reporting.evidence import Evidence
from recore.reporting.format import MISSING, mark, metric_title, pair, points


def windows_table(windows: pd.DataFrame, metrics: list[str]) -> pd.DataFrame:
    """Text: a row a log, pair and metric of ``significance.windows``, the newest period first in each entry."""
    rows = [
        {
            "Periods, newest first": ", ".join(row.datasets),
            "Comparison": pair(row.a, row.b),
            "Metric": metric_title(metric),
            "Δ (points)": ", ".join(points(delta) for delta in row.deltas),
            "Verdicts": ", ".join(_verdict(*each) for each in zip(row.verdicts, row.deltas, strict=True)),
            "Replicated": _replicated(row),
        }
        for metric in metrics
        for row in windows[windows["metric"] == metric].itertuples()
    ]
    return pd.DataFrame(rows)


def windows_notes(evidence: Evidence) -> list[str]:
    """What a replication is, where there is one to read; and which datasets of the mean over datasets are one log."""
    sentences = []
    if not evidence.windows.empty:
        sentences.append(
            "Two periods of one log: replicated means that every period shows the same, a difference in one direction "
            "(better, worse, negligible) or one smaller than the margin (equivalent, negligible); contradicted, that "
            "one shows better and another worse; not replicated, that not every period shows what one does, perhaps "
            "only because it has too few sessions. Every period has training and test sessions of its own, so a "
            "replication adds what p does not cover: another training sample and another period. It adds no other "
            "shop: periods of one log share their items and their shop."
        )
    for log in evidence.logs:
        if not evidence.across.empty and not set(log) & set(evidence.synthetic):
            sentences.append(
                f"Across datasets counts {' and '.join(log)} as one dataset each, but they are parts of one log: the "
                "mean leans towards that log, and the counts are not of different logs."
            )
    return sentences


def _verdict(verdict: str, delta: float) -> str:
    return f"{mark(verdict, delta)} {verdict}".strip() or "none"


def _replicated(row: Any) -> str:
    if row.replicated:
        return row.replicated
    return {"confirmed": "no verdict", "exploratory": "none: exploratory"}.get(row.level, MISSING)
