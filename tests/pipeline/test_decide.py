"""Seeds until it is known, for real: through DVC in a clone, killed, and by the plain commands of docs/DECIDE.md."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import Clone, kill, ran

ROOT = Path(__file__).parents[2]
BEFORE = "dvc repro split encoders"
PLAIN = "python -m recore decide --next | xargs -r dvc repro --single-item"

pytestmark = pytest.mark.slow


def looked(tree) -> None:
    """hn against trm, which one epoch leaves open at this alpha; ave is in no comparison."""
    tree |= {"seeds": [1, 2, 3, 4, 5, 6, 7]}
    tree["variants"]["plain"]["ave"] = {}
    tree["significance"] |= {"looks": [5, 6, 7], "alpha": 0.0001, "fragile": {"effective_sessions": 1.0}}


def cells(clone: Clone) -> set[str]:
    return {"-".join(folder.parts[-2:]) for folder in (clone.path / "data/ranks/demo").glob("*/*")}


def decide(clone: Clone, *arguments: str) -> str:
    return clone.run("python", "-m", "recore", "decide", *arguments, PYTHONPATH="src").stdout


def test_decide_makes_what_is_open_and_a_kill_changes_nothing(clone, tmp_path):
    assert f"{BEFORE}\n{PLAIN}\n" in (ROOT / "docs/DECIDE.md").read_text()
    clone.params(looked)
    first = {"pop-none", "sr-none"} | {f"{v}-{seed}" for v in ("ave", "trm", "hn") for seed in range(1, 6)}
    assert "Before the first look, of 5 seeds: 11 cells" in decide(clone, "--status")
    clone.run("sh", "-c", f"{BEFORE} && {PLAIN}", PYTHONPATH="src")
    assert cells(clone) == first
    assert "0 decided, 1 open\nThe next look: 2 cells" in decide(clone, "--status")

    killed = Clone(tmp_path / "killed")
    shutil.copytree(clone.path, killed.path, symlinks=True)

    said = decide(clone, "--jobs", "2")
    assert re.findall(r"after look (\d) of 3", said) == ["1", "2", "3"]
    assert said.endswith("0 decided, 1 open\nNo look is left.\n")
    assert ran(said) >= {"train@demo-trm-6", "train_hybrid@demo-hn-7", "evaluate@demo-trm-7"}
    assert cells(clone) == first | {f"{variant}-{seed}" for variant in ("trm", "hn") for seed in (6, 7)}
    comparisons = clone.read("metrics/comparisons.csv")

    assert ran(decide(clone)) == set()  # a second call
    assert decide(clone, "--next") == ""
    assert clone.read("metrics/comparisons.csv") == comparisons

    process = subprocess.Popen(
        ["python", "-m", "recore", "decide"],
        cwd=killed.path,
        env=killed.env | {"PYTHONPATH": "src", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    for line in process.stdout:
        if "Running stage 'train_hybrid@demo-hn-6'" in line:
            break
    kill(process)
    assert not (killed.path / "data/ranks/demo/hn/6").exists()
    decide(killed, "--jobs", "2")
    assert cells(killed) == cells(clone)
    assert killed.read("metrics/comparisons.csv") == comparisons
