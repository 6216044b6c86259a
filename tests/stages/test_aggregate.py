import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recore import paths
from recore.stages import aggregate, significance

from . import fake_grid

OUTPUTS = {
    *(f"metrics/{name}" for name in ("summary.json", "results.csv", "comparisons.csv", "across.csv", "runs.csv")),
    *("metrics/table.md", "metrics/table.tex", "plots/forest.csv", "plots/curves.csv"),
    *("plots/forest.png", "plots/curves.png", "plots/svg/forest.svg", "plots/svg/curves.svg"),
}


def report(datasets=("demo",)) -> None:
    for dataset in datasets:
        significance.main([dataset])
    aggregate.main([])


def outputs() -> set[str]:
    return {str(file) for folder in (paths.METRICS, paths.PLOTS) for file in folder.rglob("*") if file.is_file()}


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(name, keep_default_na=False, na_values=[""])


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """A report on a synthetic dataset and on two of the paper's, one of them cut."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(tmp_path_factory.mktemp("grid"))
        datasets = ("demo", "diginetica", "tmall")
        fake_grid.write_grid(datasets)
        changed = fake_grid.read_params()
        changed["sources"]["tmall"]["split"]["recent"] = 0.5
        fake_grid.write_params(datasets, sources=changed["sources"])
        report(datasets)
        yield


def test_the_outputs(grid):
    assert outputs() == OUTPUTS


def test_means_and_spreads_recompute_from_runs(grid):
    runs, results = read("metrics/runs.csv"), read("metrics/results.csv")
    assert len(runs) == 75
    assert len(results) == 3 * 5 * 9
    for row in results.itertuples():
        values = runs[(runs["dataset"] == row.dataset) & (runs["variant"] == row.variant)][row.metric]
        expected = (values.mean(), values.std(ddof=1), values.min(), values.max(), len(values))
        assert (row.mean, row.std, row.min, row.max, row.n_seeds) == pytest.approx(expected, abs=1e-9)


def test_runs_hold_no_seconds_and_name_what_was_trained(grid):
    runs = read("metrics/runs.csv")
    assert list(runs.columns[:6]) == ["dataset", "variant", "seed", "best_epoch", "epochs", "valid_mrr@20"]
    assert list(runs.columns[-3:]) == ["n_cases", "n_sessions", "test_hash"]
    assert not [name for name in runs.columns if "second" in name]


def test_the_families(grid):
    comparisons = read("metrics/comparisons.csv")
    sizes = comparisons.groupby("dataset")["m"].unique()
    assert [list(size) for size in sizes[["demo", "diginetica", "tmall"]]] == [[6], [12], [12]]
    assert (comparisons["p_holm"] >= comparisons["p"]).all()


def test_the_summary_across_leaves_synthetic_data_out(grid):
    across, comparisons = read("metrics/across.csv"), read("metrics/comparisons.csv")
    assert set(across["n_datasets"]) == {2}
    row = across[(across["a"] == "hn") & (across["metric"] == "mrr@20")].iloc[0]
    of_pair = (comparisons["a"] == "hn") & (comparisons["metric"] == "mrr@20") & (comparisons["dataset"] != "demo")
    assert row["delta"] == pytest.approx(comparisons[of_pair]["delta"].mean())


def test_summary_json_is_strict_nested_and_rounded(grid):
    def refuse(constant):
        raise AssertionError(constant)

    summary = json.loads(Path("metrics/summary.json").read_text(), parse_constant=refuse)
    assert set(summary["diginetica"]) == set(fake_grid.SKILL)
    assert set(summary["demo"]["hn"]["mrr@20"]) == {"mean", "std", "p", "p_holm"}
    assert set(summary["demo"]["trm"]["mrr@20"]) == {"mean", "std"}
    comparisons = read("metrics/comparisons.csv").set_index(["dataset", "a", "b", "metric"])
    found, row = summary["tmall"]["dahn"]["mrr@20"], comparisons.loc[("tmall", "dahn", "trm", "mrr@20")]
    assert found["p_holm"] == pytest.approx(row["p_holm"], rel=1e-5)
    assert len(str(found["mean"]).lstrip("0.")) <= 6


def test_marks_in_the_table_are_the_verdicts(grid):
    table = Path("metrics/table.md").read_text()
    comparisons = read("metrics/comparisons.csv")
    against = comparisons[(comparisons["b"] == "trm") & (comparisons["metric"] == "mrr@20")]
    marks = {"better": "▲", "worse": "▼", "equivalent": "≈", "inconclusive": ""}
    assert {"better", "worse", "inconclusive"} <= set(against["verdict"])
    for row in against.itertuples():
        (line,) = re.findall(rf"^\| {row.dataset} +\| {row.a} .*± .*± .*$", table, re.MULTILINE)
        assert line.split("|")[4].split("±")[1].split()[1:] == [m for m in [marks[row.verdict]] if m]


def test_the_notes_say_what_the_table_does_not(grid):
    table = Path("metrics/table.md").read_text()
    assert "demo is synthetic: this proves that the pipeline works and ranks nobody." in table
    assert "m = 12 and m = 6 (synthetic)" in table
    assert 'No mark is not "no difference"' in table


def test_only_the_papers_whole_data_stands_beside_the_paper(grid):
    table = Path("metrics/table.md").read_text()
    beside = table.split("## Beside the paper")[1].split("##")[0]
    assert "diginetica" in beside
    assert "tmall" not in beside
    assert "demo" not in beside


def test_forest_csv_is_in_points_with_the_confirming_metric_first(grid):
    forest, comparisons = read("plots/forest.csv"), read("metrics/comparisons.csv")
    assert set(forest["metric"]) == {"mrr@20", "recall@20"}
    assert set(forest.loc[forest["metric"] == "mrr@20", "margin"]) == {0.2}
    assert forest["delta"].iloc[0] == pytest.approx(100 * comparisons["delta"].iloc[0])


def test_curves_mark_one_epoch_a_run(grid):
    curves = read("plots/curves.csv")
    chosen = curves[curves["chosen"] == 1]
    assert len(chosen) == 75
    assert set(chosen["epoch"]) == {4}


def test_a_second_run_writes_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fake_grid.write_grid(seeds=(0, 1, 2))
    report()
    first = {name: Path(name).read_bytes() for name in outputs()}
    report()
    assert {name: Path(name).read_bytes() for name in outputs()} == first


@pytest.mark.parametrize(
    ("seeds", "said", "absent"),
    [
        ((0,), ["| n/a", "One or two seeds give no p", "these runs only"], ["▲ better |", "±  "]),
        ((0, 1, 2), ["none: exploratory", "Three or four seeds are exploratory"], ["| ▲ better"]),
    ],
)
def test_few_seeds_are_shown_and_not_judged(tmp_path, monkeypatch, seeds, said, absent):
    monkeypatch.chdir(tmp_path)
    fake_grid.write_grid(seeds=seeds)
    report()
    table = Path("metrics/table.md").read_text()
    assert all(words in table for words in said)
    assert not any(words in table for words in absent)
    assert outputs() == OUTPUTS
    cell = json.loads(Path("metrics/summary.json").read_text())["demo"]["hn"]["mrr@20"]
    assert set(cell) == ({"mean"} if len(seeds) == 1 else {"mean", "std", "p", "p_holm"})


def test_a_grid_without_comparisons_still_reports(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fake_grid.write_grid(seeds=(0, 1))
    section = fake_grid.read_params()["significance"]
    fake_grid.write_params(seeds=(0, 1), significance=section | {"comparisons": []})
    report()
    assert outputs() == OUTPUTS
    assert "No comparison is planned" in Path("metrics/table.md").read_text()


def test_ties_that_matter_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fake_grid.write_grid(seeds=(0, 1))
    table = fake_grid.cases(200)
    for seed in (0, 1):
        above = np.random.default_rng(seed).integers(0, 40, len(table))
        hashed = json.loads((paths.ranks("demo", "trm", 0) / "meta.json").read_text())["test_hash"]
        fake_grid.write_ranks("demo", "ave", seed, table, above, np.full(len(table), 3), hashed)
    report()
    assert "demo, ave: ties move a metric by up to" in Path("metrics/table.md").read_text()
    assert "demo, trm: ties" not in Path("metrics/table.md").read_text()
    results = read("metrics/results.csv").set_index(["variant", "metric"])["tie_share"]
    assert (results["ave", "mrr@20"], results["trm", "mrr@20"]) == (1, 0)
