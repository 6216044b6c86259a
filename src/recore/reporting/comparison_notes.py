"""The sentences on what the comparisons say: marks, levels, looks, few sessions, families."""

import math
from typing import Any

import pandas as pd

from recore.reporting.evidence import Evidence
from recore.reporting.format import metric_title, pair, percent
from recore.reporting.words import complementary_sentence, estimands_sentence, influence_words


def comparison_notes(evidence: Evidence) -> list[str]:
    """In order; which ones depends on the seeds, the sessions and the verdicts."""
    return [
        *_marks(evidence),
        *_levels(evidence.comparisons),
        *_influence(evidence),
        *_estimands(evidence),
        *complementary_notes(evidence),
        *_families(evidence),
    ]


def _marks(evidence: Evidence) -> list[str]:
    comparisons = evidence.comparisons
    if comparisons.empty:
        return ["No comparison is planned, so nothing is marked."]
    margins = ", ".join(f"{metric_title(name)} {percent(value)}" for name, value in evidence.margins.items())
    seeded = comparisons["n_seeds"].any()
    taught = "every seed was trained on" if seeded else "every variant was fitted to"
    return [
        f"▲ better, ▼ worse than {comparisons['b'].iloc[0]} (Holm-corrected p below {evidence.alpha:g}); "
        f"≈ equivalent: two one-sided tests show the difference to be smaller than the margin "
        f"({margins or 'none is set'}; points), Holm-corrected in a family of their own (p_tost_holm in "
        "comparisons.csv); ▲≈ and ▼≈: a difference that is shown, and shown to be smaller than the margin.",
        'No mark is not "no difference": the runs cannot tell. MDE is the difference they would have found with '
        f"{100 * evidence.power:g} % probability.",
        "Intervals and MDE are those of one comparison; p and marks are corrected for the number of comparisons. MDE, "
        "Holm is the difference that the first step of the correction would have found.",
        f"p and interval cover {'new seeds and ' if seeded else ''}new sessions of the same period. They do not cover "
        f"another training sample ({taught} the same sessions), another period, "
        "other datasets or re-tuned settings, nor "
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
        which = "every other" if (few["dataset"] == dataset).any() else "every"
        sentences.append(
            f"{dataset}: {which} comparison has at least {math.floor(least.effective_sessions)} effective sessions of "
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
