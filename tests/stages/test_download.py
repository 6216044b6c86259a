"""The download stage: what it places, and what it says and leaves when it fails."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from recore import RecoreError
from recore.data.demo import generate
from recore.stages import download

from . import small_sources
from .small_sources import CSV, ROOT, own_files, small_log, write


@pytest.fixture
def tree(tmp_path, monkeypatch):
    return small_sources.enter(tmp_path, monkeypatch)


def test_the_demo_is_written_as_csv(tree):
    write(tree, "small", {"generate": "demo", "seed": 1, "sessions": 300, "items": 40}, CSV)
    download.main(["small"])
    lines = Path("data/raw/small/demo.csv").read_text().splitlines()
    expected = generate(1, 300, 40)
    assert lines[0] == "session_id,item_id,time"
    assert lines[1:] == [",".join(map(str, row)) for row in expected.itertuples(index=False)]


def test_pinned_files_are_placed_byte_for_byte(tree, tmp_path):
    write(tree, "mine", own_files(tmp_path, log_csv=small_log()), CSV)
    download.main(["mine"])
    assert [file.name for file in Path("data/raw/mine").iterdir()] == ["log.csv"]
    assert Path("data/raw/mine/log.csv").read_bytes() == small_log()


def test_a_download_that_fails_leaves_nothing(tree, tmp_path):
    write(tree, "mine", own_files(tmp_path, a_csv=b"s,i,t", log_csv=small_log()), CSV)
    (tmp_path / "log.csv").write_bytes(b"changed")
    with pytest.raises(RecoreError, match=r"log\.csv has wrong content"):
        download.main(["mine"])
    assert list(Path("data/raw").iterdir()) == []


def test_as_a_program_a_fault_is_one_line_and_status_1(tree, tmp_path):
    log = tmp_path / "log.csv"
    log.write_bytes(small_log())
    write(tree, "mine", {"files": {"log.csv": {"path": str(log)}}}, CSV)
    command = [sys.executable, "-m", "recore.stages.download", "mine"]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=False)
    digest = hashlib.sha256(small_log()).hexdigest()
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"recore: params.yaml: `sources.mine.fetch.files.log.csv` pins no content; add the line `sha256: {digest}`\n"
    )
    assert not (tmp_path / "data" / "raw" / "mine").exists()
