"""The same by Dask's workers on this machine, with the command as people type it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from grid.asked import tiny
from grid.cluster import Cluster
from pipeline.conftest import checkout, ran

from recore import RecoreError
from recore.grid.executors import engine

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow


def command(clone, *arguments: str, ok: bool = True) -> subprocess.CompletedProcess:
    return clone.run(sys.executable, "-m", "recore", "cells", "--device", "cpu", *arguments, ok=ok, PYTHONPATH="src")


def test_the_tables_are_those_of_dvc_and_nothing_is_left_to_train(tmp_path):
    """Each host has a folder of its own for what it unpacks, and no worker has recore."""
    with Cluster(tmp_path, hosts=2) as cluster:
        clone, alone = (checkout(tmp_path / name / "recore", tiny) for name in ("clone", "alone"))
        clone.run("dvc", "repro", "split", "encoders")
        clone.commit()
        said = command(clone, "--executor", "dask", "--address", cluster.address).stdout
        assert "5 stages of these cells are new in dvc.lock" in said
        unpacked = [list((tmp_path / f"host{host}" / f"recore-{os.getuid()}").iterdir()) for host in (0, 1)]
    assert [len(there) for there in unpacked] == [1, 1]
    assert clone.repro() == {"significance@demo", "aggregate"}
    alone.repro()
    assert clone.other_results(than=alone) == []
    clone.commit()
    assert ran(clone.run("dvc", "repro").stdout) == set()


def test_a_scheduler_that_goes_is_one_sentence_and_what_is_made_stays(tmp_path):
    with Cluster(tmp_path, hosts=1) as cluster:
        clone = checkout(tmp_path / "clone" / "recore", tiny)
        clone.run("dvc", "repro", "split", "encoders")
        log = tmp_path / "log"
        driver = [sys.executable, "-m", "recore", "cells", "--executor", "dask", "--address", cluster.address]
        with log.open("w") as out:
            running = subprocess.Popen(
                driver, cwd=clone.path, env=clone.env | {"PYTHONPATH": "src"}, stdout=out, stderr=out
            )
            while "made in" not in log.read_text():
                assert running.poll() is None, log.read_text()
            cluster.scheduler.kill()
            assert running.wait(120) == 1
    assert "no Dask scheduler answers at tcp://127.0.0.1:" in log.read_text().splitlines()[-1]
    rest = command(clone, "--executor", "processes", "--jobs", "2")
    assert "1 of 3 cells are up to date" in rest.stderr
    assert clone.repro() == {"significance@demo", "aggregate"}


def test_an_address_where_nobody_listens_is_one_sentence():
    with pytest.raises(RecoreError, match=r"^no Dask scheduler answers at tcp://127.0.0.1:1 \(.*\); start one with"):
        engine("dask", "tcp://127.0.0.1:1", None).open()


def test_a_grid_whose_workers_are_killed_comes_through_as_a_quiet_one():
    script = Path(__file__).with_name("killed_cells.py")
    command = [sys.executable, script, "--kills", "4", "--cells", "8", "--workers", "1"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert ": 0 wrong, 0 lost" in result.stdout
