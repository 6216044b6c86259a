"""Cells made elsewhere are to DVC as if it had made them, or unknown to it; DVC itself is the witness."""

import os
import shutil
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from grid.asked import change
from pipeline.conftest import Clone, ran

from recore import RecoreError, params, yaml12
from recore.commands import cells as command
from recore.grid import cells, elsewhere, recorded
from recore.records.checkout import current

pytestmark = pytest.mark.slow  # DVC runs for each

AFTER = {"significance@demo"}


def would_run(clone) -> set[str]:
    """The stages up to the tests that `dvc repro` would run now, and not take from its run cache either."""
    said = clone.run("dvc", "repro", "--dry", "significance").stdout
    return {line.split("'")[1] for line in said.splitlines() if line.startswith("Running stage")}


def recorded_stages() -> set[str]:
    return {
        name
        for name in yaml12.read(Path("dvc.lock"))["stages"]
        if not name.startswith(("download", "filter", "split", "encoders"))
    }


def run_cache() -> list[str]:
    """The commands that the run cache could restore, but for those of the data."""
    files = [file for file in Path(".dvc/cache/runs").rglob("*") if file.is_file()]
    commands = sorted(yaml12.read(file)["cmd"].partition(" -m ")[2] for file in files)
    return [
        command for command in commands if "stages.train" in command or "stages.eval" in command or ".base" in command
    ]


EVERY = {f"{stage}@demo-{v}-1" for v, s in (("trm", ""), ("hn", "_hybrid")) for stage in (f"train{s}", f"evaluate{s}")}
EVERY |= {"baseline@demo-pop"}
HYBRID = {"train_hybrid@demo-hn-1", "evaluate_hybrid@demo-hn-1"}


def test_what_is_recorded_dvc_has_not_to_make(clone):
    assert would_run(clone) == EVERY | AFTER
    found = recorded.record(cells.cells_of(params.load()))
    assert found == (5, {}, [])
    assert would_run(clone) == AFTER
    assert recorded_stages() == EVERY
    assert len(run_cache()) == 5
    assert recorded.record(cells.cells_of(params.load())) == (0, {}, [])
    assert Path("data/ranks/demo/trm/1/inputs.json").exists()


def test_the_tests_and_the_tables_can_follow_without_asking_for_every_cell(clone):
    recorded.record(cells.cells_of(params.load()))
    said = clone.run("dvc", "repro", "--single-item", "significance", "aggregate").stdout
    assert ran(said) == {"significance@demo", "aggregate"}
    assert "train" not in said
    assert clone.repro() == set()


def test_it_is_what_dvc_commit_records(clone, tmp_path):
    """Nothing that is asked once for all stages is another thing for the second of them."""
    other = Clone(tmp_path / "other")
    shutil.copytree(clone.path, other.path, symlinks=True)
    other.run("dvc", "commit", "--force", "train", "train_hybrid", "evaluate", "evaluate_hybrid", "baseline")
    recorded.record(cells.cells_of(params.load()))
    assert yaml12.read(Path("dvc.lock")) == yaml12.read(other.path / "dvc.lock")
    assert cached(clone) == cached(other)
    assert clone.status() == other.status()


def cached(clone) -> set[str]:
    cache = clone.path / ".dvc/cache"
    return {str(file.relative_to(cache)) for file in cache.rglob("*") if file.is_file()}


def test_what_many_stages_read_is_read_once(clone, monkeypatch):
    from dvc import output
    from dvc.dependency import param

    read = Counter()

    def counted(ask, first, path, *others, **named):
        read[os.path.relpath(path)] += 1
        return ask(first, path, *others, **named)

    for module, name in ((output, "build"), (param, "read_param_file")):
        monkeypatch.setattr(module, name, partial(counted, getattr(module, name)))
    recorded.record(cells.cells_of(params.load()))
    own = ("data/models/", "data/records/", "data/ranks/")
    shared = {name: times for name, times in read.items() if not name.startswith(own)}
    assert shared.pop("params.yaml") == 4  # lists of keys that the stages name
    assert shared.keys() >= {"src/recore/models", "src/recore/data/cases.py", "data/split/demo"}
    assert set(shared.values()) == {1}


def test_what_git_tracks_is_not_recorded(clone):
    clone.run("git", "add", "--force", "data/models/demo/hn/1/config.json")
    with pytest.raises(RecoreError, match=r"^DVC failed \(.*data/models/demo/hn/1.* is already tracked by SCM"):
        recorded.record(cells.cells_of(params.load()))
    assert recorded_stages() == set()


def test_what_was_recorded_comes_back_from_dvc_s_cache(clone):
    recorded.record(cells.cells_of(params.load()))
    before = {file: file.read_bytes() for file in Path("data/models").rglob("*") if file.is_file()}
    shutil.rmtree("data/models")
    clone.run("dvc", "checkout", "train@demo-trm-1", "train_hybrid@demo-hn-1")
    assert {file: file.read_bytes() for file in Path("data/models").rglob("*") if file.is_file()} == before


