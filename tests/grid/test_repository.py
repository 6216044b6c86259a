"""DVC and what makes cells elsewhere keep out of each other's way; DVC itself is the witness."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from pipeline.conftest import ran

from recore import RecoreError, params, yaml12
from recore.commands import cells as command
from recore.commands import mend
from recore.grid import cells, elsewhere, repository

pytestmark = pytest.mark.slow  # DVC runs for each


@pytest.fixture
def busy(clone):
    """A process that DVC believes to write a cell's model."""
    process = subprocess.Popen(["sleep", "600"])
    info = {"pid": process.pid, "cmd": "dvc repro"}
    folder = str(clone.path / "data/models/demo/trm/1")
    clone.path.joinpath(".dvc/tmp/rwlock").write_text(json.dumps({"write": {folder: info}, "read": {}}))
    yield process
    process.kill()
    process.wait()


def test_dvc_makes_no_cell_while_they_are_made_elsewhere(clone):
    clone.run("dvc", "repro", "split", "encoders")
    with repository.reserved(cells.cells_of(params.load())):
        refused = clone.run("dvc", "repro", "train@demo-trm-1", ok=False)
        assert refused.returncode
        assert "is busy" in refused.stderr
        assert "train@demo-trm-1" in clone.changed()  # who only reads may
    assert ran(clone.run("dvc", "repro", "train@demo-trm-1").stdout) == {"train@demo-trm-1"}


def test_no_cell_is_made_elsewhere_while_dvc_makes_one(clone, busy, monkeypatch):
    shutil.rmtree("data/ranks/demo/hn")
    monkeypatch.setattr(elsewhere.Drive, "run", lambda *_: pytest.fail("nothing is to be made"))
    with pytest.raises(RecoreError, match=rf"^DVC is at work on these cells; .*PID {busy.pid}\): dvc repro"):
        command.main(["--executor", "processes"])


def test_what_dvc_was_killed_at_is_not_waited_for(clone, busy):
    busy.kill()
    busy.wait()
    with repository.reserved(cells.cells_of(params.load())):
        assert "demo/trm/1" not in clone.read(".dvc/tmp/rwlock")


def test_a_list_that_a_kill_tore_is_named(clone):
    Path(".dvc/tmp/rwlock").write_text("{")
    said = r"^DVC failed \(Unable to read RWLock-file '.dvc/tmp/rwlock'.*; mend that"
    with pytest.raises(RecoreError, match=said), repository.reserved(cells.cells_of(params.load())):
        pass


@pytest.mark.parametrize("forget", [True, False])
def test_dvc_looks_for_its_own_where_it_forgets_what_another_machine_made(clone, forget, capsys):
    """A clone's lock names what whoever committed it made: DVC trains that again, whatever its run cache has."""
    clone.run("dvc", "repro", "train@demo-trm-1")
    theirs = yaml12.read(Path("dvc.lock"))
    theirs["stages"]["train@demo-trm-1"]["outs"][0]["md5"] = "0" * 32 + ".dir"
    Path("dvc.lock").write_text(yaml12.dump(theirs))
    shutil.rmtree("data/models/demo/trm/1")
    if forget:
        mend.main(["--forget"])
        assert "1 stages are out of dvc.lock" in capsys.readouterr().out
        del theirs["stages"]["train@demo-trm-1"]
        assert yaml12.read(Path("dvc.lock")) == theirs
        mend.main(["--forget"])
        assert capsys.readouterr().out == ""
    trained = ran(clone.run("dvc", "repro", "train@demo-trm-1").stdout)
    assert trained == (set() if forget else {"train@demo-trm-1"})
