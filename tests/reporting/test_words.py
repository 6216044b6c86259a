"""Every label as the exact sentence that is printed."""

import math
from types import SimpleNamespace

import pytest

from recore.reporting.words import complementary_sentence, estimands_sentence, influence_words, verdict_sentence

MINUS = "\N{MINUS SIGN}"
ROW = {"dataset": "demo", "a": "da", "b": "trm", "metric": "mrr@20", "level": "confirmed", "n_seeds": 5}
ROW |= {"n_sessions": 400, "delta": 0.0012, "ci_lo": 0.0002, "ci_hi": 0.0022, "p_holm": 0.0123, "p_sessions": 0.2}
ROW |= {"few_sessions": False, "look": 1, "look_shown": 1, "delta_shown": 0.0012}
ROW |= {"p_tost_holm": 0.0004, "margin": 0.002, "mde80": 0.0014, "mde80_holm": 0.0019, "verdict": "better"}
FOUND = "+0.12 points (95 % CI [+0.02, +0.22], p = 0.012)"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, f"better, {FOUND}."),
        (
            {
                "delta": -0.0012,
                "delta_shown": -0.0012,
                "ci_lo": -0.0022,
                "ci_hi": -0.0002,
                "verdict": "worse",
                "p_holm": 0.0001,
            },
            f"worse, {MINUS}0.12 points (95 % CI [{MINUS}0.22, {MINUS}0.02], p < 0.001).",
        ),
        (
            {"verdict": "equivalent"},
            f"equivalent, {FOUND}: the difference is smaller than the margin of 0.20 points (p < 0.001).",
        ),
        (
            {"verdict": "negligible"},
            f"better, {FOUND}, but by less than the margin of 0.20 points: too small to matter.",
        ),
        (
            {"verdict": "inconclusive"},
            f"undecided, {FOUND}. On its own this test would find 0.14 points with 80 % probability; at Holm's first "
            "step, 0.19.",
        ),
        (
            {"look": 2, "look_shown": 1, "delta": -0.0001, "ci_lo": -0.001, "ci_hi": 0.0008},
            f"better, {MINUS}0.01 points (95 % CI [{MINUS}0.10, +0.08], p = 0.012); shown at look 1: +0.12 points.",
        ),
        (
            {"verdict": "negligible", "look": 2, "look_shown": 1, "delta": -0.0001, "ci_lo": -0.001, "ci_hi": 0.0008},
            f"better, {MINUS}0.01 points (95 % CI [{MINUS}0.10, +0.08], p = 0.012); shown at look 1: +0.12 points, but "
            "by less than the margin of 0.20 points: too small to matter.",
        ),
        (
            {"few_sessions": True, "look": 2, "look_shown": 1, "delta_shown": 0.003},
            "better, +0.12 points (95 % CI n/a, p = 0.012); shown at look 1: +0.30 points.",
        ),
        (
            {"level": "exploratory", "n_seeds": 3, "verdict": ""},
            f"exploratory with 3 seeds, no verdict. Measured: {FOUND}.",
        ),
        (
            {"level": "n/a", "n_seeds": 1, "verdict": ""},
            "no verdict with one seed. Measured: +0.12 points (p of these runs only: 0.200).",
        ),
        (
            {"level": "n/a", "n_sessions": 1, "p_sessions": math.nan, "verdict": ""},
            "no verdict with one session. Measured: +0.12 points (p of these runs only: n/a).",
        ),
        (
            {"level": "n/a", "p_sessions": math.nan, "verdict": ""},
            "no verdict with a difference that is the same in every run and session. Measured: +0.12 points (p of "
            "these runs only: n/a).",
        ),
    ],
)
def test_a_verdict_in_words(changes, words):
    sentence = verdict_sentence(SimpleNamespace(**ROW | changes), alpha=0.05, power=0.8)
    assert sentence == f"demo: da against trm by MRR@20: {words}"


FEW = {"n_cases": 1569, "effective_sessions": 1.04, "largest_session": 17, "largest_cases": 1499}
FEW |= {"largest_share_variance": 0.981, "largest_share_delta": -1.2, "delta_without": -0.004, "p_without": 0.31}


def test_a_fragile_difference_names_the_session_and_what_is_left_without_it():
    row = SimpleNamespace(
        **ROW | FEW | {"verdict": "fragile", "n_sessions": 21, "p_holm": math.nan, "few_sessions": True}
    )
    assert verdict_sentence(row, alpha=0.05, power=0.8) == (
        "demo: da against trm by MRR@20: fragile, +0.12 points: 1.0 effective of 21 sessions; session 17 (1,499 of "
        f"1,569 cases) has 98 % of the sessions' variance and {MINUS}120 % of the difference; without it {MINUS}0.40 "
        "points are left (p = 0.310, this test alone)."
    )
    without_difference = SimpleNamespace(**vars(row) | {"delta": 0.0, "largest_share_delta": math.nan})
    assert "98 % of the sessions' variance; without it" in influence_words(without_difference)


def test_three_seeds_that_few_sessions_carry_have_neither_interval_nor_p():
    row = SimpleNamespace(
        **ROW | FEW | {"verdict": "", "level": "exploratory", "n_seeds": 3, "n_sessions": 21, "few_sessions": True}
    )
    sentence = verdict_sentence(row, alpha=0.05, power=0.8)
    assert sentence.startswith(
        "demo: da against trm by MRR@20: no verdict, +0.12 points: 1.0 effective of 21 sessions;"
    )
    assert "CI" not in sentence


@pytest.mark.parametrize(
    ("other", "verdict", "said"),
    [
        (0.001, "better", False),
        (0.001, "inconclusive", True),
        (-0.001, "better", True),
        (math.nan, "inconclusive", False),  # a record that does not have it
    ],
)
def test_two_estimands_that_disagree_are_told(other, verdict, said):
    row = SimpleNamespace(**ROW, delta_over_sessions=other, verdict_over_sessions=verdict)
    sentence = estimands_sentence(row)
    assert bool(sentence) == said
    if said:
        shown = f"{'+' if other > 0 else MINUS}0.10"
        assert sentence == (
            "demo, MRR@20: da against trm is +0.12 points over cases (better) and "
            f"{shown} with every session counted once ({verdict})."
        )


CLAIM = {"dataset": "demo", "variant": "dahn", "parents": ["da", "hn"], "metric": "mrr@20", "p": 0.0234}


@pytest.mark.parametrize(
    ("verdict", "verdicts", "words"),
    [
        (
            "complementary",
            ["better", "better"],
            "complementary, dahn is better than da and than hn (p = 0.023, the larger).",
        ),
        (
            "not shown",
            ["better", "inconclusive"],
            "dahn is not shown to be better than each of da and hn (p = 0.023, the larger; better against da, "
            "inconclusive against hn).",
        ),
        (
            "not shown",
            ["negligible", "better"],
            "dahn is better than each of da and hn, but not by more than the margin each time (p = 0.023, the larger; "
            "negligible against da, better against hn).",
        ),
        ("", ["", ""], "whether dahn is better than each of da and hn gets no verdict with so little data."),
    ],
)
def test_a_complementary_claim_in_words(verdict, verdicts, words):
    row = SimpleNamespace(**CLAIM, verdict=verdict, verdicts=verdicts)
    assert complementary_sentence(row) == f"demo, MRR@20: {words}"
