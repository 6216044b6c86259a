"""Verdicts as sentences: what a row of ``comparisons`` allows to be said, and nothing more."""

import math
from typing import Any

from recore.reporting.format import MINUS, MISSING, carried, interval, metric_title, p_value, p_words, percent, points


def verdict_sentence(row: Any, alpha: float, power: float) -> str:
    """One sentence or two for a row of ``family.corrected`` (a named tuple), starting with the dataset."""
    start = f"{row.dataset}: {row.a} against {row.b} by {metric_title(row.metric)}: "
    found = f"{points(row.delta)} points"
    if row.level == MISSING:
        of_runs = f"p of these runs only: {p_value(row.p_sessions)}"
        return f"{start}no verdict with {_few(row)}. Measured: {found} ({of_runs})."
    if row.few_sessions and row.verdict in ("fragile", ""):
        return f"{start}{row.verdict or 'no verdict'}, {found}: {influence_words(row)}."
    shown = MISSING if row.few_sessions else interval(row.ci_lo, row.ci_hi)
    found += f" ({100 * (1 - alpha):g} % CI {shown}, {p_words(row.p_holm)})"
    if row.look_shown != row.look and row.verdict not in ("inconclusive", "equivalent"):
        found += f"; shown at look {row.look_shown}: {points(row.delta_shown)} points"
    if row.level == "exploratory":
        return f"{start}exploratory with {_few(row)}, no verdict. Measured: {found}."
    return start + _labelled(row, found, power)


def influence_words(row: Any) -> str:
    """Half a sentence for a row of ``family.corrected``: how few sessions speak, and which is the loudest."""
    shares = f"{_share(row.largest_share_variance)} of the sessions' variance"
    if not math.isnan(row.largest_share_delta):
        shares += f" and {_share(row.largest_share_delta)} of the difference"
    return (
        f"{carried(row.effective_sessions)} effective of {row.n_sessions:,} sessions; "
        f"session {row.largest_session:.0f} ({row.largest_cases:,.0f} of {row.n_cases:,} cases) has {shares}; "
        f"without it {points(row.delta_without)} points are left ({p_words(row.p_without)}, this test alone)"
    )


def estimands_sentence(row: Any) -> str:
    """Where the mean over cases and that over sessions have other signs or verdicts; empty where they agree."""
    other, verdict = row.delta_over_sessions, row.verdict_over_sessions
    if math.isnan(other) or (row.verdict == verdict and row.delta * other >= 0):
        return ""
    return (
        f"{row.dataset}, {metric_title(row.metric)}: {row.a} against {row.b} is {points(row.delta)} points over cases "
        f"({row.verdict}) and {points(other)} with every session counted once ({verdict})."
    )


def _share(fraction: float) -> str:
    return f"{100 * fraction:.0f} %".replace("-", MINUS)


def complementary_sentence(row: Any) -> str:
    """A row of ``complementary.complementary`` (a named tuple) in words."""
    start = f"{row.dataset}, {metric_title(row.metric)}: "
    if row.verdict == "complementary":
        parents = " and than ".join(row.parents)
        return f"{start}complementary, {row.variant} is better than {parents} ({p_words(row.p)}, the larger)."
    parents = " and ".join(row.parents)
    if not row.verdict:
        return f"{start}whether {row.variant} is better than each of {parents} gets no verdict with so little data."
    single = ", ".join(f"{verdict} against {name}" for verdict, name in zip(row.verdicts, row.parents, strict=True))
    shown = f"{row.variant} is not shown to be better than each of {parents}"
    if set(row.verdicts) <= {"better", "negligible"} and row.p < 1:  # 1 where one of them points the other way
        shown = f"{row.variant} is better than each of {parents}, but not by more than the margin each time"
    return f"{start}{shown} ({p_words(row.p)}, the larger; {single})."


def _labelled(row: Any, found: str, power: float) -> str:
    margin = f"the margin of {percent(row.margin)} points"
    if row.verdict == "inconclusive":
        missed = f"On its own this test would find {percent(row.mde80)} points with {100 * power:g} % probability"
        return f"undecided, {found}. {missed}; at Holm's first step, {percent(row.mde80_holm)}."
    if row.verdict == "equivalent":
        return f"equivalent, {found}: the difference is smaller than {margin} ({p_words(row.p_tost_holm)})."
    if row.verdict == "negligible":
        side = "better" if row.delta_shown > 0 else "worse"
        return f"{side}, {found}, but by less than {margin}: too small to matter."
    return f"{row.verdict}, {found}."


def _few(row: Any) -> str:
    if row.n_sessions < 2:
        return "one session"
    if row.level == MISSING and row.n_seeds not in (1, 2):
        return "a difference that is the same in every run and session"
    return "one seed" if row.n_seeds == 1 else f"{row.n_seeds} seeds"