def test_params_that_changed_meanwhile_are_named_and_nothing_of_them_is_recorded(clone):
    """`dvc commit -f` would have recorded the cells of K = 5 as those of K = 7, and restored them as such for ever."""
    grid = {cell.variant: cell for cell in cells.cells_of(params.load())}
    change(hard_neg_k=7)
    found = recorded.record(grid.values())
    assert found.refused == {grid["hn"]: "its ranks were made with another hard_neg_k"}
    assert not [name for name in recorded_stages() if "hn" in name]
    assert not [command for command in run_cache() if " hn " in command]
    assert would_run(clone) == {"train_hybrid@demo-hn-1", "evaluate_hybrid@demo-hn-1"} | AFTER
    change(hard_neg_k=5)
    assert recorded.record(grid.values()) == (2, {}, [])
    assert would_run(clone) == AFTER


@pytest.mark.parametrize(
    ("values", "gone", "stay"),
    [
        ({"seeds": [2]}, {"trm", "hn"}, {"baseline@demo-pop"}),
        ({"variants": {"plain": {"trm": {}}, "hybrid": {}, "baselines": {"pop": {}}}}, {"hn"}, EVERY - HYBRID),
        ({"datasets": ["tmall"]}, {"trm", "hn", "pop"}, set()),
    ],
)
def test_what_params_yaml_names_no_longer_is_not_recorded_and_the_rest_is(clone, values, gone, stay):
    """Somebody drops a seed, a variant or a dataset while the cells are made."""
    grid = cells.cells_of(params.load())
    change(**values, significance=params.load().at("significance") | {"comparisons": []})
    found = recorded.record(grid)
    assert {cell.variant for cell in found.refused} == gone
    assert recorded_stages() == stay


def test_a_command_that_changed_meanwhile_is_not_recorded_as_what_made_the_cell(clone):
    """No hash in inputs.json is of dvc.yaml, and DVC would restore the cell as that of the new command."""
    grid = {cell.variant: cell for cell in cells.cells_of(params.load())}
    clone.edit("dvc.yaml", "      --objective hybrid\n", "      --objective cross_entropy\n")
    found = recorded.record(grid.values())
    assert found.refused == {grid["hn"]: "params.yaml or dvc.yaml does not name it any more, or otherwise"}
    assert recorded_stages() == EVERY - HYBRID


@pytest.mark.parametrize("kind", ["params", "code", "split", "ranks", "weights"])
def test_what_changes_while_it_is_recorded_is_not_recorded_at_all(clone, monkeypatch, kind):
    from dvc.stage import PipelineStage

    lock, save, saved = Path("dvc.lock").read_bytes(), PipelineStage.save, []

    def changing(stage, **settings):
        save(stage, **settings)
        saved.append(stage.name)
        if len(saved) < 5:
            return
        if kind == "params":
            change(hard_neg_k=7)
        else:
            name = {"code": "src/recore/models/core.py", "split": "data/split/demo/stats.json"}
            name["weights"] = "data/models/demo/hn/1/weights.safetensors"
            with Path(name.get(kind, "data/ranks/demo/hn/1/cases.parquet")).open("ab") as file:
                file.write(b"\n")

    monkeypatch.setattr(PipelineStage, "save", changing)
    with pytest.raises(RecoreError, match=r"^demo .* changed while it was recorded \(its .*\); nothing is"):
        recorded.record(cells.cells_of(params.load()))
    assert Path("dvc.lock").read_bytes() == lock
    assert run_cache() == []


@pytest.mark.parametrize(
    "file",
    [
        "ranks/demo/hn/1/cases.parquet",
        "records/demo/hn/1/history.csv",
        "ranks/demo/hn/1/inputs.json",
        "models/demo/hn/1/config.json",
    ],
)
def test_a_torn_file_is_not_recorded(clone, file):
    path = Path("data", file)
    path.write_bytes(path.read_bytes()[:-50])
    found = recorded.record(cells.cells_of(params.load()))
    assert [str(cell) for cell in found.refused] == ["demo hn 1"]
    assert recorded_stages() == {name for name in EVERY if "hn" not in name}


@pytest.mark.parametrize("kind", ["none", "other"])
def test_a_cell_without_its_weights_stays_out(clone, kind):
    """DVC could never rank it again, and would train it when the size of a batch changes."""
    weights = Path("data/models/demo/trm/1/weights.safetensors")
    weights.unlink() if kind == "none" else weights.write_bytes(b"other")
    found = recorded.record(cells.cells_of(params.load()))
    assert [str(cell) for cell in found.without_weights] == ["demo trm 1"]
    assert recorded_stages() == {name for name in EVERY if "trm" not in name}


