"""Variants without seeds through significance and aggregate: one run, in every table and figure."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from builders import published_params

from recore import RecoreError, paths
from recore.stages import aggregate, significance

from . import fake_grid
from .test_aggregate import OUTPUTS, outputs, read

PAIRS = [["ave", "trm"], ["trm", "vmis"], ["vmis", "pop"]]


def make(**changes) -> None:
    section = published_params()["significance"] | {"comparisons": PAIRS}
    variants = {"plain": {"ave": {}, "trm": {}}, "hybrid": {}, "baselines": {"pop": {}, "vmis": {}}}
    fake_grid.write_grid(**({"significance": section, "variants": variants} | changes))


def report() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        significance.main(["demo"])
        aggregate.main([])


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(tmp_path_factory.mktemp("seedless"))
        make()
        report()
        yield


def test_everything_is_drawn(grid):
    assert outputs() == OUTPUTS


def test_one_run_each_with_an_empty_seed(grid):
    lines = Path("metrics/runs.csv").read_text().splitlines()
    assert [line.split(",")[:5] for line in lines if ",vmis," in line or ",pop," in line] == [
        ["demo", "pop", "", "", ""],
        ["demo", "vmis", "", "", ""],
    ]
    assert "demo,trm,0,4,6," in lines[6]
    runs = read("metrics/runs.csv").set_index("variant")
    assert runs.loc["vmis", "valid_mrr@20"] == 0.2


def test_one_run_has_no_spread(grid):
    results = read("metrics/results.csv").set_index(["variant", "metric"])
    assert results.loc[("vmis", "mrr@20"), "n_seeds"] == 0
    assert results.loc[("trm", "mrr@20"), "n_seeds"] == 5
    assert results.loc[["pop", "vmis"], "std"].isna().all()
    assert results.loc[["ave", "trm"], "std"].notna().all()
    assert set(json.loads(Path("metrics/summary.json").read_text())["demo"]["vmis"]["mrr@20"]) == {"mean"}
    groups = read("metrics/breakdowns.csv").groupby("variant")["n_seeds"].agg(set)
    assert dict(groups) == {"ave": {5}, "trm": {5}, "pop": {0}, "vmis": {0}}


def test_the_table_says_so(grid):
    text = Path("metrics/table.md").read_text()
    (row,) = (line for line in text.splitlines() if line.startswith("| demo      | vmis") and "none" in line)
    assert "±" not in row
    assert "Seeds none: fitted without seeds, one run, so no ±." in text
    assert "- demo: tuned by MRR@20 on validation: vmis k 500." in text


def test_comparisons_take_it_as_it_is(grid):
    rows = read("metrics/comparisons.csv").query("metric == 'mrr@20'").set_index(["a", "b"])
    assert dict(rows["n_seeds"]) == {("ave", "trm"): 5, ("trm", "vmis"): 5, ("vmis", "pop"): 0}
    assert set(rows["level"]) == {"confirmed"}
    assert rows["p"].notna().all()
    assert rows.loc[("vmis", "pop"), "df"] == 199


def test_no_note_is_added_where_all_have_seeds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fake_grid.write_grid(seeds=(0,))
    report()
    assert "Seeds none" not in Path("metrics/table.md").read_text()


def test_nothing_has_to_be_trained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    section = published_params()["significance"] | {"comparisons": PAIRS[2:]}
    variants = {"plain": {}, "hybrid": {}, "baselines": {"pop": {}, "vmis": {}}}
    make(variants=variants, significance=section)
    report()
    assert outputs() == OUTPUTS
    assert read("metrics/comparisons.csv")["p"].notna().all()
    text, page = Path("metrics/table.md").read_text(), Path("plots/report.html").read_text()
    assert "## Results: one run each, without seeds, marks against pop\n" in text
    assert "- Seeds none: fitted without seeds, one run, so no ±. p covers new sessions alone.\n" in text
    assert "another training sample (every variant was fitted to the same sessions), another period" in text
    assert "interval over new sessions; the band is" in page
    assert "</strong> Mean with a session-clustered interval" in page
    for said in (text, page):
        assert "over seeds" not in said
        assert "new seeds" not in said


def test_looks_do_not_wait_for_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    section = published_params()["significance"] | {"comparisons": PAIRS, "looks": [5, 8]}
    make(seeds=tuple(range(8)), significance=section)
    for seed in (5, 6, 7):
        (paths.ranks("demo", "ave", seed) / "cases.parquet").unlink()
        (paths.ranks("demo", "ave", seed) / "meta.json").unlink()
        paths.ranks("demo", "ave", seed).rmdir()
    report()
    rows = read("metrics/comparisons.csv").query("metric == 'mrr@20'").set_index(["a", "b"])
    assert dict(rows["n_seeds"]) == {("ave", "trm"): 5, ("trm", "vmis"): 8, ("vmis", "pop"): 0}
    assert dict(rows["look"]) == {("ave", "trm"): 1, ("trm", "vmis"): 2, ("vmis", "pop"): 1}


def test_what_is_missing_is_named_without_a_seed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make()
    paths.ranks("demo", "vmis", None).rename("elsewhere")
    with pytest.raises(RecoreError, match=r"data/ranks/demo/vmis/none does not exist: demo, vmis has no ranks"):
        significance.main(["demo"])


def test_other_cases_are_named_without_a_seed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make()
    fake_grid.write_run("demo", "vmis", None, n_sessions=50)
    with pytest.raises(RecoreError, match="demo: vmis was tested on other cases than ave seed 0"):
        significance.main(["demo"])


def test_ties_of_counts_are_no_fault(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make()
    for variant, seed in (("pop", None), ("trm", 0)):
        table = fake_grid.cases(200)
        ones = np.ones(len(table))
        fake_grid.write_ranks("demo", variant, seed, table, 0 * ones, 5 * ones)
    report()
    text = Path("metrics/table.md").read_text()
    assert "- demo: counts tie often; ties move a metric of pop by up to " in text
    assert "- demo, trm: ties move a metric by up to " in text
    assert text.count("look at the scores") == 1
