import numpy as np
import pandas as pd
import pytest
from pipeline.same_results import TOLERANCE, changed, difference

KEPT = pd.DataFrame(
    {
        "dataset": "demo",
        "variant": ["trm", "hn", "pop"],
        "seed": [2020, 2020, np.nan],
        "best_epoch": [3, 3, np.nan],
        "recall@20": [0.5, 0.6, 0.1],
        "popularity@20": [32.1, 32.4, 40.0],
        "n_cases": 966,
        "test_hash": "133e",
    }
)


def with_value(row: int, column: str, value: object) -> pd.DataFrame:
    made = KEPT.copy()
    made[column] = made[column].astype(object if isinstance(value, str) else made[column].dtype)
    made.loc[row, column] = value
    return made


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [(0, "recall@20", 0.5), (0, "recall@20", 0.5 + 0.9 * TOLERANCE), (0, "best_epoch", 2), (1, "popularity@20", 32.5)],
)
def test_rounding_is_no_difference(row, column, value):
    assert difference(with_value(row, column, value), KEPT) is None


@pytest.mark.parametrize(
    ("row", "column", "value", "said"),
    [
        (1, "recall@20", 0.6 - 1.1 * TOLERANCE, "recall@20 differs by"),
        (1, "recall@20", np.nan, "recall@20 differs"),
        (2, "recall@20", 0.1 + 1e-9, "recall@20 of a baseline"),
        (0, "seed", 2021, "seed differs"),
        (0, "n_cases", 965, "n_cases differs"),
        (0, "test_hash", "77ab", "test_hash differs"),
        (0, "variant", "ave", "variant differs"),
    ],
)
def test_more_than_rounding_is(row, column, value, said):
    assert said in difference(with_value(row, column, value), KEPT)


def test_another_set_of_columns_is():
    assert "columns" in difference(KEPT.drop(columns="test_hash"), KEPT)


def test_a_lost_run_is():
    assert difference(KEPT.iloc[:2], KEPT) is not None


STATUS = " M dvc.lock\n M metrics/runs.csv\n M plots/gate.png\n"


def test_where_the_losses_are_those_in_git_every_file_has_to_be():
    assert changed("", rounded=False) == []
    assert changed(STATUS, rounded=False) == STATUS.splitlines()


def test_elsewhere_only_results_may_differ():
    assert changed(STATUS, rounded=True) == []
    others = [" M params.yaml", " D metrics/across.csv", "?? plots/new.png", " M src/recore/plots/x.py"]
    assert changed(STATUS + "\n".join(others), rounded=True) == others
