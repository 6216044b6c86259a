"""dvc.yaml says what each stage reaches: DVC does not follow imports, so a test does.

Every stage runs once, tiny. The recore modules that it then has loaded must be covered by its ``deps``,
every code dependency must have been loaded, and the params that it read must be its ``params``.
"""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from recore import yaml12
from recore.evaluation.on_record import split, sums
from recore.evaluation.on_record.files import save
from recore.evaluation.stored import Stored

ROOT = Path(__file__).parents[2]
STAGES = yaml12.read(ROOT / "dvc.yaml")["stages"]
# What a stage may take from modules that are no dependency: it loads, checks, names files, writes them whole or says
# what is wrong. What computes a value of a result stands elsewhere, or an edit of it would leave stale results.
PLUMBING = {
    "recore": {"RecoreError"},
    "recore.params": {"Params", "load", "trained", "files_of"},  # which variants have seeds, which files a row names
    "recore.findings": set(),
    "recore.rows": set(),
    "recore.schema": set(),
    "recore.schema_external": set(),
    "recore.schema_read": set(),
    "recore.schema_source": set(),
    "recore.paths": None,  # every name in it is a path
    "recore.artifacts": {
        "existing",
        "new_file",
        "new_folder",
        "read_json",
        "reading",
        "sha256",
        "write_json",
        "write_text",
    },
    "recore.stages": {"run"},
    "recore.yaml12": {"dump", "read"},  # the settings, as they stand in params.yaml
    "recore.costs": {"write"},  # beside the results, never in one
}
VARIANTS = {"plain": {"da": {}}, "hybrid": {"hn": {}}, "baselines": {"vmis": {}}}
ITEM = {"dataset": "demo", "seed": "1"}
TRACED = {  # the stage of dvc.yaml, and the variant it is tried with
    "download": None,
    "filter": None,
    "split": None,
    "encoders": None,
    "train": "da",
    "train_hybrid": "hn",
    "tune": "da",
    "tune_hybrid": "hn",
    "evaluate": "da",
    "evaluate_hybrid": "hn",
    "baseline": "vmis",
    "external": "kept",
    "significance": None,
    "aggregate": None,
}


def resolved(text, variant):
    for key, value in (ITEM | {"variant": variant or ""}).items():
        text = text.replace("${item." + key + "}", value)
    return text


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    """What every stage loaded and read, in one folder, one after the other."""
    folder = tmp_path_factory.mktemp("pipeline")
    given = yaml12.read(ROOT / "params.yaml")
    kept = {"kept": {"record": "tiny", "variant": "da"}}
    given |= {"datasets": ["demo"], "seeds": [1], "variants": VARIANTS | {"external": kept}}
    given["sources"]["demo"]["fetch"] |= {"sessions": 120, "items": 25}
    given["sources"]["demo"]["train"] |= {"epochs": 1}
    given["train"]["threads"] = 1
    spaces = {group: {variant: {"temperature": [0.05, 0.1]}} for group, variant in (("plain", "da"), ("hybrid", "hn"))}
    given["tune"] = {"seeds": [2], "trials": 2} | spaces
    given["significance"]["comparisons"] = [["hn", "da"]]
    (folder / "params.yaml").write_text(yaml12.dump(given))
    (folder / "src").symlink_to(ROOT / "src")  # whose files stage encoders copies
    stages = list(TRACED)
    ranked = stages.index("external")
    found = traced(folder, stages[:ranked])
    put_on_record(folder)
    return found | traced(folder, stages[ranked:])


