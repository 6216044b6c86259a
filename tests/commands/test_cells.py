"""The way in for machines without DVC: the same ranks, nothing made twice, nothing stale taken for current."""

import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from split_demo import split_demo

from recore import RecoreError, params, yaml12
from recore.commands import cells
from recore.grid import cells as grid_cells
from recore.stages import evaluate, train

ROOT = Path(__file__).parents[2]
ORDER = ["demo trm 1", "demo hn 1", "demo trm 2", "demo hn 2"]


def change(**values) -> None:
    tree = yaml12.read(Path("params.yaml"))
    Path("params.yaml").write_text(yaml12.dump(tree | values))


def small(tree) -> None:
    """trm and hn, two seeds, one epoch."""
    tree |= {"datasets": ["demo"], "seeds": [1, 2], "variants": {"plain": {"trm": {}}, "hybrid": {"hn": {}}}}
    tree["sources"]["demo"]["fetch"] |= {"sessions": 120, "items": 25}
    tree["sources"]["demo"]["train"] |= {"epochs": 1}
    tree["train"] |= {"threads": 1}
    tree["significance"]["comparisons"] = [["hn", "trm"]]


@pytest.fixture(scope="module")
def split_folder(tmp_path_factory):
    return split_demo(tmp_path_factory.mktemp("cells"), small)


