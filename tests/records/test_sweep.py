"""The sweep of SENSITIVITY.md: what it queues, and what it takes out of the experiments' commits."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from recore import RecoreError, yaml12
from recore.records import experiments, sweep
from recore.records.experiments import Setting, Task

RESULTS = Path(__file__).parents[2] / "docs/results"
SEEDS = (1, 2, 3, 4)
OTHERS = {"train": {"epochs": 20}}
BASE = Setting.of({"hard_neg_k": 5, "hard_neg_lambda": 0.2, "seeds": [*SEEDS]} | OTHERS)
PLAN = sweep.Plan(BASE, "1,5", "0.2,0.5")


def git(checkout: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=x", "-c", "user.email=x", *arguments]
    return subprocess.run(command, cwd=checkout, check=True, capture_output=True, text=True).stdout.strip()


def test_it_differs_from_the_record_of_the_same_log_by_the_share_that_is_taken():
    own, theirs = (yaml12.read(RESULTS / name / "params.yaml") for name in ("sensitivity", "switches_tenth"))
    for key in ("seeds", "hard_neg_k", "hard_neg_lambda", "filter", "split", "train", "evaluate"):
        assert own[key] == theirs[key], key
    for dataset in own["datasets"]:
        assert own["sources"][dataset] | {"split": theirs["sources"][dataset]["split"]} == theirs["sources"][dataset]
    assert own["variants"]["plain"].items() <= theirs["variants"]["plain"].items()
    base = Setting.of(own)
    plan = sweep.plan_of(RESULTS / "sensitivity/params.yaml")
    assert base in plan.grid
    assert [len(setting.seeds) for setting in plan.settings] == [5] * 12 + [3, 4]


def test_the_whole_grid_is_one_command_and_the_rest_one_each():
    assert [len(setting.seeds) for setting in PLAN.settings] == [4, 4, 4, 4, 3]
    whole = ["exp", "run", "--queue", "-S", "hard_neg_k=1,5", "-S", "hard_neg_lambda=0.2,0.5"]
    fewer = ["exp", "run", "--queue", "-S", "seeds=[1,2,3]"]
    assert PLAN.queueing(PLAN.settings) == [whole, fewer]
    assert (
        PLAN.queueing(PLAN.settings[2:])
        == [
            ["exp", "run", "--queue"],
            ["exp", "run", "--queue", "-S", "hard_neg_lambda=0.5"],
            fewer,
        ]
        == PLAN.queueing([BASE, replace(BASE, hard_neg_lambda=0.5), replace(BASE, seeds=SEEDS[:3])])
    )
    assert PLAN.queueing([]) == []


def experiment(checkout: Path, setting: Setting, rows: str, name: str | None) -> str:
    """A commit as DVC leaves one: on no branch, and done where it has a ref under refs/exps."""
    if not (checkout / ".git").exists():
        git(checkout, "init", "--quiet", "--initial-branch", "main")
        git(checkout, "commit", "--quiet", "--allow-empty", "--message", "baseline")
    git(checkout, "checkout", "--quiet", "--detach", "main")
    (checkout / "metrics").mkdir()
    (checkout / "metrics/comparisons.csv").write_text(f"dataset,a,b,metric,n_seeds,delta\n{rows}")
    tree = {"hard_neg_k": setting.hard_neg_k, "hard_neg_lambda": setting.hard_neg_lambda, "seeds": [*setting.seeds]}
    (checkout / "params.yaml").write_text(yaml12.dump(tree | json.loads(setting.others)))
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "experiment")
    rev, head = git(checkout, "rev-parse", "HEAD"), git(checkout, "rev-parse", "main")
    if name:
        git(checkout, "update-ref", f"refs/exps/{head[:2]}/{head[2:]}/{name}", rev)
    git(checkout, "checkout", "--quiet", "main")
    return rev


@pytest.fixture
def checkout(tmp_path) -> Path:
    for i, setting in enumerate(PLAN.settings):
        row = f"demo,hn,trm,mrr@20,{len(setting.seeds)},0.{i}00"
        experiment(tmp_path, setting, f"{row}\n", f"exp-{i}")
    return tmp_path


def test_tables_come_out_of_the_commits_as_they_are(checkout):
    assert sweep.collected(checkout, PLAN).to_csv(index=False).splitlines() == [
        "hard_neg_k,hard_neg_lambda,dataset,a,b,metric,n_seeds,delta",
        "1,0.2,demo,hn,trm,mrr@20,4,0.000",
        "1,0.5,demo,hn,trm,mrr@20,4,0.100",
        "5,0.2,demo,hn,trm,mrr@20,4,0.200",
        "5,0.5,demo,hn,trm,mrr@20,4,0.300",
        "5,0.2,demo,hn,trm,mrr@20,3,0.400",
    ]


def test_an_experiment_that_is_not_there_is_named(checkout):
    other = sweep.Plan(BASE, "1,5,20", "0.2")
    with pytest.raises(RecoreError, match=r"no experiment in .* has Setting\(hard_neg_k=20, hard_neg_lambda=0.2, "):
        sweep.collected(checkout, other)


def test_an_experiment_of_other_params_is_none_of_the_sweep(checkout):
    longer = Setting.of({"hard_neg_k": 5, "hard_neg_lambda": 0.2, "seeds": [*SEEDS], "train": {"epochs": 30}})
    with pytest.raises(RecoreError, match=r"no experiment in .* has Setting"):
        sweep.collected(checkout, sweep.Plan(longer, "5", "0.2"))


def test_what_is_done_waits_or_runs_is_not_queued_again(tmp_path, monkeypatch):
    grid = PLAN.settings
    experiment(tmp_path, grid[0], "", "done")
    revs = {name: experiment(tmp_path, grid[i], "", None) for i, name in ((1, "queued"), (2, "failed"))}
    queue = {"queued": "Queued", "failed": "Failed"}
    removed = []

    def dvc(_, *arguments: str) -> str:
        if arguments == ("queue", "remove", "--failed"):
            removed.append(queue.pop("failed"))
        lines = [f"{revs[name][:7]}  {name}  04:41 PM  {status}" for name, status in queue.items()]
        return "\n".join(["Task  Name  Created  Status", *lines, "", "Worker status: 1 active, 0 idle"])

    monkeypatch.setattr(experiments, "dvc", dvc)
    assert experiments.missing(tmp_path, grid) == grid[2:]
    assert removed == ["Failed"]


def test_a_failed_experiment_is_an_error_that_names_it(monkeypatch, capsys):
    answers = {"status": "1a2b3c4  sweep-2  Nov 23, 2026  Failed\nWorker status: 0 active, 0 idle", "logs": "the cause"}
    monkeypatch.setattr(experiments, "dvc", lambda _, __, command, *rest: answers[command])
    with pytest.raises(RecoreError, match=r"experiments failed in X: sweep-2; .*`dvc queue logs NAME`"):
        experiments.run_queue(Path("X"), 1)
    assert "--- dvc queue logs sweep-2\nthe cause\n" in capsys.readouterr().err


def test_the_queue_is_read_as_dvc_prints_it():
    printed = (
        "Task     Name      Created       Status\n"
        "1a2b3c4  sweep-1   04:41 PM      Running\n"
        "5d6e7f8  sweep-2   Nov 23, 2026  Success\n\n"
        "Worker status: 1 active, 1 idle\n"
    )
    assert experiments.parsed(printed) == (
        [Task("1a2b3c4", "sweep-1", "Running"), Task("5d6e7f8", "sweep-2", "Success")],
        2,
    )
    assert experiments.parsed("No experiment tasks in the queue.\n\nWorker status: 0 active, 0 idle\n") == ([], 0)
