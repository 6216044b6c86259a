"""A run's record says whether the code was the commit's: settings and results are on record elsewhere."""

import subprocess

import pytest
import torch

from recore.training.provenance import provenance

IDENTITY = ("-c", "user.name=recore", "-c", "user.email=recore")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file in ("src/code.py", "params.yaml", "dvc.lock", "metrics/table.md", "plots/forest.csv", "dvc.yaml"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("committed\n")
    for command in (("init", "--quiet"), ("add", "--all"), (*IDENTITY, "commit", "--quiet", "--message", "all")):
        subprocess.run(["git", *command], check=True)
    return tmp_path


def dirty() -> bool:
    return provenance(torch.device("cpu"))["dirty"]


@pytest.mark.parametrize("file", ["params.yaml", "dvc.lock", "metrics/table.md", "plots/forest.csv", "untracked.txt"])
def test_settings_and_results_are_not_another_code(checkout, file):
    (checkout / file).write_text("changed\n")
    assert dirty() is False


@pytest.mark.parametrize("file", ["src/code.py", "dvc.yaml", "src/untracked.py"])
def test_an_edit_is(checkout, file):
    (checkout / file).write_text("changed\n")
    assert dirty() is True


def test_the_instructions_are_those_that_pytorch_uses():
    """One name of a processor may stand for several, whose last digits differ."""
    used = provenance(torch.device("cpu"))["machine"]["instructions"]
    assert f"CPU capability usage: {used}\n" in torch.__config__.show()
    assert provenance(None)["machine"]["instructions"] is None


def test_outside_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    found = provenance(torch.device("cpu"))
    assert (found["commit"], found["dirty"]) == (None, False)