@pytest.fixture(scope="module")
def made_folder(split_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "checkout"
    shutil.copytree(split_folder, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run()
    return folder


@pytest.fixture
def unmade(split_folder, tmp_path, monkeypatch):
    return entered(split_folder, tmp_path, monkeypatch)


@pytest.fixture
def made(made_folder, tmp_path, monkeypatch):
    return entered(made_folder, tmp_path, monkeypatch)


def entered(folder, tmp_path, monkeypatch) -> Path:
    shutil.copytree(folder, tmp_path / "checkout")
    monkeypatch.chdir(tmp_path / "checkout")
    return tmp_path / "checkout"


def run(*arguments: str) -> None:
    grid_cells.forget()  # each run is a process of its own
    cells.main(["--device", "cpu", *arguments])


def lines(capsys) -> dict[str, str]:
    """What a run said of each cell."""
    return dict(re.split(r"(?: \(\d of \d\))?: ", line, maxsplit=1) for line in capsys.readouterr().out.splitlines())


def remade(capsys) -> set[str]:
    said = lines(capsys)
    assert list(said) == ORDER
    return {cell for cell, what in said.items() if what != "up to date"}


def test_the_ranks_are_those_of_the_stages_one_by_one(made, split_folder, tmp_path, monkeypatch):
    alone = entered(split_folder, tmp_path / "alone", monkeypatch)
    for variant, objective in (("hn", ["--objective", "hybrid"]), ("trm", [])):  # in another order, too
        for seed in ("2", "1"):
            train.main(["demo", variant, seed, *objective, "--device", "cpu"])
            evaluate.main(["demo", variant, seed, "--device", "cpu"])
            for file in (f"ranks/demo/{variant}/{seed}/cases.parquet", f"models/demo/{variant}/{seed}/config.json"):
                assert (made / "data" / file).read_bytes() == (alone / "data" / file).read_bytes()


def test_a_finished_grid_is_left_alone(made, capsys):
    before = {file: file.stat().st_mtime_ns for file in Path("data").rglob("*")}
    run()
    assert remade(capsys) == set()
    assert {file: file.stat().st_mtime_ns for file in Path("data").rglob("*")} == before


def test_a_killed_run_continues_with_what_is_missing(unmade, made_folder, capsys, monkeypatch):
    def killed(arguments, ranked=evaluate.main):
        if "hn" in arguments:
            raise KeyboardInterrupt
        ranked(arguments)

    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "main", killed)
        with pytest.raises(KeyboardInterrupt):
            run()
    assert (unmade / "data/models/demo/hn/1").exists()  # trained, not ranked
    assert list(lines(capsys)) == ["demo trm 1"]
    run()
    assert remade(capsys) == {"demo hn 1", "demo trm 2", "demo hn 2"}
    for file in (made_folder / "data").rglob("cases.parquet"):
        assert (unmade / file.relative_to(made_folder)).read_bytes() == file.read_bytes()


def test_ranks_of_before_are_not_those_of_a_later_training(made, monkeypatch):
    """Trained with another number, killed before it was ranked, the number put back: the record is no longer theirs."""
    original = Path("params.yaml").read_text()
    changed = yaml12.read(Path("params.yaml")) | {"hard_neg_k": 3}
    Path("params.yaml").write_text(yaml12.dump(changed))
    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "main", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            run()
    Path("params.yaml").write_text(original)
    with pytest.raises(RecoreError, match="1 of 4 cells are not those of this checkout"):
        run("--check")


def _interrupted(_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("file", ["ranks/demo/hn/2/inputs.json", "ranks/demo/hn/2/cases.parquet", "records/demo/hn/2"])
def test_a_half_made_cell_is_redone(made, capsys, file):
    path = made / "data" / file
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    run()
    assert remade(capsys) == {"demo hn 2"}


@pytest.mark.parametrize(
    ("file", "spoil", "said"),
    [
        (
            "ranks/demo/hn/2/cases.parquet",
            lambda content: content[: len(content) // 2],
            "cases.parquet was torn or alt",
        ),
        ("ranks/demo/hn/2/meta.json", lambda content: content.replace(b"hn", b"trm"), "meta.json was torn or altered"),
        ("records/demo/hn/2/history.csv", lambda content: content[:-3], "history.csv was torn or altered"),
        ("records/demo/hn/2/record.json", lambda content: b"", "record.json was torn or altered"),
        (
            "models/demo/hn/2/config.json",
            lambda content: json.dumps(json.loads(content) | {"best_epoch": 7}).encode(),
            "config.json was torn or altered",
        ),
        ("ranks/demo/hn/2/inputs.json", lambda content: content[:-3], "its inputs.json was torn"),
        (
            "ranks/demo/hn/2/inputs.json",
            lambda content: json.dumps({k: v for k, v in json.loads(content).items() if k != "outputs"}).encode(),
            "its inputs.json is of older code, without hashes",
        ),
    ],
)
def test_a_torn_or_altered_file_does_not_count(made, capsys, file, spoil, said):
    path = Path("data", file)
    whole = path.read_bytes()
    path.write_bytes(spoil(whole))
    with pytest.raises(RecoreError, match="1 of 4 cells are not those of this checkout"):
        run("--check")
    assert said in lines(capsys)["demo hn 2"]
    run()
    assert remade(capsys) == {"demo hn 2"}
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("values", "cell"),
    [({"hard_neg_k": 3}, "hn"), ({"variants": {"plain": {"trm": {"layers": 1}}, "hybrid": {"hn": {}}}}, "trm")],
)
def test_a_changed_number_remakes_the_cells_that_read_it(made, capsys, values, cell):
    change(**values)
    run()
    assert remade(capsys) == {f"demo {cell} 1", f"demo {cell} 2"}


def test_a_changed_command_remakes_the_cells_of_its_stage(made, capsys):
    text = Path("dvc.yaml").read_text()
    Path("dvc.yaml").write_text(text.replace("--objective hybrid", "--objective cross_entropy", 1))
    with pytest.raises(RecoreError, match="2 of 4 cells are not those of this checkout"):
        run("--check")
    said = "its ranks were made with another command of train_hybrid"
    assert {cell: what for cell, what in lines(capsys).items() if what != "up to date"} == {
        f"demo hn {seed}": said for seed in (1, 2)
    }


def test_what_older_code_made_counts_without_its_commands(made, capsys):
    """It kept no hash of a model's description either, of which the variant and the seed are asked then."""
    for file in Path("data/ranks").rglob("inputs.json"):
        inputs = json.loads(file.read_text())
        del inputs["commands"], inputs["outputs"]["config.json"]
        file.write_text(json.dumps(inputs))
    run("--check")
    assert lines(capsys) == dict.fromkeys(ORDER, "up to date")
    shutil.copy("data/models/demo/hn/1/config.json", "data/models/demo/hn/2/config.json")
    Path("data/models/demo/trm/2/config.json").unlink()
    with pytest.raises(RecoreError, match="1 of 4 cells are not those of this checkout"):
        run("--check")
    assert lines(capsys)["demo hn 2"] == "its config.json was torn or altered"


def test_what_no_cell_reads_remakes_none(made, capsys):
    change(significance=yaml12.read(Path("params.yaml"))["significance"] | {"alpha": 0.01})
    Path("src/recore/reporting/style.py").write_text("")
    Path("src/recore/models/__pycache__").mkdir()
    Path("src/recore/models/__pycache__/core.pyc").write_text("compiled")
    run()
    assert remade(capsys) == set()


@pytest.mark.parametrize(
    ("file", "cells_of_it"),
    [
        ("src/recore/variants/hn.py", {"demo hn 1", "demo hn 2"}),
        ("src/recore/models/core.py", set(ORDER)),
        ("data/split/demo/stats.json", set(ORDER)),
    ],
)
def test_other_code_or_data_is_named_by_check_and_nothing_is_made(made, capsys, file, cells_of_it):
    Path(file).write_text(Path(file).read_text() + "\n")
    before = {file: file.stat().st_mtime_ns for file in Path("data").rglob("*")}
    with pytest.raises(RecoreError, match=rf"^{len(cells_of_it)} of 4 cells are not those of this checkout; make them"):
        run("--check")
    said = lines(capsys)
    changed = {cell for cell, what in said.items() if what != "up to date"}
    assert changed == cells_of_it
    assert all(
        said[cell].endswith(tuple(parent for parent in (file, *map(str, Path(file).parents)))) for cell in changed
    )
    assert {file: file.stat().st_mtime_ns for file in Path("data").rglob("*")} == before


def test_check_of_a_finished_grid_passes(made, capsys):
    run("--check")
    assert lines(capsys) == dict.fromkeys(ORDER, "up to date")


def test_without_weights_the_rest_stays_and_nothing_is_made_again(made, capsys):
    run("--no-weights")
    assert not list(Path("data").rglob("*.safetensors"))
    assert len(list(Path("data/models").rglob("config.json"))) == 4
    run()
    assert remade(capsys) == set()


def test_a_baseline_is_a_cell_of_one_command(made, capsys):
    """It is made first, without a device, and again where its own params, code or files are others."""
    variants = yaml12.read(Path("params.yaml"))["variants"]
    change(variants=variants | {"baselines": {"sr": {"tune": {"steps": [1, 5]}}}})
    run("--no-weights")
    assert next(iter(lines(capsys))) == "demo sr none"
    assert set(json.loads(Path("data/ranks/demo/sr/none/inputs.json").read_text())["outputs"]) == {
        *("cases.parquet", "meta.json", "record.json")
    }
    run("--check")
    assert lines(capsys) == dict.fromkeys(["demo sr none", *ORDER], "up to date")
    change(variants=variants | {"baselines": {"sr": {"steps": 5}}})
    run()
    assert lines(capsys).pop("demo sr none").endswith("since its ranks were made with another variants.baselines.sr")
    Path("src/recore/baselines/sr.py").write_text(Path("src/recore/baselines/sr.py").read_text() + "\n")
    run("--dataset", "demo")
    said = lines(capsys)
    assert said.pop("demo sr none").endswith("since its ranks were made with another src/recore/baselines/sr.py")
    Path("data/records/demo/sr/none/record.json").write_text("{")
    run()
    again = lines(capsys)
    assert again.pop("demo sr none").endswith("since its record.json was torn or altered")
    assert said == again == dict.fromkeys(ORDER, "up to date")


def test_params_that_change_while_cells_are_made_end_the_command(unmade, capsys, monkeypatch):
    """A stage reads params.yaml when its turn comes, and what it made must not stand beside the inputs of the start."""
    original = Path("params.yaml").read_text()
    trained = train.main

    def edited(arguments):
        trained(arguments)
        if "hn" in arguments:
            change(hard_neg_k=3)

    monkeypatch.setattr(train, "main", edited)
    sentence = "demo hn 1 is not made, since hard_neg_k changed after this command began; run it again"
    with pytest.raises(RecoreError, match=f"^{sentence}$"):
        run()
    Path("params.yaml").write_text(original)
    assert list(lines(capsys)) == ["demo trm 1"]
    with pytest.raises(RecoreError, match="3 of 4 cells are not those of this checkout"):
        run("--check")


def test_a_split_that_changed_meanwhile_costs_no_training(unmade, monkeypatch):
    hashed = grid_cells.outputs

    def edited(cell):
        """The last thing that is done for a cell."""
        stats = Path("data/split/demo/stats.json")
        stats.write_text(stats.read_text() + "\n")
        return hashed(cell)

    monkeypatch.setattr(grid_cells, "outputs", edited)
    with pytest.raises(RecoreError, match=r"^demo hn 1 is not made, since data/split/demo changed after this command"):
        run()
    assert not Path("data/models/demo/hn").exists()


def test_the_code_is_that_of_the_start(unmade, monkeypatch):
    """What a cell runs is imported before the first one is made: a file that changes later is not read."""
    needed = ("recore.variants.trm", "recore.variants.hn", "recore.stages.evaluate")
    for module in needed:
        monkeypatch.delitem(sys.modules, module, raising=False)
    grid_cells.imported(grid_cells.cells_of(params.load()))
    assert set(needed) <= sys.modules.keys()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        *((content, "does not say what it was made of") for content in ("null", "5", "{}", '{"params": {}}')),
        ('{"params": {}, "sha256": null, "outputs": {}}', "does not say what it was made of"),
        ('{"params": {}, "sha256": {}, "outputs": null}', "is of older code, without hashes of what was made"),
    ],
)
def test_an_inputs_json_of_another_kind_does_not_count(made, capsys, content, said):
    Path("data/ranks/demo/hn/1/inputs.json").write_text(content)
    with pytest.raises(RecoreError, match="1 of 4 cells are not those of this checkout"):
        run("--check")
    assert lines(capsys)["demo hn 1"] == f"its inputs.json {said}"


