"""What a record would have said with fewer of its seeds."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from recore import RecoreError, yaml12
from recore.records.fewer_seeds import by_seeds, seeds_table

RECORDS = Path(__file__).parents[2] / "docs/results"
FOLDER = RECORDS / "full_yoochoose64"
DATASET = "yoochoose64_srgnn"
PAIRS = ["ave − trm", "da − trm", "hn − trm", "dahn − trm", "dahn − da", "dahn − hn"]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return by_seeds(FOLDER, DATASET, ["mrr@20", "recall@20"])


def planned(folder: Path, of: Path, *further: int, **significance) -> Path:
    """The record ``of`` in ``folder``, with another plan and its seeds the other way round, ``further`` ones behind."""
    given = yaml12.read(of / "params.yaml")
    given["significance"] |= significance
    given["seeds"] = [*given["seeds"][::-1], *further]
    folder.mkdir()
    (folder / "params.yaml").write_text(yaml12.dump(given))
    (folder / "ranks").symlink_to(of / "ranks")
    return folder


def mean_rr(variant: str, seed: int) -> float:
    counts = pq.read_table(FOLDER / f"ranks/{DATASET}/{variant}/{seed}.parquet").to_pandas()
    below = [range(above + 1, above + tied + 1) for above, tied in zip(counts["above"], counts["tied"], strict=True)]
    return float(np.mean([np.mean([1 / rank if rank <= 20 else 0 for rank in ranks]) for ranks in below]))


def test_with_all_seeds_it_is_the_test_of_the_record(rows):
    recorded = pd.read_csv(FOLDER / "comparisons.csv").set_index(["a", "b", "metric"])
    own = rows[rows["n_seeds"] == 5].set_index(["a", "b", "metric"])
    assert len(own) == 2 * len(PAIRS)
    for column in ("delta", "ci_lo", "ci_hi", "se", "df", "p", "p_tost", "mde80", "effective_sessions"):
        assert np.allclose(own[column], recorded.loc[own.index, column], rtol=1e-9, atol=0), column
    assert (own["p_holm"] == own["p"]).all()  # by itself, not in the record's family


def test_with_three_it_is_that_of_the_first_three_and_has_no_verdict(rows):
    own = rows.set_index(["a", "b", "metric", "n_seeds"]).loc["da", "trm", "mrr@20", 3]
    by_hand = np.mean([mean_rr("da", seed) - mean_rr("trm", seed) for seed in (2020, 2021, 2022)])
    assert own["delta"] == pytest.approx(by_hand, rel=1e-9)
    assert (own["level"], own["verdict"]) == ("exploratory", "")


def test_first_is_first_in_params_and_every_number_of_seeds_is_one_look(tmp_path):
    folder = planned(tmp_path / "later", FOLDER, 2030, 2031, 2032, comparisons=[["da", "trm"]], looks=[5, 8])
    rows = by_seeds(folder, DATASET, ["mrr@20"], most=3)
    by_hand = np.mean([mean_rr("da", seed) - mean_rr("trm", seed) for seed in (2024, 2023, 2022)])
    assert rows["delta"].to_list() == pytest.approx([by_hand], rel=1e-9)
    assert rows["p_adjusted"].to_list() == rows["p"].to_list()


def test_what_few_sessions_carry_has_no_interval_and_no_p(tmp_path):
    # 1.5 of 1,060 sessions carry it: docs/DEVIATIONS.md.
    folder = planned(tmp_path / "few", RECORDS / "switches_tenth", comparisons=[["trm_table1", "trm"]])
    table = seeds_table(by_seeds(folder, DATASET, ["mrr@20"]))
    assert [text.split()[0] for text in table["95 % interval"]] == ["†"] * 3
    assert table["95 % interval"].iloc[-1] == "† 1.5"
    assert set(table["p"]) == set(table["MDE"]) == {"n/a"}
    assert table["verdict, alone"].to_list() == ["exploratory", "exploratory", "fragile"]


def test_one_run_under_two_seeds_is_refused(tmp_path):
    folder = tmp_path / "copied"
    shutil.copytree(FOLDER, folder)
    for file in (folder / "ranks" / DATASET / "hn").glob("2020.*"):
        text = file.read_bytes()
        if file.suffix == ".json":
            text = text.replace(b'"seed": 2020', b'"seed": 2021')
        file.with_stem("2021").write_bytes(text)
    with pytest.raises(RecoreError, match="hn has identical ranks under seeds 2020 and 2021"):
        by_seeds(folder, DATASET, ["mrr@20"])


def test_the_table_has_a_line_for_each_number_of_seeds(rows):
    table = seeds_table(rows)
    assert table["seeds"].to_list() == ["3", "4", "5"] * 12
    assert table["metric"].to_list() == ["MRR@20"] * 18 + ["Recall@20"] * 18
    assert table["verdict, alone"].to_list()[:2] == ["exploratory"] * 2
    assert table["comparison"].to_list()[::3] == PAIRS * 2
