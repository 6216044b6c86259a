"""The sentences under the table: each prevents one misreading."""

import pandas as pd

from recore.reporting.format import metric_title, percent

# Means that ties could move by more than this (0.01 point) are named.
TIE_GAP = 1e-4


def notes(comparisons: pd.DataFrame, measured: pd.DataFrame, synthetic: list[str], settings: dict) -> list[str]:
    """``settings`` is the section ``significance`` of params.yaml; ``synthetic`` the datasets that are generated."""
    return [
        *_synthetic(synthetic),
        "± is the standard deviation over seeds (training runs). It is a spread, not an interval.",
        *_marks(comparisons, settings),
        *_levels(comparisons),
        *_families(comparisons, set(synthetic), settings),
        *_ties(measured),
    ]


def _synthetic(synthetic: list[str]) -> list[str]:
    if not synthetic:
        return []
    names, verb = ", ".join(synthetic), "is" if len(synthetic) == 1 else "are"
    return [f"{names} {verb} synthetic: this proves that the pipeline works and ranks nobody."]


def _marks(comparisons: pd.DataFrame, settings: dict) -> list[str]:
    if comparisons.empty:
        return ["No comparison is planned, so nothing is marked."]
    margins = ", ".join(f"{metric_title(name)} {percent(value)}" for name, value in settings["margins"].items())
    return [
        f"▲ better, ▼ worse than {comparisons['b'].iloc[0]} (Holm-corrected p below {settings['alpha']:g}); "
        f"≈ equivalent: the difference is shown to be smaller than the margin ({margins or 'none is set'}; points); ▲≈ "
        "and ▼≈: a real difference, shown to be smaller than the margin.",
        'No mark is not "no difference": the runs cannot tell. MDE is the difference they would have found with '
        f"{100 * settings['power']:g} % probability.",
        "Intervals and MDE are those of one comparison; only p and marks are corrected for the number of comparisons.",
        "p and interval cover new seeds and new sessions of the same period. They do not cover other datasets, another "
        "period or re-tuned settings.",
    ]


def _levels(comparisons: pd.DataFrame) -> list[str]:
    sentences = {
        "n/a": "One or two seeds give no p: a difference between single runs may be the seed's. The p of these runs "
        "only counts sessions as the one source of noise, and says nothing of a new training run.",
        "exploratory": "Three or four seeds are exploratory: p is shown, no verdict is given.",
    }
    return [text for level, text in sentences.items() if (comparisons["level"] == level).any()]


def _families(comparisons: pd.DataFrame, synthetic: set[str], settings: dict) -> list[str]:
    if comparisons.empty:
        return []
    of_synthetic = comparisons["dataset"].isin(synthetic)
    sizes = [
        f"m = {group['m'].iloc[0]}{' (synthetic)' if made and len(set(of_synthetic)) > 1 else ''}"
        for made, group in comparisons.groupby(of_synthetic)
    ]
    return [
        f"Family: every planned comparison of one metric over the datasets, {' and '.join(sizes)}; one without a p "
        f"counts as 1. {metric_title(settings['confirm'])} confirms, the other metrics are secondary."
    ]


def _ties(measured: pd.DataFrame) -> list[str]:
    wide = measured[measured["tie_gap"] > TIE_GAP]
    return [
        f"{dataset}, {variant}: ties move a metric by up to {percent(group['tie_gap'].max())} points (shown is the "
        "expected value); look at the scores."
        for (dataset, variant), group in wide.groupby(["dataset", "variant"], sort=False)
    ]
