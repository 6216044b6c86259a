"""The tables people read, as text: made from ``results`` and ``comparisons``, rendered by ``render``."""

import math

import pandas as pd

from recore.reporting.breakdowns import PREFIX_LENGTH, group_section
from recore.reporting.evidence import Evidence
from recore.reporting.format import (
    MISSING,
    interval,
    mark,
    metric_title,
    p_value,
    pair,
    percent,
    points,
    spread,
)
from recore.reporting.parts import parts_text
from recore.reporting.recommended import recommended_table
from recore.reporting.render import Section
from recore.reporting.results import given_hit
from recore.reporting.windows import windows_table

NO_SEEDS = "none"


def table_sections(evidence: Evidence) -> list[Section]:
    """Every section of the report's text, in order."""
    cutoff, baseline, compared = evidence.cutoff, evidence.baseline, evidence.compared
    shown = [f"recall@{cutoff}", f"mrr@{cutoff}", given_hit(cutoff)]
    values = "mean ± std over seeds" if evidence.results["n_seeds"].any() else "one run each, without seeds"
    return [
        Section(
            f"Results: {values}" + (f", marks against {baseline}" if baseline else ""),
            main_table(evidence.results, evidence.comparisons, shown, baseline),
        ),
        Section(f"What is recommended: {values}", recommended_table(evidence.results)),
        Section("Planned comparisons", comparison_table(evidence.comparisons, compared, evidence.alpha)),
        Section("Every session counted once", session_mean_table(evidence.comparisons, compared, evidence.alpha)),
        Section("Do two ideas add up?", complementary_table(evidence.complementary, compared)),
        Section("Across datasets", across_table(evidence.across, compared, evidence.alpha)),
        Section("Two periods of one log", windows_table(evidence.windows, compared)),
        # Prefix lengths are a figure; every other breakdown is a table.
        *(group_section(evidence, name) for name in evidence.groups["breakdown"].unique() if name != PREFIX_LENGTH),
        Section(
            f"Where a difference in {metric_title(compared[0])} comes from",
            parts_text(evidence.parts, compared[0], evidence.alpha, evidence.fewest),
        ),
        Section("Beside the paper", paper_table(evidence.beside)),
    ]


def main_table(
    results: pd.DataFrame, comparisons: pd.DataFrame, metrics: list[str], baseline: str | None
) -> pd.DataFrame:
    """Mean ± std (%), marked against the baseline: a row for each dataset and variant, a column for each metric."""
    against = comparisons[comparisons["b"] == baseline].set_index(["dataset", "a", "metric"])
    marks = {
        key: mark(row.verdict, row.delta_shown) for key, row in zip(against.index, against.itertuples(), strict=True)
    }
    rows = []
    for (dataset, variant), own in results.groupby(["dataset", "variant"], sort=False):
        row = {"Dataset": dataset, "Variant": variant}
        for metric in metrics:
            found = own[own["metric"] == metric].iloc[0]
            text = f"{spread(found['mean'], found['std'])} {marks.get((dataset, variant, metric), '')}"
            row[f"{metric_title(metric)} (%)"] = text.rstrip()
        rows.append(row | {"Seeds": str(own["n_seeds"].iloc[0] or NO_SEEDS)})
    return pd.DataFrame(rows)


def comparison_table(comparisons: pd.DataFrame, metrics: list[str], alpha: float) -> pd.DataFrame:
    """Every planned pair with difference, interval, Holm p, verdict in words and minimal detectable effect."""
    rows = []
    for metric in metrics:
        for row in comparisons[comparisons["metric"] == metric].itertuples():
            rows.append(
                {
                    "Dataset": row.dataset,
                    "Comparison": pair(row.a, row.b),
                    "Metric": metric_title(metric),
                    "Δ (points)": points(row.delta),
                    f"{100 * (1 - alpha):g} % CI": _interval(row.few_sessions, row.ci_lo, row.ci_hi),
                    "p (Holm)": _p_cell(row),
                    "Verdict": _verdict_cell(row),
                    **_detectable(row),
                }
            )
    return pd.DataFrame(rows)


