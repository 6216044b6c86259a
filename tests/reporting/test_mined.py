"""Shares of what was mined: counts of seeds are added up, and the figure draws what the table holds."""

import pandas as pd
import pytest

from recore.reporting.mined import COLUMNS, ROWS, mined_figure, mined_rows, mined_table

HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2],
        "loss": [2.0, 1.0],
        "mrr@20": [0.1, 0.2],
        **{"mined_1": [10, 20], "mined_2+": [30, 0], "own_1": [5, 8], "own_2+": [3, 0]},
        **{"last_1": [5, 8], "last_2+": [2, 0], "later_1": [1, 4], "later_2+": [0, 0]},
    }
)


def rows(best=(2, 1)) -> pd.DataFrame:
    """Of two seeds, of which the second has one epoch with twice the counts of the first."""
    other = HISTORY[:1].copy()
    other.iloc[:, 3:] *= 2
    return pd.concat([mined_rows(HISTORY, "demo", "hn", 0, best[0]), mined_rows(other, "demo", "hn", 1, best[1])])


def test_rows_are_the_counts_of_a_run():
    table = mined_rows(HISTORY, "demo", "hn", 0, 2)
    assert list(table.columns) == ROWS
    assert table[table["group"] == "1"][["epoch", "chosen", "mined", "own", "last", "later"]].to_numpy().tolist() == [
        [1, False, 10, 5, 5, 1],
        [2, True, 20, 8, 8, 4],
    ]


def test_a_run_that_counts_nothing_has_none():
    assert mined_rows(HISTORY[["epoch", "loss", "mrr@20"]], "demo", "trm", 0, 2).empty


def test_the_table_adds_up_the_seeds_that_reached_an_epoch():
    table = mined_table(rows()).set_index(["epoch", "group"])
    assert table.loc[(1, "1"), ["n_seeds", "mined", "own", "later"]].tolist() == pytest.approx([2, 30, 50, 10])
    assert table.loc[(2, "1"), ["n_seeds", "mined", "own", "later"]].tolist() == pytest.approx([1, 20, 40, 20])
    kept = table.loc[("kept", "1")]  # 20 of the second epoch, and twice 10 of the other run's first one
    assert kept[["n_seeds", "mined", "own", "last"]].tolist() == pytest.approx([2, 40, 45, 45])
    assert pd.isna(table.loc[(2, "2+"), "own"])  # nothing was mined there


def test_the_figure_draws_shares_by_epoch_and_by_length():
    by_epoch, by_length = mined_figure(rows(), ["demo"], ["trm", "hn"], "trm").axes
    own, later = by_epoch.lines[0], by_epoch.lines[2]
    assert list(own.get_xdata()) == [1, 2]
    assert list(own.get_ydata()) == pytest.approx([100 * 24 / 120, 40])  # (5 + 3 + 10 + 6) of (10 + 30 + 20 + 60)
    assert list(later.get_ydata()) == pytest.approx([100 * 3 / 120, 20])
    assert list(by_length.lines[0].get_xdata()) == ["1", "2+"]
    assert list(by_length.lines[0].get_ydata()) == pytest.approx([45, 10])


def test_nothing_counted_is_a_sentence():
    empty = pd.DataFrame(columns=ROWS)
    assert list(mined_table(empty).columns) == COLUMNS
    text = [text.get_text() for text in mined_figure(empty, ["demo"], ["trm"], "trm").texts]
    assert text == ["No variant of this grid has counted what it mines."]
