"""The paper's claims and what the records say of each: the table that the README shows."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from recore import params
from recore.reporting.format import metric_title, pair, points


class Claim(NamedTuple):
    """What the paper says, the planned comparison that tests it, and the verdict that would show it."""

    words: str
    a: str
    b: str
    metric: str
    shown_by: str


CLAIMS = (
    Claim("CORE-trm is better than CORE-ave, everywhere", "ave", "trm", "mrr@20", "worse"),
    Claim("CORE-DA gains MRR", "da", "trm", "mrr@20", "better"),
    Claim("and leaves Recall as it is", "da", "trm", "recall@20", "equivalent"),
    Claim("CORE-HN sharpens MRR", "hn", "trm", "mrr@20", "better"),
    Claim("and costs Recall", "hn", "trm", "recall@20", "worse"),
    Claim("DA and HN add up: both beat DA alone", "dahn", "da", "mrr@20", "better"),
    Claim("and HN alone", "dahn", "hn", "mrr@20", "better"),
)


def verdict_table(records: Sequence[tuple[pd.DataFrame, params.Params]]) -> pd.DataFrame:
    """Text: a row a claim, a column a dataset with difference (points) and verdict, and on how many it is shown.

    records: of each its comparisons, with all of ``CLAIMS`` on every dataset, and its params. Of a dataset that several
    records have, the one with the largest part of the log counts.
    """
    counting = {}
    for at, (_, given) in enumerate(records):
        for name in given.at("datasets"):
            if name not in counting or _recent(given, name) > _recent(records[counting[name]][1], name):
                counting[name] = at
    found = [_by_test(comparisons) for comparisons, _ in records]
    rows = []
    for claim in CLAIMS:
        row = {"Claim": claim.words, "Test": f"{pair(claim.a, claim.b)}, {metric_title(claim.metric)}"}
        shown = 0
        for at, (_, given) in enumerate(records):
            for name in given.at("datasets"):
                delta, verdict = found[at][claim.a, claim.b, claim.metric, name]
                row[f"{name}, {_part(given, name)}"] = f"{delta} {verdict}"
                shown += counting[name] == at and verdict == claim.shown_by
        rows.append(row | {"Shown on": f"{shown} of {len(counting)}"})
    return pd.DataFrame(rows)


def _by_test(comparisons: pd.DataFrame) -> dict[tuple[str, str, str, str], tuple[str, str]]:
    return {
        (row.a, row.b, row.metric, row.dataset): (points(row.delta), row.verdict) for row in comparisons.itertuples()
    }


def _recent(given: params.Params, dataset: str) -> float:
    return given.at(f"sources.{dataset}.split")["recent"]


def _part(given: params.Params, dataset: str) -> str:
    recent = _recent(given, dataset)
    return "whole" if recent == 1 else f"newest {recent:.0%}"


def limit_sentence(runs: pd.DataFrame, given: params.Params) -> str:
    """How many runs (rows with ``dataset`` and ``epochs``) the limit of epochs ended, dataset by dataset."""
    counts = []
    for dataset, own in runs.groupby("dataset", sort=False):
        limit = (given.at("train") | given.at(f"sources.{dataset}.train"))["epochs"]
        counts.append(f"{(own['epochs'] == limit).sum()} of {len(own)} on {dataset}")
    return f"Runs that the limit of epochs ended, so that they might have improved: {', '.join(counts)}."
