"""What a record says of the paper's claims, on rows written by hand."""

import pandas as pd
import pytest

from recore.params import Params
from recore.records.verdicts import CLAIMS, limit_sentence, verdict_table
from recore.reporting.paper import TABLE_1

GIVEN = Params(
    {
        "datasets": ["shop", "news"],
        "train": {"epochs": 20},
        "sources": {
            "shop": {"split": {"recent": 0.05}, "train": {}},
            "news": {"split": {"recent": 1.0}, "train": {"epochs": 3}},
        },
    }
)


def comparisons(verdicts):
    rows = [
        {"dataset": name, "a": claim.a, "b": claim.b, "metric": claim.metric, "delta": 0.0105, "verdict": verdict}
        for claim in CLAIMS
        for name, verdict in verdicts.items()
    ]
    return pd.DataFrame(rows)


def test_a_claim_is_shown_where_its_own_verdict_stands():
    table = verdict_table([(comparisons({"shop": "worse", "news": "better"}), GIVEN)]).set_index("Claim")
    assert list(table.columns) == ["Test", "shop, newest 5%", "news, whole", "Shown on"]
    assert list(table.loc["CORE-DA gains MRR"]) == ["da − trm, MRR@20", "+1.05 worse", "+1.05 better", "1 of 2"]
    assert table.loc["and leaves Recall as it is", "Shown on"] == "0 of 2"
    assert table.loc["and costs Recall", "Shown on"] == "1 of 2"


def test_better_trm_is_worse_ave():
    table = verdict_table([(comparisons({"shop": "worse", "news": "worse"}), GIVEN)])
    assert list(table.loc[0, ["Test", "Shown on"]]) == ["ave − trm, MRR@20", "2 of 2"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_larger_part_of_a_log_counts_whichever_record_comes_first(order):
    whole = Params({"datasets": ["shop"], "sources": {"shop": {"split": {"recent": 1.0}}}})
    reduced = (comparisons({"shop": "worse", "news": "inconclusive"}), GIVEN)
    records = [reduced, (comparisons({"shop": "better"}), whole)]
    table = verdict_table([records[at] for at in order]).set_index("Claim")
    assert set(table.columns) == {"Test", "shop, newest 5%", "news, whole", "shop, whole", "Shown on"}
    assert table.loc["CORE-DA gains MRR", ["shop, newest 5%", "shop, whole", "Shown on"]].tolist() == [
        "+1.05 worse",
        "+1.05 better",
        "1 of 2",
    ]
    assert table.loc["and costs Recall", "Shown on"] == "0 of 2"


def test_a_run_that_the_limit_ended_is_counted_against_the_limit_of_its_dataset():
    runs = pd.DataFrame({"dataset": ["shop"] * 3 + ["news"] * 2, "epochs": [20, 3, 20, 3, 2]})
    assert limit_sentence(runs, GIVEN).endswith(": 2 of 3 on shop, 1 of 2 on news.")


def test_the_gains_in_print_are_those_that_the_readme_names():
    gains = [row[name][1] - row["trm"][1] for row in TABLE_1.values() for name in ("da", "hn", "dahn")]
    assert (round(min(gains), 2), round(max(gains), 2)) == (-0.20, 0.26)
