"""Grids at the edge, from significance to the report: what cannot be said is n/a, and nothing warns."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recore.stages import aggregate, significance

from . import fake_grid

pytestmark = pytest.mark.filterwarnings("error")

TWO = {"plain": {"ave": {}, "trm": {}}, "hybrid": {}}
MANY = (1, 2, 3, 4, 5) * 5  # cases of each session


def cases(sizes) -> pd.DataFrame:
    session = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    position = np.concatenate([np.arange(1, size + 1) for size in sizes]).astype(np.int32)
    return pd.DataFrame({"session": session, "position": position, "target": (session % 300 + 1).astype(np.int32)})


def drawn(variant: str, seed: int, n: int, below: int = 40) -> np.ndarray:
    return np.random.default_rng([seed, *map(ord, variant)]).integers(0, below, n)


def report(above, sizes=MANY, seeds=range(5), comparisons=(("ave", "trm"),)) -> str:
    """Writes ranks, above(variant, seed, n), of runs with weights of their own; returns table.md."""
    section = fake_grid.published_params()["significance"]
    section |= {"comparisons": [list(pair) for pair in comparisons]}
    fake_grid.write_params(seeds=tuple(seeds), variants=TWO, significance=section)
    table = cases(sizes)
    for variant in TWO["plain"]:
        for seed in seeds:
            ranks = above(variant, seed, len(table))
            fake_grid.write_ranks(
                *("demo", variant, seed, table, ranks, np.ones(len(table))), weights_hash=f"{variant} {seed}"
            )
            fake_grid.write_record("demo", variant, seed)
    fake_grid.write_split("demo")
    significance.main(["demo"])
    aggregate.main([])
    json.loads(Path("metrics/summary.json").read_text(), parse_constant=pytest.fail)  # NaN is no JSON
    return Path("metrics/table.md").read_text()


def rows(text: str, title: str) -> list[list[str]]:
    """The cells of a table of the report, without its head."""
    lines = text.split(f"## {title}")[1].split("\n##")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| demo ")]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("above", "shown"),
    [
        (lambda variant, seed, n: 20 + drawn(variant, seed, n), ["0.00 ± 0.00", "0.00 ± 0.00", "n/a"]),
        pytest.param(lambda variant, seed, n: np.zeros(n), ["100.00 ± 0.00"] * 3, marks=pytest.mark.slow),
        pytest.param(
            lambda variant, seed, n: np.full(n, 1 if variant == "ave" else 0),
            ["100.00 ± 0.00", "50.00 ± 0.00"],
            marks=pytest.mark.slow,
        ),
    ],
    ids=["no hit", "always first", "always second"],
)
def test_runs_that_never_vary_are_measured_and_have_no_p(above, shown):
    text = report(above)
    assert rows(text, "Results")[0][2 : 2 + len(shown)] == shown
    for row in rows(text, "Planned comparisons"):
        assert row[4:] == ["n/a", "n/a (these runs only: n/a)", "n/a", "n/a", "n/a"]
    assert "- A difference that is the same in every run and session gives no p" in text
    assert "- demo, ave: every seed has the same value of every metric, so ± is 0.00" in text
    assert "every other comparison has at least" not in text
    said = "demo: ave against trm by MRR@20: no verdict with a difference that is the same in every run and session."
    assert said in Path("plots/report.html").read_text()


def test_a_ratio_that_a_seed_lacks_has_no_mean():
    text = report(lambda variant, seed, n: drawn(variant, seed, n) + (20 if variant == "ave" and seed == 3 else 0))
    assert [row[4] == "n/a" for row in rows(text, "Results")] == [True, False]
    runs, results = pd.read_csv("metrics/runs.csv"), pd.read_csv("metrics/results.csv").set_index(["variant", "metric"])
    assert runs["mrr@20/recall@20"].isna().tolist() == [False] * 3 + [True] + [False] * 6
    lacking = results.loc[("ave", "mrr@20/recall@20")]
    assert lacking[["mean", "std", "min", "max", "mean_over_sessions"]].isna().all()
    assert (lacking["n_seeds"], results.loc[("ave", "recall@20"), "n_seeds"]) == (5, 5)


def test_seeds_that_rank_alike_are_counted_and_told():
    text = report(lambda variant, seed, n: drawn(variant, 0, n), sizes=(1,) * 400)
    (row,) = pd.read_csv("metrics/comparisons.csv").query("metric == 'recall@20'").to_dict("records")
    assert (row["level"], row["sd_seed"], row["df"]) == ("confirmed", 0, 399)
    assert row["p"] == pytest.approx(row["p_sessions"])
    assert np.isnan(row["p_seeds"])
    assert "- demo, trm: every seed has the same value of every metric" in text


@pytest.mark.slow
@pytest.mark.usefixtures("rendered")
@pytest.mark.parametrize("seeds", [1, 2, 5])
@pytest.mark.parametrize("comparisons", [(), (("ave", "trm"),)])
@pytest.mark.parametrize(
    ("sizes", "first", "below"),
    [(MANY, 100, 40), (MANY, 5, 40), (MANY, 0, 5), (MANY, 0, 1), ((1,), 0, 40), ((5,), 0, 40), ((1, 1), 30, 9)],
    ids=["no hit", "no hit at 5", "always a hit", "always first", "one case", "one session", "two cases, no hit"],
)
def test_every_edge_comes_through(seeds, comparisons, sizes, first, below):
    text = report(lambda v, s, n: first + drawn(v, s, n, below), sizes, range(seeds), comparisons)
    assert len(rows(text, "Results")) == 2
