"""The sentences under the table: each prevents one misreading."""

from pathlib import Path
from typing import Any

import pandas as pd

from recore.params import files_of
from recore.reporting.comparison_notes import comparison_notes
from recore.reporting.evidence import Evidence
from recore.reporting.format import metric_title, percent
from recore.reporting.results import given_hit
from recore.reporting.windows import windows_notes

# Means that ties could move by more than this (0.01 point) are named.
TIE_GAP = 1e-4


def notes(evidence: Evidence) -> list[str]:
    """The sentences in order; which ones depends on the seeds, the datasets and the ties."""
    return [
        *_spread(evidence.results),
        *_seedless(evidence),
        *comparison_notes(evidence),
        *_external(evidence),
        *windows_notes(evidence),
        f"{metric_title(given_hit(evidence.cutoff))} is the mean reciprocal rank of the hits: what a variant does with "
        "a target that it has found.",
        "Intervals of groups of cases are clustered by session: they cover new sessions and these very runs. Two that "
        "overlap do not mean that the variants are alike, because variants are compared pairwise. "
        f"{_few_in_a_group(evidence)}The head is the most clicked fifth of the catalogue in training.",
        *_repeats(evidence),
        *_equal_seeds(evidence.results),
        *_precision(evidence),
        *_ties(evidence),
        *_paper(evidence.beside),
    ]


def _spread(results: pd.DataFrame) -> list[str]:
    if not results["n_seeds"].any():
        return []
    return ["± is the standard deviation over seeds (training runs). It is a spread, not an interval."]


def _seedless(evidence: Evidence) -> list[str]:
    """What it means that some variants have no seeds, and how they were tuned."""
    if evidence.results["n_seeds"].all():
        return []
    sentences = [
        "Seeds none: fitted without seeds, one run, so no ±. "
        + (
            "In a comparison it counts as itself under every seed of the other variant; where both have none, p covers "
            "new sessions alone."
            if evidence.results["n_seeds"].any()
            else "p covers new sessions alone."
        )
    ]
    for (dataset, metric), rows in evidence.tuned.groupby(["dataset", "metric"], sort=False):
        chosen = "; ".join(f"{row.variant} {row.settings}" for row in rows.itertuples())
        sentences.append(f"{dataset}: tuned by {metric_title(metric)} on validation: {chosen}.")
    return sentences


def _repeats(evidence: Evidence) -> list[str]:
    if evidence.parts.empty:
        return []
    return [
        "An immediate repeat is a target that is the last click, an earlier repeat one further back among the last "
        "`max_length` clicks (of the dataset, whatever a variant's own row says); contributions.csv has what each "
        "group adds to a difference, which sums to Δ. With one click in the prefix every encoder of CORE's kind, a "
        "weighted sum of the clicked items whose scores are cosines alone, ranks that click first, so a new item comes "
        "second at best; there no such variants differ in repeats."
    ]


def _few_in_a_group(evidence: Evidence) -> str:
    if evidence.groups["effective_sessions"].isna().all():
        return ""
    return f"A group with † has none: fewer than {evidence.fewest:g} effective sessions carry it. "


def _paper(beside: pd.DataFrame) -> list[str]:
    if beside.empty or "trm" not in set(beside["variant"]):
        return []
    return [
        "What the paper's Table 1 calls CORE-trm was not CORE's: its scorer is position-aware. That number stands "
        "beside our trm and, where it is trained, beside trm_table1, which is that model."
    ]


def synthetic_notes(synthetic: list[str]) -> list[str]:
    """The sentence that stands above everything else where a dataset is generated."""
    if not synthetic:
        return []
    names, verb = ", ".join(synthetic), "is" if len(synthetic) == 1 else "are"
    return [f"{names} {verb} synthetic: this proves that the pipeline works and ranks nobody."]


def _external(evidence: Evidence) -> list[str]:
    listed = _listed(evidence)
    return [
        f"{name} was not trained here: its ranks are those of {_origin(row)}"
        + (", as lists, which do not show every tie." if name in listed else ".")
        for name, row in evidence.external.items()
    ]


def _origin(row: dict[str, Any]) -> str:
    if "record" in row:
        return f"{row['variant']} in the record {row['record']} (docs/results/{row['record']})"
    files = files_of(row).values()
    named = ", ".join(f"{Path(file['path']).name} (SHA-256 {file['sha256'][:8]})" for file in files)
    return f"another program, in {named}"


def _equal_seeds(results: pd.DataFrame) -> list[str]:
    """Runs that came out alike: their spread of 0 is measured, and says little."""
    several = results[results["n_seeds"] > 1]
    alike = several.assign(alike=(several["min"] == several["max"]) | several["mean"].isna())
    equal = alike.groupby(["dataset", "variant"], sort=False)["alike"].all()
    return [
        f"{dataset}, {variant}: every seed has the same value of every metric, so ± is 0.00 and the seeds add no noise."
        for dataset, variant in equal.index[equal]
    ]


def _precision(evidence: Evidence) -> list[str]:
    if not evidence.bfloat16:
        return []
    names = ", ".join(evidence.bfloat16)
    return [f"Trained with the loss in bfloat16 (`precision`), ranked in float32 like the others: {names}."]


def _ties(evidence: Evidence) -> list[str]:
    measured, results = evidence.measured, evidence.results
    gap = measured["optimistic"] - measured["pessimistic"]
    wide = measured.assign(gap=gap)[gap > TIE_GAP]
    listed = wide["variant"].isin(_listed(evidence))
    fitted = results.loc[(results["n_seeds"] == 0) & ~results["variant"].isin(evidence.external), "variant"]
    counted = wide["variant"].isin(fitted)
    expected = [
        f"{dataset}: counts tie often; ties move a metric of {', '.join(dict.fromkeys(group['variant']))} by up to "
        f"{percent(group['gap'].max())} points (shown is the expected value)."
        for dataset, group in wide[counted].groupby("dataset", sort=False)
    ]
    return expected + [
        f"{dataset}, {variant}: ties move a metric by up to {percent(group['gap'].max())} points (shown is {said}."
        for rows, said in (
            (~counted & ~listed, "the expected value); look at the scores"),
            (listed, "a lower bound of the expected value: of a tie that the end of a list cuts, the least)"),
        )
        for (dataset, variant), group in wide[rows].groupby(["dataset", "variant"], sort=False)
    ]


def _listed(evidence: Evidence) -> list[str]:
    """The variants with ranks from lists: what they do not say is the share of ties."""
    rows = evidence.measured
    return rows.loc[rows["tie_share"].isna() & rows["optimistic"].notna(), "variant"].unique().tolist()
