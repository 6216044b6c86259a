"""What a record would have said with fewer of its seeds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from recore.records.fewer_seeds import by_seeds, seeds_table

FOLDER = Path(__file__).parents[2] / "docs/results/full_yoochoose64"
DATASET = "yoochoose64_srgnn"


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return by_seeds(FOLDER, DATASET, [("da", "trm")], ["mrr@20", "recall@20"])


def test_with_all_seeds_it_is_the_test_of_the_record(rows):
    recorded = pd.read_csv(FOLDER / "comparisons.csv")
    recorded = recorded[(recorded["a"] == "da") & (recorded["b"] == "trm")].set_index("metric")
    own = rows[rows["n_seeds"] == 5].set_index("metric")
    for column in ("delta", "ci_lo", "ci_hi", "se", "df", "p", "p_tost", "mde80", "effective_sessions"):
        assert np.allclose(own[column], recorded.loc[own.index, column], rtol=1e-9, atol=0), column
    assert (own["p_holm"] == own["p"]).all()  # by itself, not in the record's family


def test_with_three_it_is_that_of_the_first_three_and_has_no_verdict(rows):
    def mean_rr(variant: str, seed: int) -> float:
        counts = pq.read_table(FOLDER / f"ranks/{DATASET}/{variant}/{seed}.parquet").to_pandas()
        below = [
            range(above + 1, above + tied + 1) for above, tied in zip(counts["above"], counts["tied"], strict=True)
        ]
        return float(np.mean([np.mean([1 / rank if rank <= 20 else 0 for rank in ranks]) for ranks in below]))

    own = rows[(rows["n_seeds"] == 3) & (rows["metric"] == "mrr@20")].iloc[0]
    by_hand = np.mean([mean_rr("da", seed) - mean_rr("trm", seed) for seed in (2020, 2021, 2022)])
    assert own["delta"] == pytest.approx(by_hand, rel=1e-9)
    assert (own["level"], own["verdict"]) == ("exploratory", "")


def test_the_table_has_a_line_for_each_number_of_seeds(rows):
    table = seeds_table(rows)
    assert table["seeds"].to_list() == ["3", "4", "5"] * 2
    assert table["metric"].to_list() == ["MRR@20"] * 3 + ["Recall@20"] * 3
    assert table["verdict, alone"].to_list()[:2] == ["exploratory"] * 2
    assert set(table["comparison"]) == {"da − trm"}
