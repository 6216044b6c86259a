"""A handful of kills (``killed.py`` itself makes as many as one likes), and what a kill inside DVC needs."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("way", ["repro", "grid", "cells"])
def test_a_killed_grid_comes_through_as_a_quiet_one(way):
    command = [sys.executable, Path(__file__).with_name("killed.py"), "--kills", "3", "--seed", "1", "--of", way]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"{way}: 3 kills, ")
    assert ", 0 wrong, 0 lost, " in result.stdout


@pytest.mark.parametrize(
    ("file", "rest"), [("dvc.lock", "schema: '2.0'\nstages:\n  split@de"), (".dvc/tmp/rwlock", "{")]
)
def test_what_a_kill_tore_of_dvc_is_mended_and_nothing_is_trained_again(clone, file, rest):
    (clone.path / file).write_text(rest)
    assert clone.run("dvc", "repro", ok=False).returncode != 0
    assert f"a kill tore {file}" in clone.run("python", "-m", "recore", "mend", PYTHONPATH="src").stdout
    assert clone.repro() <= {"aggregate"}
    assert clone.status() == ""
