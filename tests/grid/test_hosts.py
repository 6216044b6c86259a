"""Other machines, where this one can play them: SLURM's nodes and network namespaces; skipped with the reason."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
pytestmark = pytest.mark.slow


def tried(script: str, *arguments: str) -> str:
    """What a script says; skipped where it cannot be tried here."""
    command = [sys.executable, HERE / script, *arguments]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.stderr.startswith("cannot be tried here"):
        pytest.skip(result.stderr.strip())
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("way", ["array", "jobqueue"])
def test_slurm_makes_the_grid_and_one_node_is_killed(way):
    if way == "jobqueue":
        pytest.importorskip("dask_jobqueue")
    assert "; 0 stages left to train, 0 other files\n" in tried("slurm.py", "--of", way)


@pytest.mark.parametrize("of", ["killed", "cable", "full"])
def test_two_hosts_make_the_grid_and_one_fails(of):
    pytest.importorskip("distributed")
    assert "; 0 stages left to train, 0 other files\n" in tried("namespaces.py", "--of", of)
