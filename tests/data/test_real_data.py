"""Published counts of real data, read from the mirror folder that RECORE_MIRROR names."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from recore.data.filter import check_split, compact, filter_clicks
from recore.data.readers import read
from recore.data.sessions import Sessions
from recore.data.split import split_clicks, split_parts, stats


@pytest.fixture
def mirror() -> Path:
    if not os.environ.get("RECORE_MIRROR"):
        pytest.skip("RECORE_MIRROR names no folder with the real data")
    return Path(os.environ["RECORE_MIRROR"])


def test_diginetica_is_kept_as_it_was_published(mirror):
    parts, vocabulary, _ = read(mirror / "diginetica", {"format": "core_inter"})
    check_split(parts)
    numbers = vocabulary.to_numpy()
    split = split_parts(**parts, numbers=numbers, recent=1.0)
    counts = stats(split)
    assert counts["items"] == 42_861
    assert [counts[name]["sessions"] for name in split.parts] == [163_831, 20_372, 20_329]
    assert [counts[name]["cases"] for name in split.parts] == [634_088, 75_905, 76_589]
    for name, part in split.parts.items():
        assert np.array_equal(part.items, numbers[parts[name].items])
    _, first_seen = np.unique(split.train.items, return_index=True)
    assert (np.diff(first_seen) > 0).all()  # as CORE numbered: by first appearance in train


def test_tmall_from_session_lists_gives_cores_counts(mirror):
    parts, vocabulary, _ = read(mirror / "tmall_srgnn", {"format": "srgnn"})
    assert (parts["clicks"].n_sessions, parts["clicks"].n_clicks, len(vocabulary)) == (65_286, 416_554, 40_727)
    filtered, _ = compact(filter_clicks(parts["clicks"], 5, 2, iterate=False), len(vocabulary))
    counts = stats(split_clicks(filtered, train=0.8, valid=0.1, recent=1.0))
    assert counts["items"] == 30_430
    assert [counts[name]["cases"] for name in ("train", "valid", "test")] == [231_067, 34_350, 43_796]
    assert sum(counts[name]["sessions"] for name in ("train", "valid", "test")) == 62_693


@pytest.mark.parametrize(
    ("source", "sessions", "clicks", "items", "longest"),
    [
        ("nowplaying_srgnn", 128_077, 953_381, 60_416, 30),
        ("retailrocket_srgnn", 126_168, 685_984, 36_968, 285),
        ("yoochoose64_srgnn", 116_167, 486_026, 17_376, 146),
    ],
)
def test_session_lists_are_read_whole(mirror, source, sessions, clicks, items, longest):
    parts, vocabulary, _ = read(mirror / source, {"format": "srgnn"})
    log = parts["clicks"]
    assert (log.n_sessions, log.n_clicks, len(vocabulary), log.lengths.max()) == (sessions, clicks, items, longest)


RAW = {
    "sample_train-item-views.csv": {
        "delimiter": ";",
        "columns": {"session": "session_id", "item": "item_id", "time": "eventdate", "order": "timeframe"},
        "time": "date",
    },
    "sample_retailrocket.csv": {
        "delimiter": "\t",
        "columns": {"session": "session_id", "item": "item_id", "time": "timestamp"},
        "time": "seconds",
    },
    "sample_yoochoose.dat": {
        "delimiter": ",",
        "header": False,
        "columns": {"session": 0, "item": 2, "time": 1},
        "time": "iso8601",
    },
}


def read_sample(mirror, folder, name):
    shutil.copy(mirror / "raw-samples" / name, folder)
    parts, vocabulary, _ = read(folder, {"format": "delimited", "comparable": False} | RAW[name])
    clicks = parts["clicks"]
    first = vocabulary.to_numpy()[clicks.items[: clicks.offsets[1]]].tolist()
    return clicks, first


def test_raw_diginetica_is_sorted_by_its_timeframe(mirror, tmp_path):
    clicks, first = read_sample(mirror, tmp_path, "sample_train-item-views.csv")
    assert clicks.n_clicks == 12_391
    assert first[:3] == [9654, 33043, 32118]  # rows 4, 6 and 3 of session 1, by timeframe
    assert clicks.times[0] == 1_462_752_000_000  # 2016-05-09 UTC


def test_raw_retailrocket(mirror, tmp_path):
    clicks, first = read_sample(mirror, tmp_path, "sample_retailrocket.csv")
    assert clicks.n_clicks == 10_080
    assert first[:3] == [285930, 357564, 67045]
    assert clicks.times[0] == 1_442_004_917_000


def test_raw_yoochoose(mirror, tmp_path):
    clicks, first = read_sample(mirror, tmp_path, "sample_yoochoose.dat")
    assert clicks.n_clicks == 1913
    assert first == [214717095, 214717095]
    assert clicks.times[0] == 1_396_815_719_677  # 2014-04-06T20:21:59.677Z


def test_a_saved_split_is_mapped_without_reading_it(mirror, tmp_path):
    parts, _, _ = read(mirror / "diginetica", {"format": "core_inter"})
    parts["train"].save(tmp_path, "train")
    loaded = Sessions.load(tmp_path, "train")
    assert all(isinstance(part, np.memmap) for part in (loaded.items, loaded.offsets, loaded.ids, loaded.times))
