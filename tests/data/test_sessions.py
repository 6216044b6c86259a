"""The flat container: every operation against hand-written sessions."""

import numpy as np
import pytest

from recore import RecoreError
from recore.data.sessions import Sessions, offsets_of


def sessions(*lists: list[int]) -> Sessions:
    items = np.array([item for one in lists for item in one], np.int32)
    order = np.arange(len(lists))
    return Sessions(items, offsets_of([len(one) for one in lists]), order, times=order * 1000)


def lists(of: Sessions) -> list[list[int]]:
    return [of.items[a:b].tolist() for a, b in zip(of.offsets[:-1], of.offsets[1:], strict=True)]


def test_counts_clicks_sessions_and_cases():
    three = sessions([1, 2], [3, 4, 5], [6, 6, 6, 6])
    assert (three.n_sessions, three.n_clicks, three.n_cases) == (3, 9, 6)
    assert three.lengths.tolist() == [2, 3, 4]


def test_take_orders_and_keeps_ids_and_times():
    taken = sessions([1, 2], [3, 4, 5], [6]).take(np.array([2, 0]))
    assert lists(taken) == [[6], [1, 2]]
    assert taken.ids.tolist() == [2, 0]
    assert taken.times.tolist() == [2000, 0]
    assert taken.offsets.dtype == np.int64


def test_take_of_nothing_is_empty():
    assert lists(sessions([1, 2]).take(np.array([], np.int64))) == []


def test_keep_clicks_may_empty_a_session_and_drop_short_removes_it():
    kept = sessions([1, 2], [9, 9], [3, 9, 4]).keep_clicks(np.array([1, 1, 0, 0, 1, 0, 1], bool))
    assert lists(kept) == [[1, 2], [], [3, 4]]
    short_gone = kept.drop_short(2)
    assert lists(short_gone) == [[1, 2], [3, 4]]
    assert short_gone.ids.tolist() == [0, 2]


def test_saved_is_loaded_mapped_and_plain(tmp_path):
    saved = sessions([1, 2], [3, 4, 5])
    saved.save(tmp_path, "train")
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "train.items.npy",
        "train.offsets.npy",
        "train.sessions.npy",
        "train.times.npy",
    ]
    for mmap in (True, False):
        loaded = Sessions.load(tmp_path, "train", mmap=mmap)
        assert lists(loaded) == lists(saved)
        assert loaded.ids.tolist() == [0, 1]
        assert loaded.times.tolist() == [0, 1000]
        assert isinstance(loaded.items, np.memmap) == mmap


def test_a_missing_part_is_one_sentence(tmp_path):
    sessions([1, 2]).save(tmp_path, "train")
    (tmp_path / "train.times.npy").unlink()
    with pytest.raises(RecoreError, match=r"train\.times\.npy does not exist"):
        Sessions.load(tmp_path, "train")
