import math

import pandas as pd
import pytest

from recore.reporting.format import MINUS
from recore.reporting.parts import contributions_table, parts_figure, parts_text

ROWS = {
    "dataset": "demo",
    "a": "da",
    "b": "trm",
    "metric": "mrr@20",
    "breakdown": "repeat",
    "group": ["immediate repeat", "earlier repeat", "new"],
    "n_cases": [100, 300, 1600],
    "n_seeds": 5,
    "delta": [0.02, -0.01, 0.005],
    "ci_lo": [0.01, -0.02, -0.001],
    "ci_hi": [0.03, 0.0, 0.011],
    "part": [0.001, -0.0015, 0.004],
    "share": [1 / 3.5, -1.5 / 3.5, 4 / 3.5],
    "effective_sessions": [14.9, 15.0, 200.0],
}
PARTS = pd.DataFrame(ROWS)


def test_cells():
    cells = parts_text(PARTS, "mrr@20", 0.05, 15)
    assert list(cells["Target"]) == ROWS["group"]
    assert list(cells["Cases"]) == ["100", "300", "1,600"]
    assert list(cells["95 % CI"]) == ["†", f"[{MINUS}2.00, 0.00]", f"[{MINUS}0.10, +1.10]"]
    assert list(cells["Adds to Δ (points)"]) == ["+0.10", f"{MINUS}0.15", "+0.40"]
    single = parts_text(PARTS.assign(n_seeds=1, ci_lo=math.nan, ci_hi=math.nan), "mrr@20", 0.05, 15)
    assert single["95 % CI"].unique() == ["n/a"]
    assert parts_text(PARTS, "recall@20", 0.05, 15).empty
    assert parts_text(pd.DataFrame(), "mrr@20", 0.05, 15).empty


def test_bars_are_stacked_on_either_side_and_sum_to_the_mark():
    (axis,) = parts_figure(PARTS, ["demo"], ["mrr@20"]).axes
    bars = [(bar.get_x(), bar.get_width()) for bar in axis.patches]
    assert bars == [pytest.approx((0, 0.1)), pytest.approx((0, -0.15)), pytest.approx((0.1, 0.4))]
    assert len({bar.get_facecolor() for bar in axis.patches}) == 3
    assert axis.lines[-1].get_xdata() == pytest.approx([0.35])


def test_without_parts_the_figure_says_so():
    (text,) = parts_figure(pd.DataFrame(), ["demo"], ["mrr@20"]).texts
    assert text.get_text().startswith("No comparison is planned")


def test_the_file_has_its_keys_first():
    assert list(contributions_table(PARTS[PARTS.columns[::-1]]))[:6] == list(ROWS)[:6]