def session_mean_table(comparisons: pd.DataFrame, metrics: list[str], alpha: float) -> pd.DataFrame:
    """The same pairs by the mean of session means, a second estimand with a family of its own, where it is known."""
    rows = []
    for metric in metrics:
        known = (comparisons["metric"] == metric) & comparisons["delta_over_sessions"].notna()
        for row in comparisons[known].itertuples():
            verdict, delta = row.verdict_over_sessions, row.delta_over_sessions
            rows.append(
                {
                    "Dataset": row.dataset,
                    "Comparison": pair(row.a, row.b),
                    "Metric": metric_title(metric),
                    "Δ (points)": points(delta),
                    f"{100 * (1 - alpha):g} % CI": _interval(
                        row.few_sessions_over_sessions, row.ci_lo_over_sessions, row.ci_hi_over_sessions
                    ),
                    "p (Holm)": p_value(row.p_holm_over_sessions),
                    "Verdict": f"{mark(verdict, row.delta_shown_over_sessions)} {verdict}".strip() or MISSING,
                    "Over cases": f"{points(row.delta)} {mark(row.verdict, row.delta_shown)}".strip(),
                }
            )
    return pd.DataFrame(rows)


def complementary_table(complementary: pd.DataFrame, metrics: list[str]) -> pd.DataFrame:
    """Whether a variant is better than each of its parents, from ``significance.complementary``."""
    rows = [
        {
            "Dataset": row.dataset,
            "Variant": row.variant,
            "Better than each of": ", ".join(row.parents),
            "Metric": metric_title(row.metric),
            "p (the larger, Holm)": p_value(row.p),
            "Verdict": row.verdict or ("none: exploratory" if row.level == "exploratory" else MISSING),
        }
        for metric in metrics
        for row in complementary[complementary["metric"] == metric].itertuples()
    ]
    return pd.DataFrame(rows)


def across_table(across: pd.DataFrame, metrics: list[str], alpha: float) -> pd.DataFrame:
    """The equal-weight mean over datasets, and on how many of them the verdict says what."""
    rows = []
    for metric in metrics:
        for row in across[across["metric"] == metric].itertuples():
            rows.append(
                {
                    "Comparison": pair(row.a, row.b),
                    "Metric": metric_title(metric),
                    "Mean Δ (points)": points(row.delta),
                    f"{100 * (1 - alpha):g} % CI": interval(row.ci_lo, row.ci_hi),
                    "p (Holm)": p_value(row.p_holm),
                    "Better on": f"{row.better} of {row.n_datasets}",
                    "Worse on": str(row.worse),
                    "Equivalent on": str(row.equivalent),
                    "Negligible on": str(row.negligible),
                    "Fragile on": str(row.fragile),
                }
            )
    return pd.DataFrame(rows)


def paper_table(beside: pd.DataFrame) -> pd.DataFrame:
    """The paper's Table 1 beside ours, from ``paper.beside_paper``."""
    words = {True: "inside", False: "outside", None: MISSING}
    rows = [
        {
            "Dataset": row.dataset,
            "Variant": row.variant,
            "Metric": metric_title(row.metric),
            "Paper (%)": percent(row.paper),
            "Ours (%)": spread(row.mean, row.std),
            f"{pair('Ours', 'paper')} (points)": points(row.difference),
            "Interval for one more run (%)": _range(row.low, row.high),
            "The paper's run": words[row.inside],
        }
        for row in beside.itertuples()
    ]
    return pd.DataFrame(rows)


def _interval(few_sessions: bool, low: float, high: float) -> str:
    return MISSING if few_sessions else interval(low, high)


def _detectable(row: object) -> dict[str, str]:
    """The MDE of one test alone and at the first step of Holm's correction; what few sessions carry has none."""
    return {
        "MDE (points)": MISSING if row.few_sessions else percent(row.mde80),
        "MDE, Holm": MISSING if row.few_sessions else percent(row.mde80_holm),
    }


def _range(low: float, high: float) -> str:
    return MISSING if math.isnan(low) else f"[{percent(low)}, {percent(high)}]"


def _p_cell(row: object) -> str:
    if row.level == "n/a":
        return f"{MISSING} (these runs only: {MISSING if row.few_sessions else p_value(row.p_sessions)})"
    return p_value(row.p_holm)


def _verdict_cell(row: object) -> str:
    if row.level != "confirmed":
        return (
            f"none: {'few sessions' if row.few_sessions else 'exploratory'}" if row.level == "exploratory" else MISSING
        )
    return f"{mark(row.verdict, row.delta_shown)} {row.verdict}".strip()
