import math

import numpy as np
import pandas as pd
import pytest

from recore import RecoreError
from recore.evaluation.tables import check_settings, is_saved, read_tables, save

SETTINGS = {"seeds": [1, 2], "variants": {"plain": {"ave": {}}, "hybrid": {}}}


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_what_is_read_is_what_was_written():
    random = np.random.default_rng(0)
    values = random.random(500) * 10.0 ** random.integers(-12, 3, 500)
    table = pd.DataFrame({"seed": pd.array(range(500), dtype="Int64"), "value": values})
    save("shop", {"runs.csv": table, "sessions.parquet": table}, SETTINGS)
    for name in ("runs.csv", "sessions.parquet"):
        pd.testing.assert_frame_equal(read_tables(["shop"], name), table.assign(dataset="shop"), rtol=1e-15, atol=0)


def test_names_are_text_whatever_they_look_like():
    table = pd.DataFrame({"variant": ["inf", "nan"], "group": ["1", "2"], "level": ["n/a"] * 2, "p": [math.nan, 0.5]})
    save("1e5", {"groups.csv": table}, SETTINGS)
    read = read_tables(["1e5"], "groups.csv")
    assert read[["variant", "group", "level", "dataset"]].to_numpy().tolist() == [
        ["inf", "1", "n/a", "1e5"],
        ["nan", "2", "n/a", "1e5"],
    ]
    assert math.isnan(read["p"][0])


def test_datasets_stand_one_below_the_other():
    for dataset, seeds in (("first", [1, 2]), ("second", [3])):
        save(dataset, {"runs.csv": pd.DataFrame({"seed": seeds})}, SETTINGS)
    table = read_tables(["second", "first"], "runs.csv")
    assert list(zip(table["dataset"], table["seed"], strict=True)) == [("second", 3), ("first", 1), ("first", 2)]
    assert list(table.index) == [0, 1, 2]


def test_tables_of_other_settings_are_refused():
    save("shop", {}, SETTINGS)
    check_settings(["shop"], SETTINGS)
    with pytest.raises(RecoreError) as fault:
        check_settings(["shop"], SETTINGS | {"seeds": [1]})
    assert str(fault.value) == (
        "data/significance/shop was made with other `seeds` than params.yaml has; `dvc repro` makes it again"
    )


def test_a_dataset_without_tables_is_named():
    assert not is_saved("shop")
    with pytest.raises(RecoreError, match=r"^data/significance/shop/made\.json does not exist; `dvc repro` makes it$"):
        read_tables(["shop"], "runs.csv")
    save("shop", {}, SETTINGS)
    assert is_saved("shop")
