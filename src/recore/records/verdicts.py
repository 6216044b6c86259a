"""The paper's claims and what a record says of each: the table that the README shows."""

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


def verdict_table(comparisons: pd.DataFrame, given: params.Params) -> pd.DataFrame:
    """Text: a row a claim, a column a dataset with difference (points) and verdict, and on how many it is shown.

    comparisons: those of a record, with all of ``CLAIMS`` on every dataset of its params ``given``.
    """
    datasets = given.at("datasets")
    by_test = {
        (row.a, row.b, row.metric, row.dataset): (points(row.delta), row.verdict) for row in comparisons.itertuples()
    }
    rows = []
    for claim in CLAIMS:
        own = {name: by_test[claim.a, claim.b, claim.metric, name] for name in datasets}
        tested = {f"{name}, {_part(given, name)}": " ".join(found) for name, found in own.items()}
        shown = sum(verdict == claim.shown_by for _, verdict in own.values())
        test = f"{pair(claim.a, claim.b)}, {metric_title(claim.metric)}"
        rows.append({"Claim": claim.words, "Test": test} | tested | {"Shown on": f"{shown} of {len(datasets)}"})
    return pd.DataFrame(rows)


def _part(given: params.Params, dataset: str) -> str:
    recent = given.at(f"sources.{dataset}.split")["recent"]
    return "whole" if recent == 1 else f"newest {recent:.0%}"


def limit_sentence(runs: pd.DataFrame, given: params.Params) -> str:
    """How many runs (rows with ``dataset`` and ``epochs``) the limit of epochs ended, dataset by dataset."""
    counts = []
    for dataset, own in runs.groupby("dataset", sort=False):
        limit = (given.at("train") | given.at(f"sources.{dataset}.train"))["epochs"]
        counts.append(f"{(own['epochs'] == limit).sum()} of {len(own)} on {dataset}")
    return f"Runs that the limit of epochs ended, so that they might have improved: {', '.join(counts)}."
