"""Grids on record: docs/results/NAME is whole, agrees with itself and comes from a commit of this history."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import record as recording
import render

from recore import RecoreError, params
from recore.records.gather import in_order
from recore.records.page import page
from recore.records.store import load, saved

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs/results"
FOLDERS = [folder for folder in sorted(RESULTS.iterdir()) if (folder / "params.yaml").exists()]
FOLDERS = [folder for folder in FOLDERS if folder.name != "sensitivity"]  # a sweep: see test_sensitivity.py
GROWING = [folder for folder in FOLDERS if (folder / "ranks").exists() and not (folder / "record.json").exists()]
FOLDERS = [folder for folder in FOLDERS if folder not in GROWING]
NONE = pytest.param(None, marks=pytest.mark.skip(reason="no grid is on record yet"))
FILES = {"params.yaml", "record.json", "results.csv", "comparisons.csv", "runs.csv", "across.csv", "breakdowns.csv"}
FILES |= {"mde.csv", "table.md", "forest.png", "seeds.png", "curves.png", "prefix_length.png", "mde.png", "gate.png"}


@pytest.fixture(params=FOLDERS or [NONE], ids=lambda folder: folder and folder.name)
def record(request) -> Path:
    if {file.name for file in request.param.iterdir()} == {"params.yaml"}:
        pytest.skip(f"{request.param.name} has not been run yet")
    return request.param


def git(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)


def recomputed(folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, RESULTS / "recompute.py", folder], capture_output=True, text=True)


@pytest.mark.parametrize("folder", GROWING or [NONE], ids=lambda folder: folder and folder.name)
def test_a_growing_record_is_whole_as_far_as_it_goes(folder):
    given = params.load(folder / "params.yaml")
    # Every byte is what was recorded.
    cells = in_order([load(folder, *cell) for cell in saved(folder)], given)
    (commit,) = {cell.record["commit"] for cell in cells}
    assert git("merge-base", "--is-ancestor", commit, "HEAD").returncode == 0
    for cell in cells:
        assert all(given.at(key) == value for key, value in cell.inputs["params"].items())
    assert (folder / "cells.md").read_text(encoding="utf-8") == page(folder.name, given, cells)


def test_its_files_are_there(record):
    expected = FILES | ({"report.html"} if about(record)["report"] == "report.html" else set())
    assert expected <= {file.name for file in record.iterdir()}


def test_its_params_are_valid_today_and_its_runs_are_theirs(record):
    given = params.load(record / "params.yaml")
    variants = [variant for rows in given.at("variants").values() for variant in rows]
    cells = [(d, v, s) for d in given.at("datasets") for v in variants for s in given.at("seeds")]
    runs = pd.read_csv(record / "runs.csv")
    assert list(runs[["dataset", "variant", "seed"]].itertuples(index=False, name=None)) == cells
    assert about(record)["cells"] == len(cells) == sum(made["cells"] for made in about(record)["machines"])


def test_its_results_follow_from_its_runs(record):
    result = recomputed(record)
    assert result.returncode == 0, result.stdout + result.stderr


def test_its_commit_is_in_the_history_with_its_params(record):
    if git("rev-parse", "HEAD").returncode:
        pytest.skip("there is no git history here")
    if git("rev-parse", "--is-shallow-repository").stdout.strip() == "true":
        pytest.skip("the clone is shallow")
    commit = about(record)["commit"]
    assert git("merge-base", "--is-ancestor", commit, "HEAD").returncode == 0
    then = git("show", f"{commit}:docs/results/{record.name}/params.yaml").stdout
    assert (record / "params.yaml").read_text(encoding="utf-8") == then


def about(record: Path) -> dict:
    return json.loads((record / "record.json").read_text())


@pytest.fixture
def copy(tmp_path) -> Path:
    """Tables as a record holds them: those of the demo in metrics/."""
    for file in ("results.csv", "runs.csv", "table.md"):
        shutil.copy(ROOT / "metrics" / file, tmp_path)
    return tmp_path


def test_recompute_agrees_with_what_aggregate_wrote(copy):
    result = recomputed(copy)
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"largest difference: \d\.\de-1\d ", result.stdout)


@pytest.mark.parametrize("column", ["mean", "std", "n_seeds"])
def test_recompute_finds_a_number_that_its_runs_do_not_bear(copy, column):
    results = pd.read_csv(copy / "results.csv")
    results.loc[7, column] += 1 if column == "n_seeds" else 1e-6
    results.to_csv(copy / "results.csv", index=False)
    assert recomputed(copy).returncode == 1


@pytest.mark.parametrize("file", ["results.csv", "runs.csv"])
def test_recompute_finds_a_missing_row(copy, file):
    table = pd.read_csv(copy / file)
    table[table["variant"] != "da"].to_csv(copy / file, index=False)
    assert recomputed(copy).returncode == 1


def made_on(**changes) -> dict:
    machine = {"processor": "X", "cores": 2, "platform": "Linux", "threads": 1}
    return {"device": "cpu", "machine": machine, "versions": {"torch": "2"}} | changes


def test_the_readme_shows_figure_origin_and_table(tmp_path, copy):
    folder = tmp_path / "docs/results/cpu"
    folder.mkdir(parents=True)
    shutil.copy(copy / "table.md", folder)
    readme = "before\n<!-- rendered from docs/results/cpu -->\nold\n<!-- end -->\nafter\n"
    assert "\nNot on record yet: `make record NAME=cpu` makes" in render.rendered(readme, tmp_path)
    record = {
        "command": "make record NAME=cpu JOBS=2",
        "cells": 25,
        "machines": [made_on(cells=25)],
        "commit": "0123456789",
    }
    record |= {"wall_seconds": 7560.0, "train_seconds": 9000.0, "date": "2026-11-23"}
    (folder / "record.json").write_text(json.dumps(record))
    text = render.rendered(readme, tmp_path)
    assert render.rendered(text, tmp_path) == text
    assert text.startswith("before\n<!-- rendered from docs/results/cpu -->\n![")
    assert "](docs/results/cpu/forest.png)\n" in text
    assert (
        "[docs/results/cpu](docs/results/cpu): `make record NAME=cpu JOBS=2`, 25 cells on 2 cores of X, 2.1 h, "
        "2026-11-23, commit `0123456`.\n"
    ) in text
    restated = render.origin("f", record | {"restated": {"rule": "r", "date": "2026-11-28"}})
    assert restated.endswith(
        "; p, intervals and verdicts restated on 2026-11-28 by the test's newer rule, without ranks."
    )
    kept = [line for line in text.splitlines() if line.startswith(("|", "### ", "- "))]
    assert [line.removeprefix("#") for line in kept] == [
        line for line in (folder / "table.md").read_text().splitlines() if line
    ]


def test_machines_are_counted_by_what_differs():
    gpu = made_on(device="GPU")
    found = recording.machines([made_on(epochs=1), gpu, made_on(epochs=2)])
    assert found == [made_on(cells=2), gpu | {"cells": 1}]


def test_cells_that_name_one_clean_commit_are_of_it(tmp_path):
    clean = {"commit": "c", "dirty": False}
    assert recording.commit_of(tmp_path, [clean, clean]) == "c"


@pytest.mark.parametrize(
    "records",
    [
        [{"commit": "c", "dirty": False}, {"commit": "c", "dirty": True}],
        [{"commit": "c", "dirty": False}, {"commit": "d", "dirty": False}],
        [{"commit": None, "dirty": False}],
    ],
)
def test_other_cells_must_prove_their_code(tmp_path, records):
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "src").mkdir()
    (tmp_path / "src/untracked.py").write_text("")
    with pytest.raises(RecoreError, match=r"do not name one clean commit, and nothing shows"):
        recording.commit_of(tmp_path, records)


def test_a_record_starts_with_its_params():
    with pytest.raises(RecoreError, match=r"no_such_grid/params.yaml does not exist; copy params.yaml there"):
        recording.main(["no_such_grid"])
