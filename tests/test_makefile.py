"""The Makefile in a folder whose name a shell would take apart; the programs that it calls write down how."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = "results of 'ü'"
# As python: makes .venv on `-m venv`; otherwise its arguments, one a line.
PYTHON = """#!/bin/sh
case "$1 $2" in
  "-c import"*) ;;
  "-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  *) printf '%s\\n' "$@" >>called ;;
esac
"""


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "some dir" / "ü ß"
    folder.mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    stub = tmp_path / "python3"
    stub.write_text(PYTHON, encoding="utf-8")
    stub.chmod(0o755)
    return folder


def make(checkout, *arguments):
    """The arguments of every program that the target called."""
    environment = {"PATH": f"{checkout.parents[1]}{os.pathsep}/usr/bin{os.pathsep}/bin"}
    result = subprocess.run(["make", *arguments], cwd=checkout, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return (checkout / "called").read_text(encoding="utf-8").splitlines()


def test_set_up_installs_into_the_checkout_once(checkout):
    wheels = ["--index-url", "https://example.org/cpu", "torch"]
    called = make(checkout, "setup", f"TORCH_INDEX={wheels[1]}")
    assert called.count("install") == 2
    assert called[called.index(wheels[0]) :][:3] == wheels
    assert called[-2:] == ["--editable", ".[dev]"]
    assert make(checkout, "setup") == called


def test_a_folder_is_one_argument(checkout):
    called = make(checkout, "record", "NAME=reduced", f"FOLDER={FOLDER}")
    assert called[called.index("--folder") + 1] == FOLDER
    (checkout / "called").unlink()
    assert "--folder" not in make(checkout, "record", "NAME=reduced")


def test_the_programs_are_those_of_the_checkout(checkout):
    make(checkout, "setup")
    (checkout / "called").unlink()
    (checkout.parents[1] / "python").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")  # an earlier one on PATH
    (checkout.parents[1] / "python").chmod(0o755)
    assert make(checkout, "test") == ["-m", "pytest", "-n", "2", "--dist", "worksteal"]


@pytest.mark.parametrize(
    ("given", "called"),
    [
        (["ENGINE=dask", "ADDRESS=tcp://head:8786"], ["dask", "--address", "tcp://head:8786"]),
        (["ENGINE=processes", "JOBS=3"], ["processes", "--jobs", "3"]),
        (["ENGINE=my.cluster:opened"], ["my.cluster:opened"]),
    ],
)
def test_an_engine_makes_the_cells_of_a_grid(checkout, given, called):
    make(checkout, "setup")
    dvc = checkout / ".venv/bin/dvc"
    dvc.write_text("#!/bin/sh\necho dvc $@ >>called\necho split@demo; echo train@demo-trm-1\n")
    dvc.chmod(0o755)
    (checkout / "metrics").mkdir()
    (checkout / "metrics/table.md").touch()
    lines = make(checkout, "grid", *given)
    at = lines.index("--executor")
    assert lines[at - 3 : at + 1 + len(called)] == ["-m", "recore", "cells", "--executor", *called]
    assert [line for line in lines if line.startswith("dvc")] == [
        *("dvc stage list --name-only", "dvc repro split@demo", "dvc repro")
    ]
    (checkout / "called").unlink()
    assert "--executor" not in make(checkout, "grid")
