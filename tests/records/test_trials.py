"""What a search chose, and what it changed: hand-computed."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recore import RecoreError, params
from recore.records import render
from recore.records.trials import before_and_after, search_table

ROW = {"settings": {}, "values": [0.33, 0.31], "mean": 0.32}
OTHER = {"settings": {"temperature": 0.05, "hard_neg_own": "skip"}, "values": [0.34, 0.32], "mean": 0.33}
WORST = {"settings": {"temperature": 0.1}, "values": [0.2, 0.3], "mean": 0.25}
TUNED = {"metric": "mrr@20", "seeds": [1, 2], "row": ROW, "chosen": OTHER, "trial": 1, "tried": [ROW, OTHER, WORST]}


def test_a_search_is_shown_with_the_row_the_choice_and_all_trials():
    (shown,) = search_table({"hn_tuned": TUNED}).to_dict("records")
    assert shown == {
        "variant": "hn_tuned",
        "row as it stands, validation MRR@20": "32.00 (33.00, 31.00)",
        "chosen": "temperature 0.05, hard_neg_own skip",
        "validation": "33.00 (34.00, 32.00)",
        "gain": "+1.00",
        "all 3 trials": "25.00 to 33.00",
    }


def test_a_search_may_keep_the_row():
    (shown,) = search_table({"trm_tuned": TUNED | {"chosen": ROW, "trial": 0}}).to_dict("records")
    assert (shown["chosen"], shown["gain"]) == ("the row", "0.00")


def comparisons(a, b, delta, verdict):
    """By MRR so much, by Recall ten times as much."""
    rows = [
        {"a": a, "b": b, "metric": metric, "delta": of, "ci_lo": of - 0.001, "ci_hi": of + 0.001}
        for metric, of in (("mrr@20", delta), ("recall@20", 10 * delta))
    ]
    return pd.DataFrame(rows).assign(verdict=verdict, effective_sessions=9.99)


def test_verdicts_stand_side_by_side():
    untuned, tuned = comparisons("hn", "trm", 0.002, "better"), comparisons("hn_tuned", "trm_tuned", -0.001, "fragile")
    table = before_and_after(untuned, tuned, {("hn", "trm"): ("hn_tuned", "trm_tuned")}, ["mrr@20", "recall@20"])
    assert table.to_numpy().tolist() == [
        [
            *("MRR@20", "hn − trm", "+0.20 [+0.10, +0.30], better"),
            *("hn_tuned − trm_tuned", "−0.10 † fragile: 9.9 effective sessions"),
        ],
        [
            *("Recall@20", "hn − trm", "+2.00 [+1.90, +2.10], better"),
            *("hn_tuned − trm_tuned", "−1.00 † fragile: 9.9 effective sessions"),
        ],
    ]


def test_a_comparison_that_is_not_there_is_not_made_up():
    untuned, tuned = comparisons("hn", "trm", 0.002, "better"), comparisons("da_tuned", "trm_tuned", 0.0, "better")
    with pytest.raises(RecoreError, match="hn_tuned − trm_tuned by mrr@20 is there 0 times"):
        before_and_after(untuned, tuned, {("hn", "trm"): ("hn_tuned", "trm_tuned")}, ["mrr@20"])


RECORDS = Path(__file__).parents[2] / "docs/results"
SEARCHED = {record: params.load(RECORDS / record / "params.yaml") for record in render.SEARCHED}


@pytest.mark.parametrize(
    ("record", "group", "variant"),
    [
        (record, group, variant)
        for record, given in SEARCHED.items()
        for group in params.TRAINED
        for variant in given.tuned(group)
    ],
)
def test_the_rows_on_record_are_what_the_search_chose(record, group, variant):
    """The best of so many different trials as were planned, of values that were planned, on seeds that no run has."""
    given = SEARCHED[record]
    (dataset,) = given.at("datasets")
    tuned = json.loads((RECORDS / record / "tuned" / dataset / f"{variant}.json").read_text())
    tried = [trial["settings"] for trial in tuned["tried"]]
    space = given.tuned(group)[variant]
    assert len(tried) == len({str(settings) for settings in tried}) == given.at("tune.trials")
    assert tried[0] == {}
    for settings in tried[1:]:
        assert settings.keys() == space.keys()
        assert all(value in space[key] for key, value in settings.items())
    means = [np.mean(trial["values"]) for trial in tuned["tried"]]
    assert tuned["trial"] == np.argmax(means)
    assert tuned["chosen"] == tuned["tried"][tuned["trial"]]
    assert tuned["chosen"]["settings"].items() <= given.at(f"variants.{group}.{variant}").items()
    assert tuned["seeds"] == given.at("tune.seeds")
    assert not set(tuned["seeds"]) & set(given.at("seeds"))
