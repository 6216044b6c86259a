import math

import pytest

from recore.reporting.format import carried, interval, mark, metric_title, p_value, p_words, percent, points, spread

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("p", "text"), [(0.0009, "<0.001"), (0.001, "0.001"), (0.0496, "0.050"), (1, "1.000"), (math.nan, "n/a")]
)
def test_p(p, text):
    assert p_value(p) == text


@pytest.mark.parametrize(
    ("difference", "text"),
    [(0.00123, "+0.12"), (-0.00123, f"{MINUS}0.12"), (-0.00001, "0.00"), (0.00001, "0.00"), (math.nan, "n/a")],
)
def test_points_are_signed_and_zero_is_not(difference, text):
    assert points(difference) == text


def test_percent_and_spread():
    assert percent(0.52874) == "52.87"
    assert spread(0.52874, 0.0005) == "52.87 ± 0.05"
    assert spread(0.52874, math.nan) == "52.87"
    assert interval(-0.01, 0.02) == f"[{MINUS}1.00, +2.00]"
    assert interval(math.nan, math.nan) == "n/a"
    assert metric_title("mrr@20") == "MRR@20"
    assert metric_title("mrr@20/recall@20") == "MRR@20 / Recall@20"
    assert [p_words(p) for p in (0.0001, 0.0123, math.nan)] == ["p < 0.001", "p = 0.012", "p n/a"]


@pytest.mark.parametrize(
    ("verdict", "delta", "text"),
    [
        ("better", 1, "▲"),
        ("worse", -1, "▼"),
        ("equivalent", 1, "≈"),
        ("negligible", 1, "▲≈"),
        ("negligible", -1, "▼≈"),
        ("inconclusive", 1, ""),
        ("", 1, ""),
    ],
)
def test_marks(verdict, delta, text):
    assert mark(verdict, delta) == text


def test_what_is_too_few_never_reads_as_if_it_were_enough():
    assert [carried(number) for number in (14.976, 15.0, 1.247, 0.0)] == ["14.9", "15.0", "1.2", "0.0"]
