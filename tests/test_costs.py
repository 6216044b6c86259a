"""What a run cost is told for as long as it is known to be that of these results."""

import json
import shutil
from pathlib import Path

import pytest

from recore import RecoreError, costs
from recore.commands.costs import main, told

ROOT = Path(__file__).parents[1]
MADE = {
    "train_seconds": 90.0,
    "valid_seconds": 30.0,
    "peak_memory_bytes": 500_000_000,
    "device": "cpu",
    "machine": {"processor": "Abacus II", "cores": 4, "platform": "Linux", "threads": 2},
    "versions": {"python": "3.11.7", "torch": "2.13.0"},
    "commit": "0123456789abcdef",
    "dirty": False,
}


@pytest.fixture
def record(tmp_path):
    (tmp_path / "record.json").write_text('{"best_epoch": 2, "epochs": 2}')
    (tmp_path / "history.csv").write_text("epoch,loss\n1,2.5\n2,2.25\n")
    costs.write(tmp_path, MADE)
    return tmp_path


def test_the_cost_of_a_run_is_read_back(record):
    assert costs.read(record) == MADE


def test_the_cost_of_another_run_is_unknown(record):
    """As after `dvc checkout`: the record is that of another state, and DVC leaves what it ignores."""
    (record / "history.csv").write_text("epoch,loss\n1,2.5\n2,2.26\n")
    assert costs.read(record) is None


def test_a_baseline_has_no_curve_and_its_record_tells(record):
    (record / "history.csv").unlink()
    costs.write(record, MADE)
    assert costs.read(record) == MADE
    (record / "record.json").write_text('{"settings": {}}')
    assert costs.read(record) is None


def test_a_restored_run_has_none(record):
    (record / "cost.json").unlink()
    assert costs.read(record) is None


def test_older_code_kept_it_in_the_record(record):
    (record / "cost.json").unlink()
    (record / "record.json").write_text(json.dumps({"best_epoch": 2} | MADE))
    assert costs.read(record) == {"best_epoch": 2} | MADE


def test_a_torn_cost_is_named(record):
    (record / "cost.json").write_text("{")
    with pytest.raises(RecoreError, match=r"cost\.json is torn"):
        costs.read(record)
    (record / "cost.json").write_text("{}")
    with pytest.raises(RecoreError, match=r"cost\.json is torn .*KeyError: 'of'"):
        costs.read(record)


def test_a_cost_without_results_is_that_of_no_run(record):
    for name in costs.RESULTS:
        (record / name).unlink()
    assert costs.read(record) is None


def test_runs_are_told_by_where_they_were_made():
    other = MADE | {"commit": None, "dirty": True, "peak_memory_bytes": 700_000_000}
    other |= {"machine": MADE["machine"] | {"instructions": "AVX2"}}
    assert told([MADE, None, MADE | {"train_seconds": 150.0}, other]) == [
        "2 runs, 5.0 min of training, at most 0.50 GB each: commit 0123456789ab; cpu; Abacus II, 2 of 4 cores, Linux; "
        "python 3.11.7, torch 2.13.0",
        "1 runs, 2.0 min of training, at most 0.70 GB each: commit none with changes; cpu; Abacus II (AVX2), "
        "2 of 4 cores, Linux; python 3.11.7, torch 2.13.0",
        "1 runs of unknown cost: restored from DVC's cache",
    ]


def test_without_a_run_there_is_a_way_out(tmp_path, monkeypatch):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecoreError, match=r"^no run of params\.yaml has been made; `make repro` makes them$"):
        main([])
