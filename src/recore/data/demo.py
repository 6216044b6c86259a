"""A synthetic click log that proves the pipeline and ranks nobody.

Its structure is what order-aware models are for. Items lie in clusters and are popular by Zipf's law inside them. A
session has an intent, a cluster; a click often leads to one of the item's few followers in its cluster, so the *last*
click says most about the next one. Near their end many sessions turn to another cluster: what came before is then no
guide, though a mean over the prefix still points there.
"""

import hashlib

import numpy as np
import pandas as pd

ITEMS_PER_CLUSTER = 20
ZIPF = 1.0  # exponent of the popularity inside a cluster
MEAN_LENGTH, MAX_LENGTH = 5.0, 12  # clicks of a session, from 2
FOLLOW = 0.7  # chance that a click leads to a follower of its item, else to any item of the cluster
FOLLOWERS = (0.6, 0.3, 0.1)  # of each item, by chance
SHIFT = 0.6  # chance that a session of 4 clicks or more turns to another cluster
MAX_SHIFTED = 3  # clicks after the turn, from 2
START_S, DAYS = 1_577_836_800, 30  # 2020-01-01 UTC
MEAN_GAP_S = 45


def generate(seed: int, sessions: int, items: int) -> pd.DataFrame:
    """The log as integer columns session_id (from 1), item_id (1..items) and time (UTC seconds), in order of time.

    ``items`` is 20 or more. Equal arguments give equal logs: each kind of draw has a stream of its own.
    """
    lengths = _lengths(_uniform(seed, "length", sessions))
    turn = _turns(lengths, _uniform(seed, "turn", sessions, 2))
    cluster_draws, item_draws = _uniform(seed, "cluster", sessions, 2), _uniform(seed, "item", sessions, MAX_LENGTH, 3)
    labels = np.argsort(_uniform(seed, "label", items)) + 1
    followers = _followers(_uniform(seed, "follower", items, len(FOLLOWERS)), items)

    n_clusters = items // ITEMS_PER_CLUSTER
    first = (cluster_draws[:, 0] * n_clusters).astype(np.int64)
    # Any cluster but the first, where there is another.
    second = (first + 1 + (cluster_draws[:, 1] * (n_clusters - 1)).astype(np.int64)) % n_clusters
    clicks = np.empty((sessions, MAX_LENGTH), np.int64)
    for place in range(MAX_LENGTH):
        draws = item_draws[:, place]
        anywhere = _popular(np.where(place < turn, first, second), draws[:, 0], items)
        if place == 0:
            clicks[:, 0] = anywhere
            continue
        follower = followers[clicks[:, place - 1], np.searchsorted(np.cumsum(FOLLOWERS)[:-1], draws[:, 1], "right")]
        clicks[:, place] = np.where((draws[:, 2] < FOLLOW) & (place != turn), follower, anywhere)
    return _log(labels[clicks], lengths, _clock(seed, sessions))


def _uniform(seed: int, name: str, *shape: int) -> np.ndarray:
    """Draws in [0, 1) from the stream of that name; other streams do not move when this one draws more."""
    key = int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:16], "little")
    return np.random.Generator(np.random.Philox(key=key)).random(shape)


def _lengths(draws: np.ndarray) -> np.ndarray:
    """2 and a geometric rest, by inversion, cut at MAX_LENGTH."""
    stop = 1 / (MEAN_LENGTH - 1)
    return np.minimum(2 + (np.log1p(-draws) / np.log1p(-stop)).astype(np.int64), MAX_LENGTH)


def _turns(lengths: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """The place of the first click in the second cluster; MAX_LENGTH where a session stays."""
    shifted = 2 + (draws[:, 1] * (MAX_SHIFTED - 1)).astype(np.int64)
    return np.where((lengths >= 4) & (draws[:, 0] < SHIFT), lengths - shifted, MAX_LENGTH)


def _cluster_size(cluster: np.ndarray, items: int) -> np.ndarray:
    """The last cluster also holds what does not fill one."""
    return np.where(
        cluster == items // ITEMS_PER_CLUSTER - 1, ITEMS_PER_CLUSTER + items % ITEMS_PER_CLUSTER, ITEMS_PER_CLUSTER
    )


def _popular(cluster: np.ndarray, draws: np.ndarray, items: int) -> np.ndarray:
    """An item of each cluster, the k-th one with a chance in proportion to 1 / k ** ZIPF."""
    sizes = _cluster_size(cluster, items)
    mass = np.cumsum(1 / np.arange(1, sizes.max() + 1) ** ZIPF)
    return cluster * ITEMS_PER_CLUSTER + np.searchsorted(mass, draws * mass[sizes - 1], "right")


def _followers(draws: np.ndarray, items: int) -> np.ndarray:
    """(items, F) followers of each item, others of its cluster."""
    item = np.arange(items)
    cluster = np.minimum(item // ITEMS_PER_CLUSTER, items // ITEMS_PER_CLUSTER - 1)
    start, size = cluster * ITEMS_PER_CLUSTER, _cluster_size(cluster, items)
    step = 1 + (draws * (size - 1)[:, None]).astype(np.int64)
    return start[:, None] + ((item - start)[:, None] + step) % size[:, None]


def _clock(seed: int, sessions: int) -> np.ndarray:
    """(sessions, MAX_LENGTH) UTC seconds of the clicks; sessions start in order."""
    starts = np.sort(_uniform(seed, "start", sessions)) * DAYS * 86_400
    gaps = 1 - MEAN_GAP_S * np.log1p(-_uniform(seed, "gap", sessions, MAX_LENGTH))
    return START_S + (starts[:, None] + np.cumsum(gaps, axis=1)).astype(np.int64)


def _log(clicks: np.ndarray, lengths: np.ndarray, times: np.ndarray) -> pd.DataFrame:
    clicked = np.arange(MAX_LENGTH) < lengths[:, None]
    session = np.broadcast_to(np.arange(1, len(lengths) + 1)[:, None], clicked.shape)
    log = pd.DataFrame({"session_id": session[clicked], "item_id": clicks[clicked], "time": times[clicked]})
    return log.sort_values("time", kind="stable", ignore_index=True)
