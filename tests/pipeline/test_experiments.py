"""The documented uses, really run in a clone: experiments, queues, branches, kills."""

import json
import subprocess
import time

import pytest

from .conftest import kill, ran

MARK = 'print("the code of this checkout", flush=True)'
HYBRID = {f"{stage}_hybrid@demo-hn-{seed}" for stage in ("train", "evaluate") for seed in (1, 2)}

pytestmark = pytest.mark.slow


def marked(clone):
    """The clone with a training stage that says so, committed."""
    clone.edit("src/recore/stages/train.py", "    given = params.load()", f"    {MARK}\n    given = params.load()")
    clone.commit()


def test_more_hard_negatives_retrain_the_hybrid_variants_only(clone):
    output = clone.run("dvc", "exp", "run", "-S", "hard_neg_k=10").stdout
    assert ran(output) == HYBRID | {"significance@demo", "aggregate"}
    assert json.loads(clone.read("data/models/demo/hn/1/config.json"))["objective"]["hard_neg_k"] == 10
    assert "hn" in clone.run("dvc", "metrics", "diff").stdout


def test_metrics_diff_between_branches_shows_the_cells_that_changed(clone):
    clone.run("git", "checkout", "--quiet", "-b", "branch")
    clone.params(lambda tree: tree.update(hard_neg_k=1))
    clone.repro()
    clone.commit()
    diff = json.loads(clone.run("dvc", "metrics", "diff", "main", "branch", "--json").stdout)
    changed = diff["metrics/summary.json"]
    assert {key.rsplit(".", 2)[0] for key in changed} == {"demo.hn"}
    assert {key.rsplit(".", 1)[1] for key in changed} <= {"mean", "std"}  # two seeds have no p
    assert changed["demo.hn.mrr@20.mean"].keys() == {"old", "new", "diff"}


def test_an_experiment_in_a_temporary_folder_runs_its_own_code(clone):
    marked(clone)
    assert "the code of this checkout" in clone.run("dvc", "exp", "run", "--temp", "-S", "hard_neg_k=3").stdout


def test_a_queued_experiment_runs_its_own_code(clone):
    marked(clone)
    clone.run("dvc", "exp", "run", "--queue", "--name", "queued", "-S", "hard_neg_k=3")
    clone.run("dvc", "queue", "start")
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        table = clone.run("dvc", "queue", "status").stdout
        if "Success" in table or "Failed" in table:
            break
        time.sleep(2)
    assert "Success" in table
    assert "the code of this checkout" in clone.run("dvc", "queue", "logs", "queued").stdout


def test_another_seed_leaves_the_ranks_of_the_others_as_they_were(clone, finished):
    """Alone or in a grid, the same seed gives the same bytes."""
    clone.params(lambda tree: tree.update(seeds=[2, 3]))
    clone.run("rm", "-rf", "data/models", "data/ranks", "data/records", "dvc.lock", ".dvc/cache")
    clone.repro()
    for variant in ("trm", "hn"):
        cell = f"data/ranks/demo/{variant}/2/cases.parquet"
        assert (clone.path / cell).read_bytes() == (finished.path / cell).read_bytes()


def test_killed_in_training_and_run_again(clone):
    clone.params(lambda tree: tree["sources"]["demo"]["train"].update(epochs=2))
    clone.edit(
        "src/recore/stages/train.py",
        "    progress.close()\n",
        "    progress.close()\n    if os.environ.get('HANG'):\n        time.sleep(600)\n",
    )
    clone.edit("src/recore/stages/train.py", "import argparse\n", "import argparse\nimport os\nimport time\n")
    process = subprocess.Popen(
        ["dvc", "repro", "train@demo-trm-1"],
        cwd=clone.path,
        env=clone.env | {"HANG": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    for line in process.stdout:
        if "epoch 2/2" in line:
            break
    kill(process)
    assert not (clone.path / "data/models/demo/trm/1").exists()
    assert {"train@demo-trm-1", "train_hybrid@demo-hn-2", "aggregate"} <= clone.repro()
    assert clone.changed() == set()
    assert not list((clone.path / "data").rglob(".*unfinished"))
    history = clone.read("data/records/demo/trm/1/history.csv").splitlines()
    assert len(history) == 3
