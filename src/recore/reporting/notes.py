"""The sentences under the table: each prevents one misreading."""

from pathlib import Path
from typing import Any

import pandas as pd

from recore.reporting.evidence import Evidence
from recore.reporting.format import metric_title, pair, percent
from recore.reporting.results import given_hit
from recore.reporting.windows import windows_notes
from recore.reporting.words import complementary_sentence, estimands_sentence, influence_words

# Means that ties could move by more than this (0.01 point) are named.
TIE_GAP = 1e-4


def notes(evidence: Evidence) -> list[str]:
    """The sentences in order; which ones depends on the seeds, the datasets and the ties."""
    comparisons = evidence.comparisons
    return [
        *_spread(evidence.results),
        *_seedless(evidence),
        *_marks(evidence),
        *_levels(comparisons),
        *_influence(evidence),
        *_estimands(evidence),
        *complementary_notes(evidence),
        *_families(evidence),
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
        "Seeds none: fitted without seeds, one run, so no ±. In a comparison it counts as itself under every seed of "
        "the other variant; where both have none, p covers new sessions alone."
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
        "weighted sum of the clicked items, ranks that click first, so a "
        "new item comes second at best; there no such variants differ in repeats."
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
        "Intervals and MDE are those of one comparison; p and marks are corrected for the number of comparisons. MDE, "
        "Holm is the difference that the first step of the correction would have found.",
        f"p and interval cover {'new seeds and ' if comparisons['n_seeds'].any() else ''}new sessions of the same "
        "period. They do not cover another training sample (every seed was trained on the same sessions), another "
        "period, other datasets or re-tuned settings, nor "
        + ("a second look at more data." if evidence.looks is None else "a look that was not planned."),
        *_every_session_once(comparisons),
        *_looks(evidence),
    ]


def _every_session_once(comparisons: pd.DataFrame) -> list[str]:
    if comparisons["delta_over_sessions"].isna().all():
        return []
    return [
        "With every session counted once, one of 80 cases weighs as much as one of 2: another question, with Holm "
        "families of its own."
    ]


def _looks(evidence: Evidence) -> list[str]:
    if evidence.looks is None:
        return []
    planned = ", ".join(map(str, evidence.looks))
    looked = evidence.comparisons[evidence.comparisons["n_seeds"] > 0]
    taken = sorted(set(zip(looked["look"], looked["spent"], strict=True)))
    spent = ", ".join(f"{error:.4f} by look {number:.0f}" for number, error in taken)
    return [
        f"Looks were planned after {planned} seeds. The error of {evidence.alpha:g} is spent over them ({spent}); p "
        "is corrected for the looks, then for the comparisons, and what a look has shown stays. Intervals are those of "
        "one look. Across datasets there is no p, since when each stopped depends on what was seen."
    ]


def _influence(evidence: Evidence) -> list[str]:
    """How few sessions speak: what fragile means, each such comparison by the metric that confirms, and the others."""
    rows = evidence.comparisons[evidence.comparisons["metric"].isin(evidence.compared)]
    rows = rows[rows["effective_sessions"].notna() & ~_constant(rows)]
    few = rows[rows["few_sessions"]]
    sentences = [
        f"{row.dataset}, {metric_title(row.metric)}: {row.a} against {row.b} {_standing(row)}: {influence_words(row)}."
        for row in few[few["metric"] == evidence.compared[0]].itertuples()
    ]
    if not few.empty:
        sentences.insert(
            0,
            f"† fragile: fewer than {evidence.fewest:g} effective sessions carry the noise of a comparison, so no "
            "interval and no p is shown (comparisons.csv keeps the raw values) and there is no verdict. More sessions "
            "help; more seeds seldom do. comparisons.csv names the session that weighs most in each comparison, "
            "plots/influence.csv the next ones. A comparison without † is not thereby safe.",
        )
    for dataset, own in rows.drop(few.index).groupby("dataset", sort=False):
        least = own.loc[own["effective_sessions"].idxmin()]
        sentences.append(
            f"{dataset}: every other comparison has at least {least.effective_sessions:.0f} effective sessions of "
            f"{least.n_sessions:,}; the smallest number is that of {pair(least.a, least.b)} by "
            f"{metric_title(least.metric)}."
        )
    return sentences


def _standing(row: Any) -> str:
    if row.verdict in ("fragile", ""):
        return "is fragile"
    return f"was shown at look {row.look_shown} and is fragile by now"


def _estimands(evidence: Evidence) -> list[str]:
    """Where the two estimands disagree; a fragile one says nothing that another could contradict."""
    rows = evidence.comparisons
    rows = rows[(rows["metric"] == evidence.compared[0]) & (rows["level"] == "confirmed")]
    rows = rows[~rows["few_sessions"] & ~rows["few_sessions_over_sessions"]]
    found = [sentence for row in rows.itertuples() if (sentence := estimands_sentence(row))]
    if found:
        found.append(
            "Two ways of counting that lead to different verdicts do not show by that alone that long and short "
            "sessions differ."
        )
    return found


def _levels(comparisons: pd.DataFrame) -> list[str]:
    without = comparisons["level"] == "n/a"
    lonely = comparisons["n_sessions"] < 2
    sentences = [
        (
            without & ~lonely & comparisons["n_seeds"].between(1, 2),
            "One or two seeds give no p: a difference between single runs may be the seed's. The p of these runs "
            "only counts sessions as the one source of noise, and says nothing of a new training run.",
        ),
        (lonely, "A test set of one session gives no p: nothing says how another session would differ."),
        (
            _constant(comparisons) & ~lonely,
            "A difference that is the same in every run and session gives no p: nothing says how another one would "
            "differ.",
        ),
        (
            comparisons["level"] == "exploratory",
            "Three or four seeds are exploratory: p is shown, no verdict is given.",
        ),
    ]
    return [text for rows, text in sentences if rows.any()]


def _constant(comparisons: pd.DataFrame) -> pd.Series:
    """Which have no p of either kind: of one session, or with the same difference in every session."""
    return comparisons["p"].isna() & comparisons["p_sessions"].isna()


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


def _external(evidence: Evidence) -> list[str]:
    return [
        f"{name} was not trained here: its ranks are those of {_origin(row)}."
        for name, row in evidence.external.items()
    ]


def _origin(row: dict[str, Any]) -> str:
    if "record" in row:
        return f"{row['variant']} in the record {row['record']} (docs/results/{row['record']})"
    files = [row["file"]] if "file" in row else row["files"].values()
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
    fitted = results.loc[(results["n_seeds"] == 0) & ~results["variant"].isin(evidence.external), "variant"]
    counted = wide["variant"].isin(fitted)
    expected = [
        f"{dataset}: counts tie often; ties move a metric of {', '.join(dict.fromkeys(group['variant']))} by up to "
        f"{percent(group['gap'].max())} points (shown is the expected value)."
        for dataset, group in wide[counted].groupby("dataset", sort=False)
    ]
    return expected + [
        f"{dataset}, {variant}: ties move a metric by up to {percent(group['gap'].max())} points (shown is the "
        "expected value); look at the scores."
        for (dataset, variant), group in wide[~counted].groupby(["dataset", "variant"], sort=False)
    ]
