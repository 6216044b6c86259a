"""Looks through significance and aggregate: variants of unequal numbers of seeds, in every table and figure."""

import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recore import RecoreError, paths
from recore.significance.looks import sequential_p, spent
from recore.stages import aggregate, significance

from . import fake_grid
from .test_aggregate import OUTPUTS, outputs, read

LOOKS = [5, 6, 8]
SEEDS = tuple(range(8))
# da has seven seeds: one more than its last look counts.
MADE = {"ave": 5, "trm": 8, "da": 7, "hn": 8, "dahn": 5}
COUNTED = MADE | {"da": 6}


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """A report on two datasets, of which the second has come to the first look only."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(tmp_path_factory.mktemp("looks"))
        section = fake_grid.published_params()["significance"] | {"looks": LOOKS}
        fake_grid.write_params(("diginetica", "tmall"), SEEDS, significance=section)
        for variant, n in MADE.items():
            for seed in SEEDS[:n]:
                fake_grid.write_run("diginetica", variant, seed)
            for seed in SEEDS[:5]:
                fake_grid.write_run("tmall", variant, seed)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for dataset in ("diginetica", "tmall"):
                significance.main([dataset])
            aggregate.main([])
        yield


@pytest.mark.slow
def test_everything_is_drawn_without_a_warning(grid, rendered):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        aggregate.main([])
    assert outputs() == OUTPUTS


def test_significance_has_a_row_for_every_look(grid):
    table = read(paths.significance("diginetica") / "comparisons.csv").query("metric == 'mrr@20'")
    seeds = {(a, b): list(rows["n_seeds"]) for (a, b), rows in table.groupby(["a", "b"])}
    assert seeds[("hn", "trm")] == [5, 6, 8]
    assert seeds[("da", "trm")] == [5, 6]
    assert seeds[("ave", "trm")] == seeds[("dahn", "hn")] == [5]
    hn = table[(table["a"] == "hn") & (table["b"] == "trm")]
    assert list(hn["look"]) == [1, 2, 3]
    assert hn["delta"].nunique() == 3


def test_a_look_is_what_its_seeds_alone_would_give(grid, tmp_path, monkeypatch):
    """The first look of eight seeds is the one look of five."""
    of_eight = read(paths.significance("diginetica") / "comparisons.csv").query("look == 1").reset_index(drop=True)
    monkeypatch.chdir(tmp_path)
    fake_grid.write_grid(("diginetica",), SEEDS[:5])
    significance.main(["diginetica"])
    of_five = read(paths.significance("diginetica") / "comparisons.csv")
    pd.testing.assert_frame_equal(of_eight, of_five, rtol=1e-12)


def test_comparisons_show_the_last_look_and_a_p_over_all(grid):
    table = read("metrics/comparisons.csv").query("metric == 'mrr@20'").set_index(["dataset", "a", "b"])
    raw = read(paths.significance("diginetica") / "comparisons.csv").query("metric == 'mrr@20' and a == 'hn'")
    row = table.loc[("diginetica", "hn", "trm")]
    assert (row["look"], row["looks"], row["n_seeds"]) == (3, "5 6 8", 8)
    assert row["p"] == pytest.approx(raw["p"].iloc[-1], rel=1e-8)
    sound = raw["p"].where(raw["effective_sessions"] >= 15).to_numpy()[:, None]
    assert row["p_adjusted"] == pytest.approx(sequential_p(sound, LOOKS)[0], rel=1e-8)
    assert row["p_holm"] >= row["p_adjusted"]
    for key, look in ((("diginetica", "da", "trm"), 2), (("tmall", "hn", "trm"), 1)):
        assert table.loc[key, "look"] == look
        assert table.loc[key, "spent"] == pytest.approx(spent(0.05, LOOKS)[look - 1], rel=1e-8)
    assert set(table["m"]) == {12}


def test_results_are_means_over_the_seeds_that_count(grid):
    results, runs = read("metrics/results.csv"), read("metrics/runs.csv")
    own = results[(results["dataset"] == "diginetica") & (results["metric"] == "mrr@20")].set_index("variant")
    assert dict(own["n_seeds"]) == COUNTED
    for variant, n in COUNTED.items():
        values = runs[(runs["dataset"] == "diginetica") & (runs["variant"] == variant)]
        assert list(values["seed"]) == list(SEEDS[:n])
        assert own.loc[variant, "mean"] == pytest.approx(values["mrr@20"].mean(), rel=1e-8)
    table = Path("metrics/table.md").read_text()
    for variant, n in COUNTED.items():
        assert re.search(rf"^\| diginetica +\| {variant} .*\| {n} ", table, re.MULTILINE)


def test_the_notes_say_that_there_were_looks(grid):
    first, second, third = spent(0.05, LOOKS)
    assert third == pytest.approx(0.05)
    note = (
        "- Looks were planned after 5, 6, 8 seeds. The error of 0.05 is spent over them "
        f"({first:.4f} by look 1, {second:.4f} by look 2, 0.0500 by look 3); p is corrected for the looks, then"
    )
    table = Path("metrics/table.md").read_text()
    assert note in table
    assert "nor a look that was not planned." in table
    assert "second look" not in table
    assert read("metrics/across.csv")["p"].isna().all()


def test_without_looks_nothing_is_said_of_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fake_grid.write_grid()
    significance.main(["demo"])
    aggregate.main([])
    table = read("metrics/comparisons.csv")
    assert set(table["look"]) == {1}
    assert table["looks"].isna().all()
    np.testing.assert_allclose(table["spent"], 0.05)
    np.testing.assert_array_equal(table["p_adjusted"], table["p"].where(table["effective_sessions"] >= 15))
    assert "Looks were planned" not in Path("metrics/table.md").read_text()


def test_before_the_first_look_the_variant_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    section = fake_grid.published_params()["significance"] | {"looks": LOOKS}
    fake_grid.write_params(seeds=SEEDS, significance=section)
    for variant in fake_grid.SKILL:
        for seed in (0, 1, 2, 3, 5, 6, 7) if variant == "da" else SEEDS:
            fake_grid.write_run("demo", variant, seed)
    said = "^demo: da has ranks of 4 of the 5 seeds of the first look; `make decide` makes the others$"
    with pytest.raises(RecoreError, match=said):
        significance.main(["demo"])
    assert not paths.SIGNIFICANCE.exists()


def test_arms_that_agree_everywhere_are_told_once(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    section = fake_grid.published_params()["significance"]
    section |= {"looks": LOOKS, "comparisons": [["ave", "trm"]]}
    variants = {"plain": {"ave": {}, "trm": {}}, "hybrid": {}}
    fake_grid.write_params(seeds=SEEDS, significance=section, variants=variants)
    table = fake_grid.cases(50)
    for seed in SEEDS:
        above = np.random.default_rng(seed).integers(0, 40, len(table))
        for variant in ("ave", "trm"):
            fake_grid.write_ranks("demo", variant, seed, table, above, np.ones(len(table)))
    fake_grid.write_split("demo")
    significance.main(["demo"])
    assert capsys.readouterr().err.count("ave and trm have the same mrr@20 everywhere") == 1
