"""What runs recommend, from their ranks to the tables; ranks of before do not say it."""

import json
from pathlib import Path

import pandas as pd
import pytest
from builders import published_params

from recore import paths
from recore.stages import aggregate, significance

from . import fake_grid

SEEDS = (0, 1, 2)


def tell(variant: str, seed: int | None, coverage: float, popularity: float) -> None:
    file = paths.ranks("demo", variant, seed) / "meta.json"
    told = {"recommended": {"cutoff": 20, "coverage": coverage, "popularity": popularity}}
    file.write_text(json.dumps(json.loads(file.read_text()) | told))


def report() -> str:
    significance.main(["demo"])
    aggregate.main([])
    return Path("metrics/table.md").read_text()


@pytest.fixture(autouse=True)
def grid(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    variants = {"plain": {"ave": {}, "trm": {}}, "hybrid": {}, "baselines": {"pop": {}}}
    section = published_params()["significance"] | {"comparisons": [["ave", "trm"]]}
    fake_grid.write_grid(seeds=SEEDS, variants=variants, significance=section)


def test_ranks_of_before_have_no_such_column():
    assert "What is recommended" not in report()
    assert not any("coverage" in name for name in pd.read_csv("metrics/runs.csv"))


def test_coverage_and_popularity_stand_beside_the_metrics():
    for seed in SEEDS:
        tell("trm", seed, 0.5 + 0.1 * seed, 1000 + 10 * seed)
    tell("pop", None, 0.02, 2000.25)
    text = report()
    results = pd.read_csv("metrics/results.csv").set_index(["variant", "metric"])
    assert results.loc[("trm", "coverage@20"), ["n_seeds", "mean", "std"]].tolist() == pytest.approx([3, 0.6, 0.1])
    assert results.loc[("trm", "popularity@20"), ["mean", "std"]].tolist() == pytest.approx([1010, 10])
    runs = pd.read_csv("metrics/runs.csv").set_index("variant")
    assert runs.loc["pop", ["coverage@20", "popularity@20"]].tolist() == [0.02, 2000.25]
    assert runs.loc["ave", "coverage@20"].isna().all()
    section = text[text.index("## What is recommended") : text.index("## Planned comparisons")]
    cells = [[cell.strip() for cell in line.split("|")[2:-1]] for line in section.splitlines() if "| demo" in line]
    assert cells == [
        ["ave", "n/a", "n/a"],
        ["trm", "60.00 ± 10.00", "1,010.0 ± 10.0"],
        ["pop", "2.00", "2,000.2"],
    ]
