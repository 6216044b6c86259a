"""A file or folder is whole or not there."""

import json
from pathlib import Path

import pytest

from recore import RecoreError, artifacts


def test_a_folder_appears_when_its_block_succeeds(tmp_path):
    out = tmp_path / "a" / "out"
    with artifacts.new_folder(out) as folder:
        (folder / "x").write_text("1")
        assert not out.exists()
    assert [path.name for path in out.iterdir()] == ["x"]
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_a_failed_block_keeps_what_stood_there(tmp_path):
    out = tmp_path / "out"
    with artifacts.new_folder(out) as folder:
        (folder / "old").touch()
    with pytest.raises(FileNotFoundError), artifacts.new_folder(out) as folder:
        (folder / "missing" / "new").touch()
    assert [path.name for path in out.iterdir()] == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_replaces_the_old_one_and_a_killed_writer_s_leftover(tmp_path):
    out = tmp_path / "out"
    leftover = tmp_path / ".out.unfinished"
    for folder in (out, leftover):
        folder.mkdir()
        (folder / "old").touch()
    with artifacts.new_folder(out) as folder:
        (folder / "new").touch()
    assert [path.name for path in out.iterdir()] == ["new"]
    assert not leftover.exists()


def test_json_is_strict(tmp_path):
    path = tmp_path / "x.json"
    artifacts.write_json(path, {"b": 1, "a": [0.5]})
    assert json.loads(path.read_text()) == {"b": 1, "a": [0.5]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        artifacts.write_json(path, float("nan"))
    assert artifacts.read_json(path) == {"b": 1, "a": [0.5]}


def test_the_old_folder_is_there_until_the_new_one_is(tmp_path, monkeypatch):
    """A kill between the two leaves no half-removed folder: the old one is renamed before it is deleted."""
    out = tmp_path / "out"
    with artifacts.new_folder(out) as folder:
        (folder / "old").touch()

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(artifacts.shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt), artifacts.new_folder(out) as folder:
        (folder / "new").touch()
    assert [path.name for path in out.iterdir()] == ["new"]


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path, monkeypatch):
    """At once where it is an exception, and with the next writer where the process is gone."""
    out, replace = tmp_path / "out", artifacts.os.replace
    with artifacts.new_folder(out) as folder:
        (folder / "old").touch()

    def killed(source, destination):
        if destination == out and ".former" not in str(source):
            raise KeyboardInterrupt
        replace(source, destination)

    with monkeypatch.context() as patch:
        patch.setattr(artifacts.os, "replace", killed)
        with pytest.raises(KeyboardInterrupt), artifacts.new_folder(out) as folder:
            (folder / "new").touch()
    assert [path.name for path in out.iterdir()] == ["old"]
    out.rename(artifacts._unfinished(tmp_path / "out.former"))
    with pytest.raises(ValueError, match="failed"), artifacts.new_folder(out):
        raise ValueError("failed")
    assert [path.name for path in out.iterdir()] == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("content", [b'{"a": 1', b"", b"\xff\xfe", b"{} {}"])
def test_a_torn_file_names_itself_and_the_way_out(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(RecoreError, match=r"x\.json is torn or not what was .* make it again with `dvc repro`"):
        artifacts.read_json(path)


def test_a_machine_without_memory_is_no_torn_file(tmp_path):
    (tmp_path / "x").touch()
    with pytest.raises(MemoryError), artifacts.reading(tmp_path / "x"):
        raise MemoryError


def test_a_missing_file_names_itself(tmp_path):
    with pytest.raises(RecoreError, match=r"nothing\.json does not exist; `dvc repro` makes it"):
        artifacts.read_json(tmp_path / "nothing.json")


@pytest.mark.parametrize("new", [artifacts.new_file, artifacts.new_folder])
def test_a_write_that_fails_without_a_name_gets_that_of_the_destination(tmp_path, new):
    """As on a full disk, where the system names no file."""
    with pytest.raises(OSError, match="No space left") as fault, new(tmp_path / "out"):
        raise OSError(28, "No space left on device")
    assert fault.value.filename == str(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_file_never_replaces_a_folder(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kept").touch()
    with pytest.raises(IsADirectoryError) as fault:
        artifacts.write_text(tmp_path / "out", "text")
    assert fault.value.filename == str(tmp_path / "out")
    assert (tmp_path / "out" / "kept").exists()


@pytest.mark.parametrize("kind", ["working", "above", "home", "temporary", "checkout", "linked"])
def test_a_folder_that_holds_more_than_a_result_is_not_replaced(tmp_path, monkeypatch, kind):
    """A wrong name once replaced the system's folder of temporary files."""
    folder = tmp_path / "folder"
    (folder / "inner" / ".git").mkdir(parents=True)
    (folder / "kept").touch()
    path = folder
    if kind in ("working", "above"):
        monkeypatch.chdir(folder / "inner" if kind == "above" else folder)
    elif kind == "home":
        monkeypatch.setenv("HOME", str(folder))
    elif kind == "temporary":
        monkeypatch.setattr(artifacts, "gettempdir", lambda: str(folder))
    elif kind == "checkout":
        path = folder / "inner"
    else:
        monkeypatch.chdir(folder)
        path = Path("..") / "folder"
    with (
        pytest.raises(RecoreError, match="holds more than a result, so it is not replaced"),
        artifacts.new_folder(path),
    ):
        pass
    assert (folder / "kept").exists()
    assert (folder / "inner" / ".git").exists()
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]
