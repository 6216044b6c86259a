"""What a search chose, and what it changed: hand-computed."""

import pandas as pd
import pytest

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
    rows = [
        {"a": a, "b": b, "metric": metric, "delta": delta, "ci_lo": delta - 0.001, "ci_hi": delta + 0.001}
        for metric in ("mrr@20", "recall@20")
    ]
    return pd.DataFrame(rows).assign(verdict=verdict, effective_sessions=9.99)


def test_verdicts_stand_side_by_side():
    untuned, tuned = comparisons("hn", "trm", 0.002, "better"), comparisons("hn_tuned", "trm_tuned", 0.0, "fragile")
    table = before_and_after(untuned, tuned, {("hn", "trm"): ("hn_tuned", "trm_tuned")}, ["mrr@20", "recall@20"])
    assert table.iloc[0].tolist() == [
        "MRR@20",
        "hn − trm",
        "+0.20 [+0.10, +0.30], better",
        "hn_tuned − trm_tuned",
        "0.00 † fragile: 9.9 effective sessions",
    ]
    assert table["metric"].tolist() == ["MRR@20", "Recall@20"]


def test_a_comparison_that_is_not_there_is_not_made_up():
    untuned, tuned = comparisons("hn", "trm", 0.002, "better"), comparisons("da_tuned", "trm_tuned", 0.0, "better")
    with pytest.raises(ValueError, match="not enough values"):
        before_and_after(untuned, tuned, {("hn", "trm"): ("hn_tuned", "trm_tuned")}, ["mrr@20"])
