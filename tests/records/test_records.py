"""Grids on record come from a commit of this history, and pages show them; `record check` is for what they publish."""

import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from recore import RecoreError, params
from recore.evaluation.on_record.files import load, saved
from recore.records import checkout, finish, make, render

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs/results"
FOLDERS = [folder for folder in sorted(RESULTS.iterdir()) if (folder / "params.yaml").exists()]
FINISHED = [folder for folder in FOLDERS if (folder / "provenance.json").exists()]
RANKED = [folder for folder in FOLDERS if (folder / "ranks").exists()]
NONE = pytest.param(None, marks=pytest.mark.skip(reason="no such record is here"))
FILES = {"params.yaml", "provenance.json", "results.csv", "comparisons.csv", "runs.csv", "across.csv", "breakdowns.csv"}
FILES |= {"mde.csv", "table.md", "forest.png", "seeds.png", "curves.png", "prefix_length.png", "mde.png", "gate.png"}


def named(folder: Path | None) -> str | None:
    return folder and folder.name


def git(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("folder", RANKED or [NONE], ids=named)
def test_its_cells_were_made_by_its_params_and_one_commit(folder):
    given = params.load(folder / "params.yaml")
    cells = [load(folder, *cell) for cell in saved(folder)]
    (commit,) = {cell.made["commit"] for cell in cells}
    assert git("merge-base", "--is-ancestor", commit, "HEAD").returncode == 0
    for cell in cells:
        assert all(given.at(key) == value for key, value in cell.inputs.get("params", {}).items())


@pytest.fixture(params=FINISHED or [NONE], ids=named)
def record(request) -> Path:
    return request.param


def test_its_files_are_there(record):
    there = {file.name for file in record.iterdir()}
    assert there >= FILES
    assert "report.html" not in there


def test_its_params_are_valid_today_and_its_runs_are_theirs(record):
    given = params.load(record / "params.yaml")
    cells = given.runs()
    runs = pd.read_csv(record / "runs.csv")
    taken = runs["variant"].isin(given.external())
    assert set(runs.loc[taken, "variant"]) == given.external().keys()
    named = (
        runs.loc[~taken, ["dataset", "variant", "seed"]].astype({"seed": "Int64"}).astype(object).replace({pd.NA: None})
    )
    assert list(named.itertuples(index=False, name=None)) == cells
    assert about(record)["cells"] == len(cells) == sum(made["cells"] for made in about(record)["machines"])


def test_its_commit_is_in_the_history_with_its_params(record):
    if git("rev-parse", "HEAD").returncode:
        pytest.skip("there is no git history here")
    if git("rev-parse", "--is-shallow-repository").stdout.strip() == "true":
        pytest.skip("the clone is shallow")
    commit = about(record)["commit"]
    assert git("merge-base", "--is-ancestor", commit, "HEAD").returncode == 0
    if (record / "ranks").exists():
        return  # each of its runs says its own params, to which `record check` holds the file
    then = git("show", f"{commit}:docs/results/{record.name}/params.yaml").stdout
    assert (record / "params.yaml").read_text(encoding="utf-8") == then


def about(record: Path) -> dict:
    return json.loads((record / "provenance.json").read_text())


def made_on(**changes) -> dict:
    machine = {"processor": "X", "cores": 2, "platform": "Linux", "threads": 1}
    return {"device": "cpu", "machine": machine, "versions": {"torch": "2"}} | changes


@pytest.mark.parametrize("name", ["comparisons.csv", "runs.csv"])
def test_a_file_that_a_page_lacks_comes_from_git(tmp_path, name):
    shutil.copytree(ROOT / "docs/results/reduced", tmp_path / "reduced")
    (tmp_path / "reduced" / name).unlink()
    with pytest.raises(RecoreError, match=rf"reduced/{name} does not exist; restore it from git$"):
        render.parts("<!-- rendered: verdicts -->\n<!-- end -->\n", tmp_path)


def test_a_page_shows_the_verdicts_and_where_they_come_from(tmp_path):
    page = "before\n<!-- rendered: verdicts -->\nold\n<!-- end -->\nafter\n"
    assert "\nNot on record yet: `make record NAME=reduced` makes" in render.parts(page, tmp_path)
    shutil.copytree(ROOT / "docs/results/reduced", tmp_path / "reduced")
    record = {
        "command": "make record NAME=reduced JOBS=2",
        "cells": 25,
        "machines": [made_on(cells=25)],
        "commit": "0123456789",
    }
    record |= {"wall_seconds": 7560.0, "train_seconds": 9000.0, "date": "2026-11-23"}
    (tmp_path / "reduced/provenance.json").write_text(json.dumps(record))
    text = render.parts(page, tmp_path)
    assert render.parts(text, tmp_path) == text
    assert text.startswith("before\n<!-- rendered: verdicts -->\n| Claim ")
    assert (
        "[docs/results/reduced](docs/results/reduced): `make record NAME=reduced JOBS=2`, 25 cells on 2 cores of X, "
        "2.1 h, 2026-11-23, commit `0123456`. Runs that the limit of epochs ended, so that they might have improved: "
    ) in text


def test_machines_are_counted_by_what_differs():
    gpu = made_on(device="GPU")
    found = finish.machines([made_on(epochs=1), gpu, made_on(epochs=2)])
    assert found == [made_on(cells=2), gpu | {"cells": 1}]


MADE = {"commit": "c", "dirty": False}


@pytest.mark.parametrize("cost", [{"commit": None, "dirty": False}, {"commit": "c", "dirty": True}])
def test_the_code_of_a_cell_without_a_clean_commit_must_be_proven(tmp_path, cost):
    """By the hashes in its inputs.json, which are those of the code there, and by that code being a commit's."""
    assert checkout._committed(MADE, tmp_path, proven=False) == MADE
    assert checkout._committed(cost, tmp_path, proven=True) == cost  # outside git
    repository = ["git", "-C", tmp_path, "-c", "user.name=x", "-c", "user.email=x"]
    for command in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "--message", "m"]):
        subprocess.run([*repository, *command], check=True)
    head = subprocess.run([*repository, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert checkout._committed(cost, tmp_path, proven=True) == {"commit": head, "dirty": False}
    assert checkout._committed(cost, tmp_path, proven=False) == cost
    (tmp_path / "src").mkdir()
    (tmp_path / "src/untracked.py").write_text("")
    assert checkout._committed(cost, tmp_path, proven=True) == cost


def test_a_record_starts_with_its_params(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecoreError, match=r"no_such_grid/params.yaml does not exist; copy params.yaml there"):
        make.main(["no_such_grid"])


def test_a_record_is_made_of_a_commit_and_of_one_cell_at_least_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "docs/results/mine"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "params.yaml", folder)
    with pytest.raises(RecoreError, match=r"^--jobs is 0; it is the number of cells at once, 1 or more$"):
        make.main(["mine", "--jobs", "0", "--folder", "clone"])
    assert not Path("clone").exists()
    with pytest.raises(RecoreError, match=r"^`git clone .*` failed in \."):
        make.main(["mine"])