def test_a_dataset_that_is_named_twice_is_made_once(made, capsys):
    run("--dataset", "demo", "demo")
    assert [line.partition(" (")[0] for line in capsys.readouterr().out.splitlines()] == ORDER


def test_one_dataset_can_be_chosen(made, capsys):
    tree = yaml12.read(Path("params.yaml"))
    change(datasets=["demo", "other"], sources=tree["sources"] | {"other": tree["sources"]["demo"]})
    run("--dataset", "demo")
    assert remade(capsys) == set()
    with pytest.raises(
        RecoreError, match=r"^data/split/other does not exist; make it with `dvc repro split@other`, or"
    ):
        run()
    with pytest.raises(RecoreError, match=r"^--dataset names 'dmeo'; `datasets` of params.yaml are demo, other$"):
        run("--dataset", "dmeo")


def test_the_inputs_are_what_dvc_would_record(made):
    stages = yaml12.read(Path("dvc.yaml"))["stages"]
    found = json.loads(Path("data/ranks/demo/hn/1/inputs.json").read_text())
    for kind, key in (("params", "params"), ("sha256", "deps")):
        listed = {name for stage in ("train_hybrid", "evaluate_hybrid") for name in stages[stage][key]}
        named = {
            re.sub(r"\$\{item\.(\w+)\}", lambda m: {"dataset": "demo", "variant": "hn", "seed": "1"}[m[1]], name)
            for name in listed
        }
        copied = {name.replace("data/encoders/", "src/recore/variants/") for name in named}  # by stage encoders
        assert set(found[kind]) == copied - {"data/models/demo/hn/1"}


