import math

import pandas as pd
import pytest
from scipy import stats

from recore.reporting.paper import TABLE_1, beside_paper, prediction_interval


def test_table_1_is_complete_and_bears_what_the_paper_says_of_it():
    assert set(TABLE_1) == {"diginetica", "nowplaying", "retailrocket", "tmall", "yoochoose"}
    assert all(list(row) == ["ave", "trm", "da", "hn", "dahn"] for row in TABLE_1.values())
    # "Best MRR@20 per dataset": DAHN on Diginetica and RetailRocket, DA on Nowplaying, HN on Tmall and Yoochoose.
    best = {name: max(row, key=lambda variant: row[variant][1]) for name, row in TABLE_1.items()}
    assert best == {
        "diginetica": "dahn",
        "nowplaying": "da",
        "retailrocket": "dahn",
        "tmall": "hn",
        "yoochoose": "hn",
    }


def test_prediction_interval():
    half = stats.t.ppf(0.975, 4) * 0.01 * math.sqrt(1.2)
    assert prediction_interval(0.5, 0.01, 5, 0.05) == pytest.approx((0.5 - half, 0.5 + half))
    assert all(map(math.isnan, prediction_interval(0.5, math.nan, 1, 0.05)))


def results(mean: float, n_seeds: int = 5) -> pd.DataFrame:
    std = 0.001 if n_seeds > 1 else math.nan
    row = {"dataset": "diginetica", "variant": "trm", "metric": "mrr@20", "mean": mean, "std": std, "n_seeds": n_seeds}
    return pd.DataFrame([row])


@pytest.mark.parametrize(
    ("mean", "n_seeds", "inside"), [(0.187, 5, True), (0.18, 5, False), (0.187, 4, None), (0.187, 1, None)]
)
def test_inside_the_interval_for_one_more_run_is_said_from_five_seeds_on(mean, n_seeds, inside):
    (row,) = beside_paper(results(mean, n_seeds), {"diginetica"}, 0.05).to_dict("records")
    assert row["paper"] == pytest.approx(0.1866)
    assert row["difference"] == pytest.approx(mean - 0.1866)
    assert row["inside"] is inside


def test_table_1_s_trm_stands_beside_the_model_that_it_was():
    named = results(0.187).assign(variant="trm_table1")
    (row,) = beside_paper(named, {"diginetica"}, 0.05).to_dict("records")
    assert row["variant"] == "trm_table1"
    assert row["paper"] == pytest.approx(0.1866)


def test_other_data_and_other_metrics_stay_out():
    assert beside_paper(results(0.187), {"tmall"}, 0.05).empty
    assert beside_paper(results(0.187).assign(metric="ndcg@20"), {"diginetica"}, 0.05).empty
    assert beside_paper(results(0.187).assign(variant="mine"), {"diginetica"}, 0.05).empty
