"""Grids put on record in clones: run by the command, or brought from a machine that has neither DVC nor git."""

import json
import shutil
import sys

import pytest

from .conftest import Clone

pytestmark = pytest.mark.slow

PROGRAM = ("python", "-m", "recore")
RECORD = (*PROGRAM, "record")
SOURCE = {"PYTHONPATH": "src"}
TESTS = ("dvc", "repro", "--single-item", "significance", "aggregate")


@pytest.fixture
def elsewhere(clone, tmp_path):
    """The cells of the clone made in a bare copy of code, params and split; the clone itself keeps no results."""
    copy = tmp_path / "elsewhere"
    for name in ("src", "data/split"):
        shutil.copytree(clone.path / name, copy / name)
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(clone.path / name, copy)
    for name in ("data/models", "data/ranks", "data/records", "data/significance", "metrics", "plots"):
        shutil.rmtree(clone.path / name)
    (clone.path / "dvc.lock").unlink()
    Clone(copy).run(sys.executable, "-m", "recore", "cells", "--no-weights", PATH=str(copy), **SOURCE)
    return copy


def bring(elsewhere, clone) -> None:
    for name in ("data/ranks", "data/records"):
        shutil.copytree(elsewhere / name, clone.path / name)


def test_cells_made_without_dvc_give_the_tables_of_dvc(elsewhere, clone, finished):
    assert not list(elsewhere.rglob("*.safetensors"))
    bring(elsewhere, clone)
    clone.run("python", "-m", "recore", "cells", "--check", **SOURCE)
    clone.run(*TESTS)
    for file in (
        "data/ranks/demo/hn/2/cases.parquet",
        "data/ranks/demo/sr/none/cases.parquet",
        "metrics/table.md",
        "metrics/runs.csv",
        "metrics/comparisons.csv",
    ):
        assert (clone.path / file).read_bytes() == (finished.path / file).read_bytes()

    clone.run(*RECORD, "from", "tiny", ".", **SOURCE)
    record = json.loads(clone.read("docs/results/tiny/provenance.json"))
    assert record["commit"] == clone.run("git", "rev-parse", "HEAD").stdout.strip()
    assert record["command"] == "python -m recore cells"
    assert (record["cells"], record["jobs"], record["wall_seconds"]) == (6, None, None)


def test_results_of_other_code_or_params_are_not_taken(elsewhere, clone):
    bring(elsewhere, clone)
    clone.run(*TESTS)
    clone.edit("src/recore/data/cases.py", '"""', '"""Changed. ')
    refused = clone.run(*RECORD, "from", "tiny", ".", ok=False, **SOURCE)
    assert ". has no cell that is up to date" in refused.stderr
    assert not (clone.path / "docs/results/tiny").exists()
    clone.run("git", "checkout", "--quiet", "src")
    clone.params(lambda tree: tree.update(hard_neg_k=1))
    taken = clone.run(*RECORD, "from", "tiny", ".", **SOURCE)
    assert taken.stdout.splitlines()[-1] == "4 cells taken over; docs/results/tiny has 4 of 6"  # all but those of hn


def test_results_of_code_that_is_not_committed_are_no_record(clone):
    for name in ("data/models", "data/ranks", "data/records"):
        shutil.rmtree(clone.path / name)
    clone.edit("src/recore/training/loop.py", '"""', '"""Changed. ')
    clone.run("python", "-m", "recore", "cells", "--no-weights", **SOURCE)
    clone.run(*TESTS)
    refused = clone.run(*RECORD, "from", "tiny", ".", ok=False, **SOURCE)
    assert "was not made by a clean commit; make the cell again, in a clone without changes" in refused.stderr
    assert not (clone.path / "docs/results/tiny").exists()


def test_a_grid_is_recorded_from_a_clean_clone(clone, finished, tmp_path):
    folder = clone.path / "docs/results/tiny"
    folder.mkdir()
    (folder / "notes.md").write_text("kept")
    (folder / "own.csv").write_text("kept")
    shutil.copy(clone.path / "params.yaml", folder)
    clone.edit("docs/results/tiny/params.yaml", "hard_neg_k: 5", "hard_neg_k: 2")
    clone.edit("params.yaml", "hard_neg_k: 5", "hard_neg_k: 7")  # not the record's

    broken = "raise SystemExit(1)"
    clone.edit("src/recore/stages/filter.py", "checked = params.load()", broken)
    clone.commit()
    assert "`make grid` failed in" in clone.run(*RECORD, "make", "tiny", ok=False, **SOURCE).stderr
    clone.edit("src/recore/stages/filter.py", broken, "checked = params.load()")
    clone.commit()
    assert {file.name for file in folder.iterdir()} == {"params.yaml", "notes.md", "own.csv"}

    kept = tmp_path / "kept"
    for attempt in (1, 2):
        clone.run(*RECORD, "make", "tiny", "--jobs", "1", "--folder", str(kept), **SOURCE)
        record = json.loads(clone.read("docs/results/tiny/provenance.json"))
        assert record["attempts"] == attempt
    assert record["command"] == "make record NAME=tiny JOBS=1"
    assert record["commit"] == clone.run("git", "rev-parse", "HEAD").stdout.strip()
    assert (record["cells"], record["threads"]) == (6, 1)
    assert [machine["cells"] for machine in record["machines"]] == [4, 2]
    assert min(record[key] for key in ("wall_seconds", "train_seconds", "peak_memory_bytes", "data_bytes")) > 0
    assert {"table.md", "forest.png", "contributions.csv", "contributions.png", "notes.md"} < {
        file.name for file in folder.iterdir()
    }
    assert (folder / "own.csv").read_text() == "kept"
    assert "hard_neg_k: 2" in (folder / "params.yaml").read_text()
    assert "table.md: the same, byte for byte" in clone.run(*RECORD, "check", "tiny", **SOURCE).stdout
    same, other = (folder / "runs.csv").read_text(), (finished.path / "metrics/runs.csv").read_text()
    assert [line for line in same.splitlines() if ",trm," in line] == [
        line for line in other.splitlines() if ",trm," in line
    ]
    assert same != other

    clone.commit()
    other_commit = clone.run(*RECORD, "make", "tiny", "--folder", str(kept), ok=False, **SOURCE)
    assert "is another commit than" in other_commit.stderr


def test_a_record_stands_for_runs_that_are_not_trained_again(clone):
    """The runs of trm, once they are on record, beside the same ones trained: a comparison of equals."""
    clone.run(*RECORD, "from", "tiny", ".", **SOURCE)
    assert json.loads(clone.read("docs/results/tiny/provenance.json"))["command"] == "dvc repro"
    assert clone.changed() == set()

    def take(tree) -> None:
        tree["variants"] = {
            "plain": {},
            "hybrid": {"hn": {}},
            "external": {v: {"record": "tiny", "variant": of} for v, of in (("kept", "trm"), ("counted", "sr"))},
        }
        tree["significance"]["comparisons"] = [["hn", "kept"]]

    trained = clone.read("metrics/comparisons.csv")
    clone.params(take)
    assert clone.repro() == {
        "encoders",
        "external@demo-kept",
        "external@demo-counted",
        "significance@demo",
        "aggregate",
    }
    assert clone.read("metrics/comparisons.csv") == trained.replace(",trm,", ",kept,")
    assert "kept has ranks of trm in record tiny, seeds 1, 2" in clone.run(*PROGRAM, "check", **SOURCE).stdout
    assert clone.changed() == set()
    clone.edit("docs/results/tiny/table.md", "demo", "Demo")
    assert clone.changed() == {"external@demo-kept", "external@demo-counted"}
