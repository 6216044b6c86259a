"""What each session adds: the table names the ones that weigh most, the figure draws all."""

import numpy as np
import pandas as pd
import pytest

from recore.reporting.influence import TOP, influence_figure, influence_table
from recore.reporting.style import rendered

MINUS = "\N{MINUS SIGN}"


def sessions(n: int = 12, dataset: str = "demo") -> pd.DataFrame:
    """Session 100 + i adds i/1000, but the last adds -5/1000 and weighs most."""
    added = np.append(np.arange(n - 1), -5) / 1000
    changes = np.append(np.arange(n - 1), 50) / 10_000
    table = pd.DataFrame({"session": 100 + np.arange(n), "cases": 2, "contribution": added, "left_out": changes})
    return table.assign(a="da", b="trm", dataset=dataset)


def comparisons(**columns) -> pd.DataFrame:
    row = {"dataset": "demo", "a": "da", "b": "trm", "metric": "mrr@20", "delta": 0.05, "n_cases": 24, "n_sessions": 12}
    row |= {"effective_sessions": 1.5, "largest_session": 111.0, "largest_cases": 2.0, "delta_without": 0.055}
    return pd.DataFrame([row | columns])


def test_the_table_has_the_sessions_that_weigh_most_first_in_points():
    table = influence_table(sessions(), comparisons())
    assert len(table) == TOP < 12
    first, second = table.iloc[0], table.iloc[1]
    assert (first["comparison"], first["rank"], first["session"], first["cases"]) == (f"da {MINUS} trm", 1, 111, 2)
    assert (first["contribution"], first["delta"], first["delta_without"]) == pytest.approx((-0.5, 5.0, 5.5))
    assert first["share_variance"] == pytest.approx(50**2 / (50**2 + (np.arange(11) ** 2).sum()))
    assert second["session"] == 110


def test_the_figure_draws_every_session_and_names_the_one_that_weighs_most():
    (axis,) = influence_figure(sessions(), comparisons(), ["demo"], "mrr@20").axes
    _, dots, largest = axis.lines
    assert list(dots.get_xdata()) == pytest.approx([*(np.arange(11) / 10), -0.5])
    assert list(largest.get_xdata()) == pytest.approx([-0.5])
    assert [text.get_text() for text in axis.texts] == ["session 111 (2 of 24 cases):\n+5.00 → +5.50 without it"]


def test_variants_that_agree_everywhere_have_a_row_without_dots():
    nothing = comparisons(largest_session=100.0, delta=0.0, delta_without=0.0)
    assert influence_table(sessions().iloc[:0], nothing).empty
    (axis,) = influence_figure(sessions().iloc[:0], nothing, ["demo"], "mrr@20").axes
    assert len(axis.lines[1].get_xdata()) == 0


def test_no_comparison_and_one_session_are_said():
    (text,) = influence_figure(sessions(), comparisons().iloc[:0], ["demo"], "mrr@20").texts
    assert text.get_text() == "No comparison is planned: no session adds to one."
    one = comparisons(effective_sessions=np.nan, largest_session=np.nan, largest_cases=np.nan)
    (axis,) = influence_figure(sessions(2), one, ["demo"], "mrr@20").axes
    assert [text.get_text() for text in axis.texts] == ["one session"]


def test_the_figure_is_the_same_bytes_every_time():
    first, second = (rendered(influence_figure(sessions(), comparisons(), ["demo"], "mrr@20"), "svg") for _ in range(2))
    assert first == second
