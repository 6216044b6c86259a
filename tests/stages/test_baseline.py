"""Stage baseline on a split of a few sessions: what it writes, and what its choice depends on."""

import json

import pandas as pd
import pytest
from builders import flat, published_params, random_sessions

from recore import paths
from recore.data.cases import Cases
from recore.evaluation.identity import cases_hash
from recore.evaluation.runs import read_cases, read_runs
from recore.stages import baseline

from . import fake_grid

TUNED = {"tune": {"steps": [1, 4], "own": [0, 1.0]}}
TRAIN = random_sessions(60, 20, seed=1)
VALID, TEST = random_sessions(15, 20, seed=2), random_sessions(15, 20, seed=3)


@pytest.fixture
def fitted(tmp_path, monkeypatch):
    """Runs the stage on its own split and params; gives the run's counts and its record."""
    monkeypatch.chdir(tmp_path)

    def fit(variant="sr", row=TUNED, train=TRAIN, valid=VALID, test=TEST, **of_source):
        sources = published_params()["sources"]
        sources["demo"]["train"] = of_source
        variants = {"plain": {}, "hybrid": {}, "baselines": {variant: row}}
        section = published_params()["significance"] | {"comparisons": []}
        fake_grid.write_params(variants=variants, sources=sources, significance=section)
        folder = paths.split("demo")
        folder.mkdir(parents=True, exist_ok=True)
        for name, sessions in (("train", train), ("valid", valid), ("test", test)):
            flat(sessions).save(folder, name)
        (folder / "stats.json").write_text('{"items": 20}')
        baseline.main(["demo", variant])
        (run,) = read_runs("demo", {variant: [None]})
        record = json.loads((paths.record("demo", variant, None) / "record.json").read_text())
        return run, record

    return fit


def test_ranks_are_those_of_one_run_on_the_test_set(fitted):
    run, _ = fitted()
    cases = Cases(flat(TEST), 50)
    assert run.seed is None
    assert run.test_hash == cases_hash(cases.session, cases.position, cases.target)
    assert list(read_cases("demo", "sr", None)["target"]) == list(cases.target)
    assert (run.above + run.tied <= 20).all()
    meta = json.loads((paths.ranks("demo", "sr", None) / "meta.json").read_text())
    assert (meta["dataset"], meta["variant"], meta["seed"], meta["n_items"]) == ("demo", "sr", None, 20)


def test_the_record_has_what_was_tried_and_chosen(fitted):
    _, record = fitted()
    assert record["tuned"] == ["steps", "own"]
    tried = pd.DataFrame(record["tried"])
    assert tried[["steps", "own"]].to_numpy().tolist() == [[1, 0], [1, 1], [4, 0], [4, 1]]
    best = tried.loc[tried["mrr@20"].idxmax()]
    assert record["settings"] == {"steps": best["steps"], "own": best["own"]}
    assert record["valid"] == {"mrr@20": best["mrr@20"]}
    assert tried["mrr@20"].min() < tried["mrr@20"].max()


def test_nothing_is_learnt_of_the_test_set_or_counted_on_validation(fitted):
    run, record = fitted()
    _, other = fitted(test=VALID)
    assert other == record
    fixed = {name: record["settings"][name] for name in ("steps", "own")}
    again, _ = fitted(row=fixed, valid=random_sessions(40, 20, seed=9))
    assert (again.above == run.above).all()
    assert (again.tied == run.tied).all()


def test_what_a_source_overrides_counts(fitted):
    """A prefix of one click hides the older ones; the cut-off of validation names the metric."""
    given = {"variant": "recent", "row": {}, "train": [[1, 2, 3], [1, 2, 4], [5, 6]], "test": [[5, 6, 5]]}
    shown, _ = fitted(**given)
    hidden, record = fitted(**given, model={"max_length": 1}, validation_cutoff=5)
    assert list(record["valid"]) == ["mrr@5"]
    assert (shown.above[1], shown.tied[1]) == (1, 1)  # 6 is newer
    assert (hidden.above[1], hidden.tied[1]) == (3, 3)  # 6 is newer, 1 and 2 more popular, 3 and 4 as popular


def test_equal_runs_write_equal_bytes(fitted):
    def written():  # but for what the run cost
        files = (file for file in paths.DATA.rglob("*") if file.is_file() and file.name != "cost.json")
        return {file: file.read_bytes() for file in files}

    fitted()
    first = written()
    fitted()
    assert written() == first
