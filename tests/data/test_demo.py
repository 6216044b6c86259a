"""The demo log: what it promises about its shape, its seed, and what order-aware models can learn from it."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from recore.data.demo import MAX_LENGTH, SHIFT, generate


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return generate(seed=1, sessions=2000, items=400)


def test_the_log_is_in_order_of_time_and_whole(log):
    assert list(log.columns) == ["session_id", "item_id", "time"]
    assert (log.dtypes == np.int64).all()
    assert log["time"].is_monotonic_increasing
    assert log["session_id"].nunique() == 2000
    assert log["item_id"].between(1, 400).all()
    lengths = log.groupby("session_id").size()
    assert lengths.min() == 2
    assert lengths.max() == MAX_LENGTH


def test_clicks_of_a_session_never_share_a_second(log):
    assert not log.duplicated(["session_id", "time"]).any()


def test_equal_seeds_give_equal_logs_and_others_do_not(log):
    pd.testing.assert_frame_equal(generate(seed=1, sessions=2000, items=400), log)
    assert not generate(seed=2, sessions=2000, items=400)["item_id"].equals(log["item_id"])


def test_streams_are_independent_of_the_size_of_others():
    # More items change neither when sessions start nor how long they are.
    few, many = (generate(seed=1, sessions=50, items=items) for items in (20, 400))
    pd.testing.assert_frame_equal(few[["session_id", "time"]], many[["session_id", "time"]])


@pytest.mark.parametrize("items", [20, 39, 41])
def test_any_number_of_items_is_clicked_within_its_range(items):
    log = generate(seed=3, sessions=3000, items=items)
    assert sorted(log["item_id"].unique()) == list(range(1, items + 1))


def test_the_smallest_log_exists():
    assert generate(seed=0, sessions=20, items=20)["session_id"].nunique() == 20


def _cases(log: pd.DataFrame) -> list[tuple[list[int], int]]:
    lists = log.groupby("session_id", sort=False)["item_id"].agg(list)
    return [(one[:end], one[end]) for one in lists for end in range(1, len(one))]


def test_the_last_click_tells_more_than_the_whole_prefix(log):
    """Counts of item pairs as a model: the follower of the last click against a mean over the prefix."""
    cases = _cases(log)
    train, test = cases[: len(cases) * 4 // 5], cases[len(cases) * 4 // 5 :]
    follows, beside = np.zeros((401, 401)), np.zeros((401, 401))
    for prefix, target in train:
        follows[prefix[-1], target] += 1
        for item in prefix:
            beside[item, target] += 1

    def hits(scores):
        return np.mean([target in np.argsort(-scores(prefix))[:5] for prefix, target in test])

    by_last = hits(lambda prefix: follows[prefix[-1]])
    by_mean = hits(lambda prefix: (beside[prefix] / (beside[prefix].sum(1, keepdims=True) + 1)).mean(0))
    assert by_last > by_mean + 0.05


def test_many_sessions_turn_to_another_cluster_near_their_end():
    lists = generate(seed=1, sessions=20_000, items=400).groupby("session_id", sort=False)["item_id"].agg(list)
    long = np.array([[*one[:3], one[-1]] for one in lists if len(one) > 5]) - 1  # no turn before the fourth click
    links = coo_array((np.ones(2 * len(long)), (long[:, :2].ravel(), long[:, 1:3].ravel())), shape=(400, 400))
    count, cluster = connected_components(links, directed=False)
    assert count == 20
    assert np.mean(cluster[long[:, 0]] != cluster[long[:, 3]]) == pytest.approx(SHIFT, abs=0.03)
