"""The split stage: ids, statistics and the way back to the source's items, with the two stages before it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from recore import RecoreError
from recore.data.sessions import Sessions
from recore.stages import download, filter, split

from . import small_sources
from .small_sources import CSV, ROOT, inter, own_files, small_log, write


@pytest.fixture
def tree(tmp_path, monkeypatch):
    return small_sources.enter(tmp_path, monkeypatch)


def run_all(name):
    for stage in (download, filter, split):
        stage.main([name])


def test_the_demo_goes_through_all_three(tree):
    write(tree, "small", {"generate": "demo", "seed": 1, "sessions": 300, "items": 40}, tree["sources"]["demo"]["read"])
    run_all("small")
    stats = json.loads(Path("data/split/small/stats.json").read_text())
    assert list(stats) == ["items", "train", "valid", "test"]
    for name in ("train", "valid", "test"):
        part = Sessions.load(Path("data/split/small"), name)
        assert stats[name] == {"sessions": part.n_sessions, "clicks": part.n_clicks, "cases": part.n_cases}
        assert part.items.dtype == np.int32
        assert part.items.min() >= 1
        assert part.items.max() <= stats["items"]


def test_ids_lead_back_to_the_items_of_the_log(tree, tmp_path):
    write(tree, "mine", own_files(tmp_path, log_csv=small_log()), CSV)
    run_all("mine")
    assert pq.read_table("data/split/mine/items.parquet").to_pydict() == {"id": [1, 2], "item": ["a", "b"]}
    train = Sessions.load(Path("data/split/mine"), "train")
    assert train.items[:2].tolist() == [1, 2]
    assert train.ids[0] == 1  # session 0 had one click


def test_equal_inputs_give_equal_bytes(tree, tmp_path):
    write(tree, "mine", own_files(tmp_path, log_csv=small_log()), CSV)
    outputs = []
    for _ in range(2):
        run_all("mine")
        files = sorted(path for path in Path("data").rglob("*") if path.is_file())
        outputs.append({str(path): path.read_bytes() for path in files})
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) == 1 + 6 + 14


def test_a_source_that_comes_split_passes_through(tree, tmp_path):
    given = {"train": [[2, 1, 3], [3, 3]], "valid": [[1, 3]], "test": [[3, 2], [1, 1, 1]]}
    files = {f"some_{name}_inter": inter(*sessions) for name, sessions in given.items()}
    write(tree, "core", own_files(tmp_path, **files), {"format": "core_inter", "comparable": True})
    run_all("core")
    for name, sessions in given.items():
        part = Sessions.load(Path("data/split/core"), name)
        assert part.items.tolist() == [item for one in sessions for item in one]
        assert part.lengths.tolist() == [len(one) for one in sessions]
    assert pq.read_table("data/split/core/items.parquet").to_pydict() == {"id": [1, 2, 3], "item": [1, 2, 3]}


def test_two_windows_of_a_log_share_no_session(tree, tmp_path):
    log = own_files(tmp_path, log_csv=small_log())
    tree["split"] |= {"train": 0.6, "valid": 0.2}
    write(tree, "newest", log, CSV, recent=0.5)
    write(tree, "before", log, CSV, recent=0.5, skip=0.5)
    kept = {}
    for name in ("newest", "before"):
        run_all(name)
        parts = [Sessions.load(Path("data/split") / name, part) for part in ("train", "valid", "test")]
        kept[name] = [part.ids.tolist() for part in parts]
    assert kept == {"newest": [[6, 7, 8], [9], [10]], "before": [[1, 2, 3], [4], [5]]}


def test_an_older_window_of_a_source_that_comes_split(tree, tmp_path):
    given = {"train": [[3, 1], [1, 2], [3, 1], [1, 3]], "valid": [[2, 1], [1, 3]], "test": [[1, 3], [3, 3]]}
    files = {f"some_{name}_inter": inter(*sessions) for name, sessions in given.items()}
    read = {"format": "core_inter", "comparable": True}
    write(tree, "core", own_files(tmp_path, **files), read, recent=0.5, skip=0.5)
    run_all("core")
    parts = [Sessions.load(Path("data/split/core"), name) for name in ("train", "valid", "test")]
    assert [part.items.tolist() for part in parts] == [[1, 2, 2, 3], [3, 2], [2, 1]]
    assert pq.read_table("data/split/core/items.parquet").to_pydict() == {"id": [1, 2, 3], "item": [3, 1, 2]}


def test_a_split_that_fails_leaves_nothing(tree, tmp_path):
    write(tree, "short", own_files(tmp_path, log_csv=small_log()), CSV, recent=0.1)
    download.main(["short"])
    filter.main(["short"])
    with pytest.raises(RecoreError, match="the split leaves no session of 2 clicks in train"):
        split.main(["short"])
    assert not Path("data/split").exists()


def test_an_input_that_is_missing_names_dvc(tree):
    write(tree, "mine", {"generate": "demo", "seed": 1, "sessions": 300, "items": 40}, CSV)
    for stage in (filter, split):
        with pytest.raises(RecoreError, match=r"does not exist; `dvc repro` makes it"):
            stage.main(["mine"])


def test_an_unknown_dataset_names_its_key(tree):
    write(tree, "mine", {"generate": "demo", "seed": 1, "sessions": 300, "items": 40}, CSV)
    for stage, key in ((download, "fetch"), (filter, "read"), (split, "split")):
        with pytest.raises(RecoreError, match=rf"`sources\.other\.{key}` does not exist"):
            stage.main(["other"])


@pytest.mark.parametrize(
    ("stage", "own"),
    [
        ("download", {"archives", "demo", "fetch", "public"}),
        ("filter", {"filter", "sessions", "readers"}),
        ("split", {"split", "sessions"}),
    ],
)
def test_a_stage_imports_its_own_modules_and_no_torch(stage, own):
    code = f"import sys, recore.stages.{stage}; print(*sys.modules)"
    env = {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    assert "torch" not in modules
    assert {name.split(".")[2] for name in modules if name.startswith("recore.data.")} == own
