import math

import numpy as np
import pytest

from recore.evaluation.measures import measures
from recore.evaluation.metrics import metric_names, metric_table, optimistic, pessimistic
from recore.reporting.results import given_hit


def rows(recall, mrr):
    table = {"recall@20": np.array(recall), "mrr@20": np.array(mrr)}
    bounds = {name: values.mean() for name, values in table.items()}
    frame = measures(table, bounds, bounds, np.ones(len(recall), int), np.array([0, 1]))
    assert frame["metric"].iloc[-1] == given_hit(20)  # the report looks it up by this name
    return frame.set_index("metric")


def test_a_run_in_means():
    # Ranks 1, 3 and one of 2 to 5, tied; the first session has one case, the second two.
    above, tied, starts = np.array([0, 2, 1]), np.array([1, 1, 4]), np.array([0, 1])
    bounds = (
        {name: values.mean() for name, values in function(above, tied, [2]).items()}
        for function in (optimistic, pessimistic)
    )
    frame = measures(metric_table(above, tied, [2]), *bounds, tied, starts).set_index("metric")
    assert list(frame.index) == [*metric_names([2]), "mrr@2/recall@2"]
    recall = frame.loc["recall@2"]
    assert recall["value"] == pytest.approx((1 + 0 + 1 / 4) / 3)
    assert recall["session_value"] == pytest.approx((1 + (0 + 1 / 4) / 2) / 2)
    assert (recall["optimistic"], recall["pessimistic"]) == pytest.approx((2 / 3, 1 / 3))
    assert frame.loc["mrr@2", "optimistic"] == pytest.approx((1 + 1 / 2) / 3)
    assert frame["tie_share"].tolist() == pytest.approx([1 / 3] * len(frame))
    assert frame.loc["mrr@2/recall@2", ["optimistic", "pessimistic"]].isna().all()


def test_what_is_recommended_is_a_value_of_the_run_alone():
    recommended = {"cutoff": 20, "coverage": 0.4, "popularity": 17.5}
    table = {"recall@20": np.array([1.0, 0.0])}
    frame = measures(table, {"recall@20": 0.5}, {"recall@20": 0.5}, np.ones(2, int), np.array([0, 1]), recommended)
    own = frame.set_index("metric").loc[["coverage@20", "popularity@20"]]
    assert own["value"].tolist() == [0.4, 17.5]
    assert own.drop(columns="value").isna().all(axis=None)


def test_the_rank_given_a_hit_is_the_mean_over_the_hits():
    # Two of four cases hit, at ranks 1 and 4.
    frame = rows([1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.25, 0.0])
    assert list(frame.index) == ["recall@20", "mrr@20", "mrr@20/recall@20"]
    assert frame.loc["mrr@20/recall@20", "value"] == pytest.approx((1 + 0.25) / 2)
    # Sessions {1} and {0, 1, 0}: mean of session means, in both parts.
    assert frame.loc["mrr@20/recall@20", "session_value"] == pytest.approx((1 + 0.25 / 3) / (1 + 1 / 3))


def test_without_a_hit_there_is_no_rank_of_a_hit():
    assert math.isnan(rows([0.0, 0.0], [0.0, 0.0]).loc["mrr@20/recall@20", "value"])


def test_lists_do_not_say_how_many_targets_tie():
    table = {"recall@20": np.array([1.0, 0.5]), "mrr@20": np.array([1.0, 0.2])}
    bounds = {"recall@20": 0.5, "mrr@20": 0.5}
    given = (table, bounds, bounds, np.array([1, 2]), np.array([0, 1]))
    assert measures(*given)["tie_share"].tolist() == [0.5, 0.5, 0.5]
    assert measures(*given, listed=True)["tie_share"].isna().all()
