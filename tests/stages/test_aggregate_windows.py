"""The report of a grid that holds two windows of one log."""

import copy
from pathlib import Path

import pandas as pd
import pytest

from recore import yaml12
from recore.evaluation.metrics import metric_names
from recore.reporting import files
from recore.reporting.paper import as_published
from recore.stages import aggregate, significance

from . import fake_grid

DATASETS = ("demo", "tmall", "older", "diginetica")
HEADER = "datasets,a,b,metric,level,deltas,verdicts,replicated"


def report(splits) -> str:
    """The table of four datasets, of which ``older`` is a second part of Tmall, with their splits changed."""
    sources = fake_grid.published_params()["sources"]
    sources["older"] = copy.deepcopy(sources["tmall"])
    for name, split in splits.items():
        sources[name]["split"] = split
    fake_grid.write_params(DATASETS, sources=sources)
    aggregate.main([])
    return Path("metrics/table.md").read_text()


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(tmp_path_factory.mktemp("grid"))
        sources = fake_grid.published_params()["sources"]
        fake_grid.write_grid(DATASETS, sources=sources | {"older": sources["tmall"]})
        monkeypatch.setattr(files, "pictures", lambda evidence: [])  # none of them knows of windows
        for dataset in DATASETS:
            significance.main([dataset])
        yield


def test_two_windows_are_compared(grid):
    table = report({"tmall": {"recent": 0.05}, "older": {"recent": 0.05, "skip": 0.05}})
    found = pd.read_csv("metrics/windows.csv", keep_default_na=False)
    comparisons = pd.read_csv("metrics/comparisons.csv", keep_default_na=False)
    assert len(found) == 6 * len(metric_names([20, 10, 5]))  # pairs and metrics
    assert set(found["datasets"]) == {"tmall;older"}
    assert "replicated" in set(found["replicated"])
    for row in found.itertuples():
        same = (comparisons["a"] == row.a) & (comparisons["b"] == row.b) & (comparisons["metric"] == row.metric)
        own = comparisons[same].set_index("dataset").loc[["tmall", "older"]]
        assert row.verdicts.split(";") == own["verdict"].tolist()
        assert list(map(float, row.deltas.split(";"))) == pytest.approx(own["delta"].astype(float).tolist())
    across, windows = table.index("## Across datasets"), table.index("## Two periods of one log")
    assert across < windows < table.index("## MRR@20 (%) by popularity")
    assert table.count("| tmall, older") == 12
    assert "- Two periods of one log: replicated means that every period shows the same" in table
    assert "- Across datasets counts tmall and older as one dataset each" in table
    assert "Two periods of one log" in Path("metrics/table.tex").read_text()
    assert "Two periods of one log" in Path("plots/report.html").read_text()


def test_without_two_windows_there_is_a_header_and_no_section(grid):
    table = report({"older": {"recent": 0.5}})
    assert Path("metrics/windows.csv").read_text() == HEADER + "\n"
    assert "Two periods" not in table
    assert "- Across datasets counts tmall and older as one dataset each" in table


def test_a_period_is_not_the_papers_data(grid):
    # params.load refuses a skip beside recent 1; an explicit 0 is the newest period, which is the whole.
    table = report({"tmall": {"recent": 1.0, "skip": 0.0}, "older": {"recent": 0.5, "skip": 0.5}})
    assert yaml12.read(Path("params.yaml"))["sources"]["tmall"]["split"]["skip"] == 0
    beside = table.split("## Beside the paper")[1].split("##")[0]
    assert "tmall" in beside
    assert "older" not in beside
    assert not as_published({"read": {"comparable": True}, "split": {"recent": 1.0, "skip": 0.1}})