def test_what_dvc_made_is_known_and_not_made_again(clone):
    grid = cells.cells_of(params.load())
    assert recorded.known(grid) == set()
    recorded.record(grid)
    for file in Path("data").rglob("inputs.json"):
        file.unlink()  # as DVC leaves it
    assert recorded.known(grid) == set(grid)
    assert recorded.record(grid) == (0, {}, [])
    change(hard_neg_k=7)
    assert {cell.variant for cell in recorded.known(grid)} == {"trm", "pop"}
    with Path("src/recore/variants/trm.py").open("a") as text:  # of which DVC compares a copy
        text.write("# edited\n")
    assert {cell.variant for cell in recorded.known(grid)} == {"pop"}


def test_cells_that_a_dead_driver_placed_are_taken(clone, capsys, monkeypatch):
    monkeypatch.setattr(elsewhere.Drive, "run", lambda *_: pytest.fail("nothing is to be made"))
    command.main(["--executor", "processes"])
    assert capsys.readouterr().out == "5 stages of these cells are new in dvc.lock\n"
    assert would_run(clone) == AFTER


def test_a_change_while_the_cells_are_made_is_an_error_that_names_it(clone, capsys, monkeypatch):
    def changed(*_):
        change(hard_neg_k=7)
        return []

    shutil.rmtree("data/ranks/demo/trm")  # something to be made
    monkeypatch.setattr(elsewhere.Drive, "run", changed)
    with pytest.raises(RecoreError, match=r"^1 of 3 cells were not recorded; demo hn 1: .* another hard_neg_k; run"):
        command.main(["--executor", "processes"])


@pytest.mark.parametrize("kind", ["params", "code", "command"])
def test_what_changes_before_it_is_sent_is_an_error_that_names_it(clone, monkeypatch, kind):
    """Workers would find other inputs than they were asked for, and be sent the same again."""

    def changing(unmade):
        if kind == "params":
            change(hard_neg_k=7)
        elif kind == "code":
            clone.edit("src/recore/models/core.py", "import", "import sys\nimport")
        else:
            clone.edit("dvc.yaml", "      --objective hybrid\n", "      --objective cross_entropy\n")
        return set()

    shutil.rmtree("data/ranks/demo/hn")
    monkeypatch.setattr(recorded, "known", changing)
    monkeypatch.setattr(elsewhere.Drive, "run", lambda *_: pytest.fail("nothing is to be made"))
    said = {"params": "hard_neg_k", "code": "src/recore/models", "command": "what params.yaml or dvc.yaml says of it"}
    with pytest.raises(RecoreError, match=f"^demo hn 1: {said[kind]} changed while this began, so nothing was made"):
        command.main(["--executor", "processes"])


def test_what_could_not_be_made_is_told_also_where_something_could_not_be_recorded(clone, monkeypatch):
    def gave_up(_, tasks):
        change(hard_neg_k=7)
        (task,) = tasks
        task.said = "it failed"
        return [task]

    shutil.rmtree("data/ranks/demo/trm")
    monkeypatch.setattr(elsewhere.Drive, "run", gave_up)
    with pytest.raises(RecoreError) as told:
        command.main(["--executor", "processes"])
    first, second, third = str(told.value).splitlines()
    assert first == "1 of 3 cells could not be made; the others are"
    assert second == "demo trm 1: it failed"
    assert third.startswith("1 of 2 cells were not recorded; demo hn 1: its ranks were made with another hard_neg_k")


def test_where_there_is_no_dvc_the_lock_is_left_alone(clone, capsys, monkeypatch):
    lock = Path("dvc.lock").read_bytes()
    with monkeypatch.context() as patch:
        for name in [name for name in sys.modules if name.partition(".")[0] == "dvc"]:
            patch.delitem(sys.modules, name)
        patch.setitem(sys.modules, "dvc", None)
        command.main(["--executor", "processes"])
    assert capsys.readouterr().out == "no DVC here, so dvc.lock was left alone\n"
    shutil.rmtree(".dvc")
    shutil.rmtree(".git")
    assert recorded.record(cells.cells_of(params.load())) is None
    assert recorded.known(cells.cells_of(params.load())) == set()
    assert Path("dvc.lock").read_bytes() == lock


def test_a_record_takes_both_what_dvc_made_and_what_it_did_not(clone):
    recorded.record(cells.cells_of(params.load()))
    Path("data/ranks/demo/hn/1/inputs.json").unlink()
    assert current(clone.path) == [("demo", "pop", None), ("demo", "trm", 1), ("demo", "hn", 1)]
    with Path("data/ranks/demo/hn/1/cases.parquet").open("ab") as file:
        file.write(b"x")
    assert current(clone.path) == [("demo", "pop", None), ("demo", "trm", 1)]
