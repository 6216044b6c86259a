import math

import numpy as np
import pytest

from recore.reporting.results import measures


def rows(recall, mrr):
    table = {"recall@20": np.array(recall), "mrr@20": np.array(mrr)}
    frame = measures(table, table, table, np.ones(len(recall), int), np.array([0, 1]))
    return frame.set_index("metric")


def test_the_rank_given_a_hit_is_the_mean_over_the_hits():
    # Two of four cases hit, at ranks 1 and 4.
    frame = rows([1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.25, 0.0])
    assert list(frame.index) == ["recall@20", "mrr@20", "mrr@20/recall@20"]
    assert frame.loc["mrr@20/recall@20", "value"] == pytest.approx((1 + 0.25) / 2)
    # Sessions {1} and {0, 1, 0}: mean of session means, in both parts.
    assert frame.loc["mrr@20/recall@20", "session_value"] == pytest.approx((1 + 0.25 / 3) / (1 + 1 / 3))


def test_without_a_hit_there_is_no_rank_of_a_hit():
    assert math.isnan(rows([0.0, 0.0], [0.0, 0.0]).loc["mrr@20/recall@20", "value"])
