"""The filter stage: a log loses what is rare, a source that comes split loses nothing."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from recore import RecoreError, artifacts
from recore.data.sessions import Sessions
from recore.stages import download, filter

from . import small_sources
from .small_sources import CSV, inter, own_files, small_log, write


@pytest.fixture
def tree(tmp_path, monkeypatch):
    return small_sources.enter(tmp_path, monkeypatch)


def test_what_stays_leads_back_to_the_items_of_the_log(tree, tmp_path):
    write(tree, "mine", own_files(tmp_path, log_csv=small_log()), CSV)
    download.main(["mine"])
    filter.main(["mine"])
    clicks = Sessions.load(Path("data/filtered/mine"), "clicks")
    assert pq.read_table("data/filtered/mine/items.parquet").to_pydict() == {"id": [0, 1], "item": ["a", "b"]}
    assert clicks.ids[0] == 1  # session 0 had one click
    assert clicks.items[:2].tolist() == [0, 1]
    assert clicks.lengths.max() == 2  # x is rare


def test_rows_that_were_dropped_stay_on_record(tree, tmp_path, capsys):
    log = small_log() + b"NULL,a,7\n"
    write(tree, "mine", own_files(tmp_path, log_csv=log), CSV | {"missing": "drop"})
    download.main(["mine"])
    filter.main(["mine"])
    rows = log.count(b"\n") - 1
    said = [{"file": "log.csv", "rows": rows, "dropped": {"no session": 1}, "quoting": "none"}]
    assert artifacts.read_json(Path("data/filtered/mine/rows.json")) == said
    assert f"log.csv: {rows} rows, 1 dropped (no session)\n" in capsys.readouterr().out


def test_a_source_that_comes_split_is_not_filtered(tree, tmp_path):
    given = {"train": [[2, 1, 3], [3, 3]], "valid": [[1, 3]], "test": [[3, 2], [1, 1, 1]]}
    files = {f"some_{name}_inter": inter(*sessions) for name, sessions in given.items()}
    write(tree, "core", own_files(tmp_path, **files), {"format": "core_inter", "comparable": True})
    download.main(["core"])
    filter.main(["core"])
    assert not Path("data/filtered/core/clicks.items.npy").exists()
    items = np.array(pq.read_table("data/filtered/core/items.parquet")["item"])
    for name, sessions in given.items():
        part = Sessions.load(Path("data/filtered/core"), name)
        assert items[part.items].tolist() == [item for one in sessions for item in one]
        assert part.lengths.tolist() == [len(one) for one in sessions]


def test_a_filter_that_fails_leaves_nothing(tree, tmp_path):
    tree["filter"]["min_support"] = 100
    write(tree, "rare", own_files(tmp_path, log_csv=small_log()), CSV)
    download.main(["rare"])
    with pytest.raises(RecoreError, match="the filter leaves none of 11 sessions"):
        filter.main(["rare"])
    assert not Path("data/filtered").exists()
