"""The figure of the held gates draws what its table holds."""

import numpy as np
import pandas as pd
import pytest

from recore.reporting.gates import gates_figure

ROWS = pd.DataFrame(
    {
        "dataset": "demo",
        "variant": "da",
        "group": ["2", "3+", "2 or more"],
        "global": [-0.01, -0.02, -0.015],
        "recent": [0.01, 0.02, 0.015],
        "mean": [0.0, 0.001, 0.0005],
        "global_std": [0.002, np.nan, 0.001],
        "recent_std": 0.0,
        "mean_std": 0.0,
        "cosine": [0.9, 0.7, 0.8],
        "cosine_std": 0.05,
        "agreement": [0.1, np.nan, 0.2],
    }
)


def test_changes_are_in_points_by_length_and_not_together():
    change, near = gates_figure(ROWS, ["demo"], ["trm", "da"], "trm").axes
    held_at_0, held_at_1 = change.lines[:2]
    assert [label.get_text() for label in change.get_xticklabels()] == ["2", "3+"]
    assert list(held_at_0.get_xdata()) == pytest.approx([-0.12, 0.88])
    assert list(held_at_1.get_xdata()) == pytest.approx([0, 1])
    assert list(held_at_0.get_ydata()) == pytest.approx([-1, -2])
    assert list(held_at_1.get_ydata()) == pytest.approx([1, 2])
    assert list(near.lines[0].get_ydata()) == pytest.approx([0.9, 0.7])
    (below, above), *_ = change.collections[0].get_segments()  # of what is held at 0
    assert [*below, *above] == pytest.approx([-0.12, -1.2, -0.12, -0.8])
    assert len(near.collections) == 1  # agreement has no std


@pytest.mark.parametrize("rows", [ROWS.iloc[:0], ROWS.assign(cosine=np.nan)])
def test_nothing_known_is_a_sentence(rows):
    text = [text.get_text() for text in gates_figure(rows, ["demo"], ["trm", "da"], "trm").texts]
    assert text == ["No variant of this grid has been ranked with its gate held."]