def test_a_cell_follows_its_row_to_the_file(unmade):
    """Which needs no stage encoders, and is there on a machine that has the code alone."""
    change(variants={"plain": {"mine": {"encoder": "ave"}}, "hybrid": {"hn": {}}})
    change(significance=yaml12.read(Path("params.yaml"))["significance"] | {"comparisons": []})
    mine = grid_cells.cells_of(params.load())[0]
    assert mine.variant == "mine"
    assert [name for name in mine.deps if "variants/" in name or "encoders" in name] == ["src/recore/variants/ave.py"]


def test_the_packages_that_contributing_names_suffice(unmade):
    """Everything else that pyproject.toml installs is hidden from the command."""
    variants = yaml12.read(Path("params.yaml"))["variants"]
    change(variants=variants | {"baselines": {"vmis": {"k": 50}}})
    named = re.search(r"pip install ([\w .-]+)`", (ROOT / "CONTRIBUTING.md").read_text())[1].split()
    installed = {re.match(r"[\w.-]+", line)[0] for line in requires("recore") if "extra ==" not in line}
    assert set(named) < installed
    hidden = sorted(name.partition(".")[0] for name in installed - set(named))
    assert {"dvc", "pandas", "matplotlib"} < set(hidden)
    hiding = f"import sys; sys.modules.update(dict.fromkeys({hidden}))"
    code = f"{hiding}; from recore.commands import cells; cells.main(['--device', 'cpu'])"
    result = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": "src", "PATH": ""}, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert len(list(Path("data").rglob("cases.parquet"))) == 5
