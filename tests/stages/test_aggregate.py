import itertools
import json
import math
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recore import RecoreError, paths, yaml12
from recore.evaluation.metrics import metric_names
from recore.stages import aggregate, significance

from . import fake_grid

ONE_OR_TWO = (
    "One or two seeds give no p: a difference between single runs may be the seed's. The p of these runs only counts "
    "sessions as the one source of noise, and says nothing of a new training run."
)
THREE_OR_FOUR = "Three or four seeds are exploratory: p is shown, no verdict is given."
FIGURES = (
    "forest",
    "contributions",
    "influence",
    "seeds",
    "prefix_length",
    "gate",
    "gate_held",
    "mined",
    "mde",
    "curves",
)
OUTPUTS = {
    *(
        f"metrics/{name}.csv"
        for name in ("results", "comparisons", "across", "windows", "breakdowns", "contributions", "runs")
    ),
    *("metrics/summary.json", "metrics/table.md", "metrics/table.tex", "plots/report.html"),
    *(f"plots/{name}.csv" for name in FIGURES if name not in ("seeds", "contributions")),
    *(f"plots/{name}.png" for name in FIGURES),
    *(f"plots/svg/{name}.svg" for name in FIGURES),
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


def test_the_outputs_are_those_of_the_pipeline():
    stage = yaml12.read(fake_grid.ROOT / "dvc.yaml")["stages"]["aggregate"]
    declared = {next(iter(out)) if isinstance(out, dict) else out for out in stage["outs"] + stage["metrics"]}
    svg = {name for name in OUTPUTS if name.startswith("plots/svg/")}
    assert declared == OUTPUTS - svg | {"plots/svg"}
    cached = {out for out in stage["outs"] if isinstance(out, str)}
    assert cached == {"plots/svg", "plots/report.html"}


def test_means_and_spreads_recompute_from_runs(grid):
    runs, results = read("metrics/runs.csv"), read("metrics/results.csv")
    assert len(runs) == 75
    assert len(results) == 3 * 5 * (len(metric_names([20, 10, 5])) + 3)
    for row in results.itertuples():
        values = runs[(runs["dataset"] == row.dataset) & (runs["variant"] == row.variant)][row.metric]
        expected = (values.mean(), values.std(ddof=1), values.min(), values.max(), len(values))
        assert (row.mean, row.std, row.min, row.max, row.n_seeds) == pytest.approx(expected, abs=1e-9)


def test_the_rank_given_a_hit_is_a_metric_of_every_run(grid):
    runs, results = read("metrics/runs.csv"), read("metrics/results.csv")
    np.testing.assert_allclose(runs["mrr@20/recall@20"], runs["mrr@20"] / runs["recall@20"], rtol=1e-8)
    row = results[(results["variant"] == "hn") & (results["metric"] == "mrr@20/recall@20")].iloc[0]
    line = f"{100 * row['mean']:.2f} ± {100 * row['std']:.2f}"
    table = Path("metrics/table.md").read_text()
    assert "| MRR@20 / Recall@20 (%) " in table
    assert re.search(rf"^\| {row['dataset']} +\| hn .*\| {line} +\| 5 ", table, re.MULTILINE)


def test_runs_hold_no_seconds_and_name_what_was_trained(grid):
    runs = read("metrics/runs.csv")
    assert list(runs.columns[:6]) == ["dataset", "variant", "seed", "best_epoch", "epochs", "valid_mrr@20"]
    assert list(runs.columns[-3:]) == ["n_cases", "n_sessions", "test_hash"]
    assert not [name for name in runs.columns if "second" in name]


def test_the_families(grid):
    comparisons = read("metrics/comparisons.csv")
    sizes = comparisons.groupby("dataset")["m"].unique()
    assert [list(size) for size in sizes[["demo", "diginetica", "tmall"]]] == [[6], [12], [12]]
    judged = comparisons[comparisons["verdict"] != "fragile"]
    assert (judged["p_holm"] >= judged["p"]).all()
    assert comparisons.loc[comparisons["verdict"] == "fragile", ["p_holm", "p_tost_holm"]].isna().all(axis=None)


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
    assert set(summary["demo"]["ave"]["recall@20"]) == {"mean", "std", "p", "p_holm"}
    assert set(summary["demo"]["trm"]["mrr@20"]) == {"mean", "std"}
    assert set(summary["demo"]["trm"]) == {"mrr@20", "recall@20"}  # a difference between branches stays one page
    comparisons = read("metrics/comparisons.csv").set_index(["dataset", "a", "b", "metric"])
    found, row = summary["tmall"]["ave"]["recall@20"], comparisons.loc[("tmall", "ave", "trm", "recall@20")]
    assert found["p_holm"] == pytest.approx(row["p_holm"], rel=1e-5)
    assert len(str(found["mean"]).lstrip("0.")) <= 6


def test_marks_in_the_table_are_the_verdicts(grid):
    table = Path("metrics/table.md").read_text()
    comparisons = read("metrics/comparisons.csv")
    against = comparisons[(comparisons["b"] == "trm") & (comparisons["metric"] == "mrr@20")]
    marks = {"better": "▲", "worse": "▼", "equivalent": "≈", "inconclusive": "", "fragile": "†"}
    assert {"better", "worse", "fragile"} <= set(comparisons["verdict"])
    for row in against.itertuples():
        (line,) = re.findall(rf"^\| {row.dataset} +\| {row.a} .*± .*± .*$", table, re.MULTILINE)
        assert line.split("|")[4].split("±")[1].split()[1:] == [m for m in [marks[row.verdict]] if m]


def test_the_notes_say_what_the_table_does_not(grid):
    table = Path("metrics/table.md").read_text()
    opening = "**demo is synthetic: this proves that the pipeline works and ranks nobody.**\n\n## Results"
    assert table.startswith(opening)
    assert "m = 12 and m = 6 (synthetic)" in table
    assert 'No mark is not "no difference"' in table


def test_the_notes_name_the_sessions_that_few_comparisons_hang_on(grid):
    table, comparisons = Path("metrics/table.md").read_text(), read("metrics/comparisons.csv")
    assert "† fragile: fewer than 15 effective sessions carry the noise of a comparison" in table
    planned = table.split("## Planned comparisons")[1].split("##")[0]
    hidden = [line.split("|") for line in planned.splitlines() if "† fragile" in line]
    assert (
        len(hidden) == (comparisons["verdict"][comparisons["metric"].isin(["mrr@20", "recall@20"])] == "fragile").sum()
    )
    assert {(cells[5].strip(), cells[6].strip(), cells[8].strip(), cells[9].strip()) for cells in hidden} == {
        ("n/a",) * 4
    }
    confirming = comparisons[comparisons["metric"] == "mrr@20"]
    for row in confirming[confirming["verdict"] == "fragile"].itertuples():
        few = f"{math.floor(10 * row.effective_sessions) / 10:.1f} effective of "
        said = f"- {row.dataset}, MRR@20: {row.a} against {row.b} is fragile: {few}"
        assert f"{said}200 sessions; session {row.largest_session:.0f} " in table
    assert re.search(
        r"- diginetica: every other comparison has at least \d+ effective sessions of 200; the smallest", table
    )


def test_the_influence_of_sessions(grid):
    influence, comparisons = read("plots/influence.csv"), read("metrics/comparisons.csv")
    assert len(influence) == 3 * 6 * 10
    first = influence[influence["rank"] == 1].reset_index()
    confirming = comparisons[comparisons["metric"] == "mrr@20"].reset_index()
    assert first["session"].tolist() == confirming["largest_session"].tolist()
    for ours, theirs in (("delta", "delta"), ("delta_without", "delta_without")):
        np.testing.assert_allclose(first[ours], 100 * confirming[theirs], rtol=1e-8)
    by_session = pd.read_parquet(paths.significance("demo") / "sessions.parquet")
    whole = by_session.groupby(["a", "b"])["contribution"].sum()
    demo = confirming[confirming["dataset"] == "demo"].set_index(["a", "b"])["delta"]
    np.testing.assert_allclose(whole, demo.loc[whole.index], rtol=1e-8)


def test_only_the_papers_whole_data_stands_beside_the_paper(grid):
    table = Path("metrics/table.md").read_text()
    beside = table.split("## Beside the paper")[1].split("##")[0]
    assert "diginetica" in beside
    assert "tmall" not in beside
    assert "demo" not in beside


def test_breakdowns_sum_to_the_whole(grid):
    breakdowns, results = read("metrics/breakdowns.csv"), read("metrics/results.csv")
    assert list(breakdowns.columns[:5]) == ["dataset", "variant", "metric", "breakdown", "group"]
    assert set(breakdowns["metric"]) == {"mrr@20", "recall@20", "gate"}
    assert set(breakdowns.loc[breakdowns["metric"] == "gate", "variant"]) == {"da", "dahn"}
    for (dataset, variant, breakdown), rows in breakdowns[breakdowns["metric"] == "mrr@20"].groupby(
        ["dataset", "variant", "breakdown"]
    ):
        cell = results[(results["dataset"] == dataset) & (results["variant"] == variant)]
        (whole,) = cell[cell["metric"] == "mrr@20"].to_dict("records")
        assert rows["n_cases"].sum() == whole["n_cases"], breakdown
        assert np.average(rows["mean"], weights=rows["n_cases"]) == pytest.approx(whole["mean"])


def test_head_and_tail_are_counted_on_train_clicks(grid):
    rows = read("metrics/breakdowns.csv").query("breakdown == 'target popularity' and metric == 'mrr@20'")
    # The first 60 items have two clicks in the made-up split, the others one.
    head = int((fake_grid.cases(200)["target"] <= 60).sum())
    assert set(rows.loc[rows["group"] == "head", "n_cases"]) == {head}
    assert set(rows["group"]) == {"head", "tail"}


def test_prefix_length_and_gate_are_in_percent(grid):
    lengths, gate = read("plots/prefix_length.csv"), read("plots/gate.csv")
    assert set(lengths["metric"]) == {"mrr@20"}
    assert lengths["group"].drop_duplicates().astype(str).tolist() == ["1", "2", "3", "4", "5-6"]
    first = gate[(gate["dataset"] == "demo") & (gate["variant"] == "da") & (gate["group"] == "1")].iloc[0]
    assert first["mean"] == pytest.approx(45.2, abs=1e-4)


def test_the_gates_have_a_table_for_every_variant_with_one(grid):
    """These ranks do not say what holding a gate would change; what the gates themselves do is known."""
    table = read("plots/gate_held.csv")
    assert set(table["dataset"]) == {"demo", "diginetica", "tmall"}
    assert set(table["variant"]) == {"da", "dahn"}
    rows = table[(table["dataset"] == "demo") & (table["variant"] == "da")].set_index("group")
    assert rows.index.tolist() == ["2", "3", "4", "5-6", "2 or more"]
    assert rows.loc["3", ["n_seeds", "share"]].tolist() == pytest.approx([5, 0.552])  # 0.4 + 0.05 · 3, seeds 0 to 4
    assert rows.loc["2 or more", "agreement"] == pytest.approx(1)
    assert rows["cosine"].isna().all()


def test_what_was_mined_is_there_of_every_variant_that_mines(grid):
    table = read("plots/mined.csv")
    assert set(table["variant"]) == {"hn", "dahn"}
    rows = table[(table["dataset"] == "demo") & (table["variant"] == "hn")].set_index(["epoch", "group"])
    assert len(rows) == (6 + 1) * 2
    assert rows.loc[("2", "1"), ["n_seeds", "mined", "own", "last"]].tolist() == pytest.approx([5, 500, 22, 1])
    assert rows.loc[("kept", "2+"), ["mined", "own"]].tolist() == pytest.approx([5 * 200, 10])


def test_mde_at_hand_is_that_of_the_test(grid):
    mde, comparisons = read("plots/mde.csv"), read("metrics/comparisons.csv")
    assert set(mde["metric"]) == {"mrr@20"}
    at_hand = mde.dropna(subset="at_hand")
    assert set(at_hand["n_seeds"]) == {5}
    confirming = comparisons[(comparisons["metric"] == "mrr@20") & (comparisons["verdict"] != "fragile")]
    np.testing.assert_allclose(at_hand["at_hand"], 100 * confirming["mde80"], rtol=1e-8)


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


@pytest.mark.slow
def test_a_second_run_writes_the_same_bytes(tmp_path, monkeypatch, rendered):
    monkeypatch.chdir(tmp_path)
    fake_grid.write_grid(seeds=(0, 1, 2))
    report()
    first = {name: Path(name).read_bytes() for name in outputs()}
    report()
    assert {name: Path(name).read_bytes() for name in outputs()} == first


def test_nothing_is_read_twice_and_nothing_stale_is_joined(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fake_grid.write_grid(seeds=(0, 1))
    significance.main(["demo"])
    shutil.rmtree(paths.RANKS)
    for file in paths.split("demo").glob("*.npy"):
        file.unlink()
    fake_grid.write_params(seeds=(0,))
    with pytest.raises(RecoreError, match=r"^data/significance/demo was made with other `seeds` than params\.yaml has"):
        aggregate.main([])
    assert not outputs()
    fake_grid.write_params(seeds=(0, 1))
    aggregate.main([])
    assert outputs() == OUTPUTS


@pytest.mark.parametrize(
    ("seeds", "said", "absent"),
    [
        ((0,), ["| n/a", f"- {ONE_OR_TWO}\n", "these runs only"], ["▲ better |", "±  "]),
        ((0, 1, 2), ["none: exploratory", f"- {THREE_OR_FOUR}\n"], ["| ▲ better"]),
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


def test_a_grid_without_a_gate_still_has_the_figure(tmp_path, monkeypatch, rendered):
    monkeypatch.chdir(tmp_path)
    plain = {"plain": {"ave": {}, "trm": {}}, "hybrid": {"hn": {}}}
    section = fake_grid.published_params()["significance"] | {"comparisons": [["ave", "trm"]]}
    fake_grid.write_grid(seeds=(0, 1), variants=plain, significance=section)
    report()
    assert outputs() == OUTPUTS
    assert read("plots/gate.csv").empty
    assert "No variant of this grid has a gate." in Path("plots/svg/gate.svg").read_text()
    assert "No comparison has three seeds" in Path("plots/svg/mde.svg").read_text()
    assert "add up" not in Path("metrics/table.md").read_text()


def test_one_session_is_told_and_not_blamed_on_the_seeds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fake_grid.write_grid()
    table = fake_grid.cases(5).iloc[-5:]
    for variant in fake_grid.SKILL:
        for seed in range(5):
            above = np.random.default_rng([seed, len(variant), ord(variant[0])]).integers(0, 40, 5)
            fake_grid.write_ranks("demo", variant, seed, table, above, np.ones(5))
    report()
    text = Path("metrics/table.md").read_text()
    assert "A test set of one session gives no p: nothing says how another session would differ." in text
    assert "One or two seeds" not in text
    assert "n/a (these runs only: n/a)" in text
    assert outputs() == OUTPUTS


def test_ties_that_matter_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fake_grid.write_grid(seeds=(0, 1))
    table = fake_grid.cases(200)
    gaps = []
    for seed in (0, 1):
        above = np.random.default_rng(seed).integers(0, 40, len(table))
        # Of three tied items the target comes first at best, last at worst.
        for k, gain in itertools.product((20, 10, 5), (np.ones_like, np.reciprocal, lambda i: 1 / np.log2(1 + i))):
            best, worst = (np.where(rank <= k, gain(rank.astype(float)), 0).mean() for rank in (above + 1, above + 3))
            gaps.append(100 * (best - worst))
        fake_grid.write_ranks("demo", "ave", seed, table, above, np.full(len(table), 3))
    report()
    said = f"ties move a metric by up to {max(gaps):.2f} points (shown is the expected value); look at the scores."
    assert f"- demo, ave: {said}\n" in Path("metrics/table.md").read_text()
    assert "demo, trm: ties" not in Path("metrics/table.md").read_text()
    results = read("metrics/results.csv").set_index(["variant", "metric"])["tie_share"]
    assert (results["ave", "mrr@20"], results["trm", "mrr@20"]) == (1, 0)
