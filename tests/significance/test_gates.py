"""What the gates of a variant do over its seeds, by hand."""

import numpy as np
import pytest

from recore.significance.gates import COLUMNS, agreement, gates_table

LABELS = ("1", "2", "3+")
GROUP = np.array([0, 1, 1, 1, 2])
SHARES = np.array([[0.9, 0.1, 0.2, 0.3, 0.6], [0.1, 0.5, 0.7, 0.9, 0.3]], np.float32)
HELD = [
    {"rows": [{"group": "2", "cases": 3, "cosine": 0.9, "global": 0.01, "recent": -0.02, "mean": 0.0}]},
    {"rows": [{"group": "2", "cases": 3, "cosine": 0.8, "global": 0.03, "recent": -0.04, "mean": 0.0}]},
]
HELD[0]["rows"].append({"group": "3+", "cases": 1, "cosine": 0.5, "global": 0.09, "recent": 0.0, "mean": 0.0})
HELD[1]["rows"].append({"group": "3+", "cases": 1, "cosine": 0.4, "global": 0.07, "recent": 0.0, "mean": 0.0})


def test_by_hand():
    table = gates_table("da", SHARES, GROUP, LABELS, HELD)
    assert list(table.columns) == COLUMNS
    assert table["group"].tolist() == ["2", "3+", "2 or more"]
    assert table["n_cases"].tolist() == [3, 1, 4]
    two, three, together = (row for _, row in table.iterrows())
    assert two["share"] == pytest.approx(0.45)
    assert two["share_std"] == pytest.approx(np.std([0.2, 0.7], ddof=1))
    assert two["share_std_cases"] == pytest.approx((np.std([0.1, 0.2, 0.3]) + np.std([0.5, 0.7, 0.9])) / 2)
    assert two["agreement"] == pytest.approx(1)
    assert (two["global"], two["global_std"]) == pytest.approx((0.02, np.std([0.01, 0.03], ddof=1)))
    assert np.isnan(three["agreement"])  # one case
    assert together["global"] == pytest.approx(((3 * 0.01 + 0.09) / 4 + (3 * 0.03 + 0.07) / 4) / 2)
    assert together["cosine"] == pytest.approx(((3 * 0.9 + 0.5) / 4 + (3 * 0.8 + 0.4) / 4) / 2)
    assert together["agreement"] == pytest.approx(np.corrcoef(SHARES[:, 1:])[0, 1])


def test_ranks_that_do_not_say_leave_gaps():
    table = gates_table("da", SHARES, GROUP, LABELS, [HELD[0], None])
    assert table[["cosine", "global", "recent", "mean"]].isna().all(axis=None)
    assert table["share"].notna().all()


def test_agreement_is_the_mean_over_pairs_of_seeds():
    up, down = [0.1, 0.2, 0.3], [0.3, 0.2, 0.1]
    assert agreement(np.array([up, up, down])) == pytest.approx((1 - 1 - 1) / 3)
    assert np.isnan(agreement(np.array([up])))
    assert np.isnan(agreement(np.array([up, [0.5, 0.5, 0.5]])))


def test_cases_of_one_click_alone_have_no_row():
    assert gates_table("da", SHARES[:, :1], GROUP[:1], LABELS, [None, None]).empty
