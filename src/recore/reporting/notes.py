"""The sentences under the table: each prevents one misreading."""

import pandas as pd

from recore.reporting.evidence import Evidence
from recore.reporting.format import metric_title, percent
from recore.reporting.results import given_hit
from recore.reporting.windows import windows_notes
from recore.reporting.words import complementary_sentence

# Means that ties could move by more than this (0.01 point) are named.
TIE_GAP = 1e-4


def notes(evidence: Evidence) -> list[str]:
    """The sentences in order; which ones depends on the seeds, the datasets and the ties."""
    comparisons = evidence.comparisons
    return [
        *synthetic_notes(evidence.synthetic),
        "± is the standard deviation over seeds (training runs). It is a spread, not an interval.",
        *_marks(evidence),
        *_levels(comparisons),
        *complementary_notes(evidence),
        *_families(evidence),
        *windows_notes(evidence),
        f"{metric_title(given_hit(evidence.cutoff))} is the mean reciprocal rank of the hits: what a variant does with "
        "a target that it has found.",
        "Intervals of groups of cases are clustered by session: they cover new sessions and these very runs. Two that "
        "overlap do not mean that the variants are alike, because variants are compared pairwise. The head is the most "
        "clicked fifth of the catalogue in training.",
        *_ties(evidence.measured),
        *_paper(evidence.beside),
    ]


def _paper(beside: pd.DataFrame) -> list[str]:
    if beside.empty or "trm" not in set(beside["variant"]):
        return []
    return [
        "What the paper's Table 1 calls CORE-trm was not CORE's: its scorer is position-aware. That number stands "
        "beside our trm and, where it is trained, beside trm_table1, which is that model."
    ]


def synthetic_notes(synthetic: list[str]) -> list[str]:
    """The sentence that has to stand first where a dataset is generated."""
    if not synthetic:
        return []
    names, verb = ", ".join(synthetic), "is" if len(synthetic) == 1 else "are"
    return [f"{names} {verb} synthetic: this proves that the pipeline works and ranks nobody."]


def _marks(evidence: Evidence) -> list[str]:
    comparisons = evidence.comparisons
    if comparisons.empty:
        return ["No comparison is planned, so nothing is marked."]
    margins = ", ".join(f"{metric_title(name)} {percent(value)}" for name, value in evidence.margins.items())
    return [
        f"▲ better, ▼ worse than {comparisons['b'].iloc[0]} (Holm-corrected p below {evidence.alpha:g}); "
        f"≈ equivalent: two one-sided tests show the difference to be smaller than the margin "
        f"({margins or 'none is set'}; points), Holm-corrected in a family of their own (p_tost_holm in "
        "comparisons.csv); ▲≈ and ▼≈: a difference that is shown, and shown to be smaller than the margin.",
        'No mark is not "no difference": the runs cannot tell. MDE is the difference they would have found with '
        f"{100 * evidence.power:g} % probability.",
        "Intervals and MDE are those of one comparison; only p and marks are corrected for the number of comparisons.",
        "p and interval cover new seeds and new sessions of the same period. They do not cover other datasets, another "
        "period or re-tuned settings.",
    ]


def _levels(comparisons: pd.DataFrame) -> list[str]:
    without = comparisons["level"] == "n/a"
    lonely = comparisons["n_sessions"] < 2
    sentences = [
        (
            without & ~lonely,
            "One or two seeds give no p: a difference between single runs may be the seed's. The p of these runs "
            "only counts sessions as the one source of noise, and says nothing of a new training run.",
        ),
        (lonely, "A test set of one session gives no p: nothing says how another session would differ."),
        (
            comparisons["level"] == "exploratory",
            "Three or four seeds are exploratory: p is shown, no verdict is given.",
        ),
    ]
    return [text for rows, text in sentences if rows.any()]


def complementary_notes(evidence: Evidence) -> list[str]:
    """A sentence a dataset on the confirming metric."""
    rows = evidence.complementary
    return [complementary_sentence(row) for row in rows[rows["metric"] == evidence.compared[0]].itertuples()]


def _families(evidence: Evidence) -> list[str]:
    comparisons = evidence.comparisons
    if comparisons.empty:
        return []
    of_synthetic = comparisons["dataset"].isin(evidence.synthetic)
    sizes = [
        f"m = {group['m'].iloc[0]}{' (synthetic)' if made and len(set(of_synthetic)) > 1 else ''}"
        for made, group in comparisons.groupby(of_synthetic)
    ]
    return [
        f"Family: every planned comparison of one metric over the datasets, {' and '.join(sizes)}; one without a p "
        f"counts as 1. {metric_title(evidence.compared[0])} confirms, the other metrics are secondary."
    ]


def _ties(measured: pd.DataFrame) -> list[str]:
    wide = measured[measured["tie_gap"] > TIE_GAP]
    return [
        f"{dataset}, {variant}: ties move a metric by up to {percent(group['tie_gap'].max())} points (shown is the "
        "expected value); look at the scores."
        for (dataset, variant), group in wide.groupby(["dataset", "variant"], sort=False)
    ]
