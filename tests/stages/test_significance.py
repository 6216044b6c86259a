import numpy as np
import pandas as pd
import pytest

from recore import RecoreError, paths
from recore.evaluation.metrics import metric_names
from recore.significance.comparisons import COLUMNS
from recore.stages import significance

from . import fake_grid


@pytest.fixture
def compare(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(dataset="demo"):
        significance.main([dataset])
        return pd.read_csv(paths.significance(dataset) / "comparisons.csv", keep_default_na=False, na_values=[""])

    return run


def test_every_planned_comparison_and_metric_has_a_row(compare):
    fake_grid.write_grid()
    table = compare()
    assert list(table.columns) == COLUMNS
    assert len(table) == 6 * len(metric_names([20, 10, 5]))
    assert set(table["level"]) == {"confirmed"}
    assert not table.drop(columns=["p_tost", "margin", "p_tost_over_sessions"]).isna().any(axis=None)
    assert table.loc[table["metric"].str.startswith("ndcg"), "p_tost"].isna().all()
    row = table[(table["a"] == "hn") & (table["b"] == "trm") & (table["metric"] == "mrr@20")].iloc[0]
    assert row["delta"] > 0
    assert row["p"] < 0.05
    assert (row["n_cases"], row["n_sessions"]) == (600, 200)


def test_two_runs_write_the_same_bytes(compare):
    fake_grid.write_grid()
    compare()
    first = {file.name: file.read_bytes() for file in paths.significance("demo").iterdir()}
    tables = {"comparisons.csv", "runs.csv", "groups.csv", "gates.csv", "parts.csv", "sessions.parquet"}
    assert set(first) == {*tables, "made.json"}
    compare()
    assert {file.name: file.read_bytes() for file in paths.significance("demo").iterdir()} == first


def test_only_the_cells_of_params_are_read(compare):
    fake_grid.write_grid(seeds=(0, 1, 2))
    expected = compare()
    fake_grid.write_run("demo", "trm", 99, n_sessions=50)
    fake_grid.write_test("demo", fake_grid.cases(200))
    pd.testing.assert_frame_equal(compare(), expected)


def test_a_split_that_was_not_ranked_is_named(compare):
    fake_grid.write_grid(seeds=(0,))
    fake_grid.write_test("demo", fake_grid.cases(199))
    with pytest.raises(RecoreError, match="data/split/demo is not the split whose test cases were ranked"):
        compare()


def test_what_groups_add_sums_to_the_difference(compare):
    fake_grid.write_grid()
    table = compare().set_index(["a", "b", "metric"])
    parts = pd.read_csv(paths.significance("demo") / "parts.csv")
    assert set(parts["group"]) == {"immediate repeat", "earlier repeat", "new"}
    assert set(parts["metric"]) == {"mrr@20", "recall@20"}
    sums = parts.groupby(["a", "b", "metric"])[["part", "n_cases", "share"]].sum()
    assert len(sums) == 12
    np.testing.assert_allclose(sums["part"], table.loc[sums.index, "delta"], rtol=1e-9)
    assert set(sums["n_cases"]) == {600}
    np.testing.assert_allclose(sums["share"], 1)


def test_a_repeat_counts_as_far_as_the_models_read(compare):
    fake_grid.write_grid(seeds=(0,))
    sources = fake_grid.read_params()["sources"]
    sources["demo"]["train"]["model"] = {"max_length": 1}
    fake_grid.write_params(seeds=(0,), sources=sources)
    compare()
    groups = pd.read_csv(paths.significance("demo") / "groups.csv")
    assert set(groups.query("breakdown == 'repeat'")["group"]) == {"immediate repeat", "new"}


def test_one_seed_has_a_level_that_survives_reading(compare):
    fake_grid.write_grid(seeds=(7,))
    table = compare()
    assert set(table["level"]) == {"n/a"}
    assert table["p"].isna().all()
    assert table["p_sessions"].notna().all()


def test_a_missing_cell_is_named(compare):
    fake_grid.write_grid(seeds=(0, 1))
    fake_grid.write_params(seeds=(0, 1, 2))
    with pytest.raises(RecoreError) as fault:
        compare()
    assert str(fault.value) == (
        "data/ranks/demo/ave/2 does not exist: demo, ave, seed 2 has no ranks; `dvc repro` makes them"
    )


def test_unequal_test_sets_are_refused(compare):
    fake_grid.write_grid(seeds=(0, 1))
    fake_grid.write_run("demo", "da", 1, n_sessions=150)
    with pytest.raises(RecoreError, match="demo: da seed 1 was tested on other cases than ave seed 0"):
        compare()


@pytest.mark.parametrize("spoil", [lambda cases: cases[::-1], lambda cases: cases[:-3]])
def test_rows_that_are_not_the_test_cases_of_their_hash_are_refused(compare, spoil):
    fake_grid.write_grid(seeds=(0, 1))
    file = paths.ranks("demo", "hn", 1) / "cases.parquet"
    spoil(pd.read_parquet(file)).to_parquet(file, index=False)
    with pytest.raises(
        RecoreError, match=r"hn/1/cases\.parquet is torn or not .* its rows are not the test cases that"
    ):
        compare()


def test_a_run_copied_to_another_seed_is_refused(compare):
    fake_grid.write_grid(seeds=(0, 1))
    copy = (paths.ranks("demo", "hn", 0) / "cases.parquet").read_bytes()
    (paths.ranks("demo", "hn", 1) / "cases.parquet").write_bytes(copy)
    with pytest.raises(RecoreError, match="demo: hn has identical ranks under seeds 0 and 1"):
        compare()


def test_identical_variants_are_told(compare, capsys):
    fake_grid.write_grid()
    for seed in range(5):
        copy = (paths.ranks("demo", "trm", seed) / "cases.parquet").read_bytes()
        (paths.ranks("demo", "da", seed) / "cases.parquet").write_bytes(copy)
    table = compare()
    row = table[(table["a"] == "da") & (table["b"] == "trm") & (table["metric"] == "mrr@20")].iloc[0]
    assert (row["delta"], row["level"]) == (0, "n/a")
    assert row[["p", "ci_lo", "ci_hi", "p_tost"]].isna().all()
    assert "recore: warning: demo: da and trm have the same mrr@20 everywhere" in capsys.readouterr().err.splitlines()


def test_one_session_has_no_p(compare):
    fake_grid.write_params(seeds=(0, 1, 2, 3, 4))
    for variant in fake_grid.SKILL:
        for seed in range(5):
            fake_grid.write_run("demo", variant, seed, n_sessions=1)
            table = pd.DataFrame({"session": [4] * 8, "position": range(1, 9), "target": [1] * 8}, dtype=np.int32)
            above = np.random.default_rng([seed, len(variant), ord(variant[0])]).integers(0, 40, 8)
            fake_grid.write_ranks("demo", variant, seed, table, above, np.ones(8))
    table = compare()
    assert set(table["level"]) == {"n/a"}
    assert table[["p", "p_sessions"]].isna().all(axis=None)


def test_runs_are_measured_on_their_own_ranks(compare):
    fake_grid.write_grid(seeds=(0, 1))
    compare()
    runs = pd.read_csv(paths.significance("demo") / "runs.csv")
    assert len(runs) == 5 * 2 * (len(metric_names([20, 10, 5])) + 3)  # runs; metrics, and MRR given a hit by cutoff
    assert not runs.drop(columns=["optimistic", "pessimistic"]).isna().any(axis=None)
    for variant, seed in (("ave", 0), ("hn", 1)):
        above = pd.read_parquet(paths.ranks("demo", variant, seed) / "cases.parquet")["above"]
        own = runs[(runs["variant"] == variant) & (runs["seed"] == seed)].set_index("metric")
        assert own.loc["recall@10", "value"] == pytest.approx((above < 10).mean())
        assert own.loc["mrr@5", "value"] == pytest.approx((1 / (above + 1)).where(above < 5, 0).mean())
        # Nothing ties in these ranks.
        assert own.loc["mrr@5", "optimistic"] == own.loc["mrr@5", "pessimistic"] == own.loc["mrr@5", "value"]
    assert set(runs["n_cases"]) == {600}
    assert set(runs["n_sessions"]) == {200}


def test_groups_are_means_of_their_cases(compare):
    fake_grid.write_grid(seeds=(0, 1))
    compare()
    groups = pd.read_csv(paths.significance("demo") / "groups.csv", dtype={"group": str})
    assert groups.groupby(["variant", "metric", "breakdown"])["n_cases"].sum().eq(600).all()
    hits = []
    for seed in (0, 1):
        cases = pd.read_parquet(paths.ranks("demo", "da", seed) / "cases.parquet").query("position == 2")
        hits.append((cases["above"] < 20).mean())
    own = groups[(groups["variant"] == "da") & (groups["group"] == "2")].set_index("metric")
    assert own.loc["recall@20", "mean"] == pytest.approx(np.mean(hits))
    assert own.loc["recall@20", "n_cases"] == 160
    assert own.loc["gate", "mean"] == pytest.approx(0.5005, abs=1e-6)