def traced(folder, stages):
    """What each of the stages loaded and read, run one after the other."""
    commands = {stage: resolved(STAGES[stage]["cmd"], TRACED[stage]).partition(" -m ")[2] for stage in stages}
    result = subprocess.run(
        [sys.executable, ROOT / "tests/pipeline/trace_stages.py", *commands.values()],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    lines = [line for line in result.stdout.splitlines() if line.startswith('{"modules"')]
    return dict(zip(commands, map(json.loads, lines), strict=True))


def put_on_record(folder):
    """The run of da as the only one of a record."""
    ranks, record = folder / "data/ranks/demo/da/1", folder / "data/records/demo/da/1"
    cases, meta = pq.read_table(ranks / "cases.parquet"), json.loads((ranks / "meta.json").read_text())
    about = json.loads((record / "record.json").read_text())
    about |= {"commit": "0123456", "dirty": False, "train_seconds": 1.0}
    tiny, history = folder / "docs/results/tiny", (record / "history.csv").read_text()
    save(tiny, Stored("demo", "da", 1, cases, meta["n_items"], about, {}, history, None))
    shutil.copy(folder / "params.yaml", tiny)
    split.take(folder, tiny, "demo")
    sums.write(tiny, [file for file in tiny.rglob("*") if file.is_file()])


def code(stage):
    """The code that a stage depends on; stage encoders stands between a variant's file and the stages that load it."""
    deps = [dep.replace("data/encoders/", "src/recore/variants/") for dep in STAGES[stage]["deps"]]
    return [resolved(dep, TRACED[stage]) for dep in deps if dep.startswith("src/")]


@pytest.mark.parametrize("stage", TRACED)
def test_deps_are_what_the_stage_imports(traces, stage):
    loaded = {
        Path(file).relative_to(ROOT).as_posix()
        for name, file in traces[stage]["modules"].items()
        if name not in PLUMBING and Path(file).read_text()
    }
    missing = {file for file in loaded if not any(file == dep or file.startswith(f"{dep}/") for dep in code(stage))}
    assert not missing, f"dvc.yaml: {stage} imports {missing}, which its deps do not list"
    read = {"src/recore/variants"} if stage == "encoders" else set()  # copied, not imported
    unused = {
        dep for dep in {*code(stage)} - read if not any(file == dep or file.startswith(f"{dep}/") for file in loaded)
    }
    assert not unused, f"dvc.yaml: {stage} lists {unused}, which it does not import"


@pytest.mark.parametrize("stage", TRACED)
def test_params_are_what_the_stage_reads(traces, stage):
    assert set(traces[stage]["params"]) == {resolved(key, TRACED[stage]) for key in STAGES[stage]["params"]}


def taken(file):
    """(module, name) of what a file takes from plumbing: `params.load` as much as `from recore.params import load`."""
    tree = ast.parse(file.read_text())
    imported = [
        (node.module, alias) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    modules = {
        alias.asname or alias.name: f"{module}.{alias.name}"
        for module, alias in imported
        if f"{module}.{alias.name}" in PLUMBING
    }
    names = {(module, alias.name) for module, alias in imported if module in PLUMBING and alias.name not in modules}
    attributes = (
        node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    )
    return names | {(modules[node.value.id], node.attr) for node in attributes if node.value.id in modules}


def test_what_is_no_dependency_computes_nothing(traces):
    files = {file for trace in traces.values() for name, file in trace["modules"].items() if name not in PLUMBING}
    files |= {str(ROOT / "src/recore/stages" / f"{stage.removesuffix('_hybrid')}.py") for stage in TRACED}
    found = {pair for file in files for pair in taken(Path(file))}
    assert {("recore.params", "load"), ("recore.artifacts", "new_folder")} <= found
    others = {(module, name) for module, name in found if PLUMBING[module] is not None and name not in PLUMBING[module]}
    assert not others, f"{others} can change a result, but no stage depends on it; move it into one of its deps"


def test_every_stage_is_traced():
    assert set(TRACED) == set(STAGES)


@pytest.mark.parametrize("stage", ["train", "tune", "evaluate"])
def test_a_hybrid_stage_is_the_plain_one_and_more(stage):
    """A YAML merge key does not append, so nothing says it but this test."""
    plain, hybrid = STAGES[stage], STAGES[f"{stage}_hybrid"]
    assert hybrid["deps"] == plain["deps"]
    assert hybrid["outs"] == plain["outs"]
    assert hybrid["cmd"].startswith(plain["cmd"])
    assert {key.replace(".plain", ".hybrid") for key in plain["params"]} <= set(hybrid["params"])


def test_imports_point_one_way():
    """stages -> tuning -> training -> evaluation -> variants -> models, data; significance and reporting stand alone.

    What people call stands on the stages, and nothing on it.
    """
    floors = {
        "commands": -3,
        "grid": -2,
        "records": -1,
        "recommender": 0,
        "stages": 0,
        "tuning": 0.5,
        "training": 1,
        "baselines": 1,
        "evaluation": 2,
        "variants": 3,
        "models": 4,
        "data": 4,
    }
    floors |= {"significance": 4, "reporting": 4}
    for file in (ROOT / "src/recore").rglob("*.py"):
        room = file.relative_to(ROOT / "src/recore").with_suffix("").parts[0]
        targets = re.findall(r"^\s*(?:from|import) recore\.(\w+)", file.read_text(), re.MULTILINE)
        if room not in floors:
            assert not {"commands", "grid", "records"} & set(targets), f"{file.name} imports what people call"
            continue
        for target in targets:
            if target in floors and target != room:
                assert floors[target] > floors[room], f"{file.name} in {room} imports from {target}"
                alone = ("significance", "reporting")
                assert target not in alone or floors[room] <= 0, f"{file.name} in {room} imports from {target}"
