"""How numbers are printed: percent with two decimals, differences in points, p with three decimals.

Files hold fractions; percent appears only here. A missing value is printed as ``n/a``.
"""

import math

MARKS = {"better": "▲", "worse": "▼", "equivalent": "≈", "fragile": "†"}
TITLES = {"recall": "Recall", "mrr": "MRR", "ndcg": "NDCG", "coverage": "Coverage", "popularity": "Popularity"}
MISSING = "n/a"
MINUS = "\N{MINUS SIGN}"


def metric_title(metric: str) -> str:
    """``mrr@20`` -> ``MRR@20``, ``mrr@20/recall@20`` -> ``MRR@20 / Recall@20``."""
    parts = (part.partition("@") for part in metric.split("/"))
    return " / ".join(f"{TITLES.get(name, name)}@{cutoff}" for name, _, cutoff in parts)


def mark(verdict: str, delta: float) -> str:
    """The sign beside a number: ▲ ▼ ≈, both for a difference that is real and too small to matter, † or nothing."""
    if verdict == "negligible":
        return ("▲" if delta > 0 else "▼") + "≈"
    return MARKS.get(verdict, "")


def pair(a: str, b: str) -> str:
    """The comparison of a against b, as the difference it is."""
    return f"{a} {MINUS} {b}"


def percent(fraction: float) -> str:
    return MISSING if math.isnan(fraction) else f"{100 * fraction:.2f}"


def spread(mean: float, std: float) -> str:
    """``52.87 ± 0.05`` in percent, or the mean alone where one run has no spread."""
    return percent(mean) if math.isnan(std) else f"{percent(mean)} ± {percent(std)}"


def number_spread(mean: float, std: float) -> str:
    """The same of a number that is no share, with one decimal."""
    if math.isnan(mean):
        return MISSING
    return f"{mean:,.1f}" if math.isnan(std) else f"{mean:,.1f} ± {std:,.1f}"


def points(difference: float) -> str:
    """A signed difference of fractions in percentage points; the minus is typographic, zero has no sign."""
    if math.isnan(difference):
        return MISSING
    text = f"{100 * difference:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text.replace("-", MINUS)


def interval(low: float, high: float) -> str:
    return MISSING if math.isnan(low) else f"[{points(low)}, {points(high)}]"


def carried(effective_sessions: float) -> str:
    """Effective sessions with one decimal, rounded down: what is too few never reads as if it were enough."""
    return f"{math.floor(10 * effective_sessions) / 10:.1f}"


def p_value(p: float) -> str:
    if math.isnan(p):
        return MISSING
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def p_words(p: float) -> str:
    """``p = 0.012``, ``p < 0.001``, ``p n/a``: for a sentence."""
    text = p_value(p)
    if text == MISSING:
        return f"p {MISSING}"
    return "p < 0.001" if text.startswith("<") else f"p = {text}"
