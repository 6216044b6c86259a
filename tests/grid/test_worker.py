"""What a worker does by itself: unpacks, makes, answers, clears away, and ends with whoever started it."""

import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from grid.asked import order

from recore.grid import accept, bundle, worker


def read(content: bytes):
    return accept.read(content).header


def room(tmp_path) -> Path:
    return tmp_path / "host" / f"recore-{os.getuid()}"


def fitting(statement: str) -> None:
    """The baseline pop does that instead."""
    with Path("src/recore/baselines/pop.py").open("a") as file:
        file.write(f"\n\ndef fit(train, n_items, settings):\n    {statement}\n")


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


def test_the_module_travels_alone():
    """By Dask it goes by value, to where there is no recore."""
    code = f"import sys; exec(open({worker.__file__!r}).read()); print([m for m in sys.modules if 'recore' in m])"
    run = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_it_asks_for_a_bundle_that_it_has_not_and_keeps_one(folder, grid, tmp_path):
    assert read(worker.make(order(grid["pop"])))["state"] == "need"
    name, content = bundle.bundle("demo")
    assert read(worker.deliver(name, content, 0))["state"] == "has"
    assert [file.name for file in room(tmp_path).iterdir()] == [name]
    assert read(worker.deliver(name, b"not looked at, since it is there", 0))["state"] == "has"
    assert read(worker.make(order(grid["pop"])))["state"] == "made"
    assert [file.name for file in room(tmp_path).iterdir()] == [name]


def test_an_equal_checkout_is_an_equal_bundle(folder):
    first = bundle.bundle("demo")
    os.utime("params.yaml", (1, 1))
    assert bundle.bundle("demo") == first
    names = zipfile.ZipFile(io.BytesIO(first[1])).namelist()
    assert {"params.yaml", "dvc.yaml", "src/recore/__init__.py", "data/split/demo/stats.json"} <= set(names)
    assert not [name for name in names if "pycache" in name or name.startswith(("data/raw", ".git"))]


def test_a_torn_bundle_is_not_unpacked(folder, tmp_path):
    name, content = bundle.bundle("demo")
    assert "came torn" in read(worker.deliver(name, content[:-1], 0))["said"]
    assert list(room(tmp_path).iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "a/./x", "..", "c:x", "a\\..\\x"])
def test_a_bundle_stays_below_its_folder(tmp_path, name):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    with pytest.raises(ValueError, match="no name of a file below"):
        worker.unpack(zipped("good", name), below)
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
    worker.unpack(zipped("good", "c/good"), below)
    assert (below / "c/good").read_text() == "x"


def test_a_damaged_bundle_is_asked_for_again(folder, grid, tmp_path):
    """As where temporary files that are old are cleared away."""
    name, content = bundle.bundle("demo")
    worker.deliver(name, content, 0)
    file = room(tmp_path) / name / "src/recore/baselines/pop.py"
    file.write_text(file.read_text() + "\n")
    header = read(worker.make(order(grid["pop"])))
    assert (header["state"], header["said"]) == (
        "damaged",
        "recore: src/recore/baselines/pop.py is not what was sent",
    )
    assert list(room(tmp_path).iterdir()) == []
    assert read(worker.make(order(grid["pop"])))["state"] == "need"


def test_a_fault_of_the_cell_is_told_with_its_last_words(folder, grid):
    fitting("raise ValueError('odd numbers')")
    worker.deliver(*bundle.bundle("demo"), 0)
    header = read(worker.make(order(grid["pop"])))
    assert header["state"] == "failed"
    assert header["said"].endswith("ValueError: odd numbers")


@pytest.mark.parametrize("hidden", ["numpy", "ruamel.yaml", "scipy"])
def test_a_missing_package_is_a_fault_of_the_machine(folder, grid, tmp_path, monkeypatch, hidden):
    (tmp_path / "hiding").mkdir()
    (tmp_path / "hiding" / "sitecustomize.py").write_text(f"import sys; sys.modules[{hidden!r}] = None")
    worker.deliver(*bundle.bundle("demo"), 0)
    popen = subprocess.Popen

    def started(command, env, **others):
        return popen(command, env=env | {"PYTHONPATH": f"{env['PYTHONPATH']}:{tmp_path / 'hiding'}"}, **others)

    monkeypatch.setattr(worker.subprocess, "Popen", started)
    header = read(worker.make(order(grid["pop"])))
    assert header["state"] == "unfit", header["said"]
    assert hidden in header["said"]


def test_a_gpu_that_is_not_there_is_a_fault_of_the_machine(folder, grid):
    worker.deliver(*bundle.bundle("demo"), 0)
    header = read(worker.make(order(grid["trm"], device="cuda")))
    assert header["state"] == "unfit"
    assert "torch sees no GPU here" in header["said"]


def test_no_room_is_a_fault_of_the_machine_and_is_told_late(folder, grid, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    worker.deliver(*bundle.bundle("demo"), 0)
    slept = []
    monkeypatch.setattr(worker.time, "sleep", slept.append)
    with monkeypatch.context() as patch:
        patch.setattr(worker.tempfile, "mkdtemp", full)
        header = read(worker.make(order(grid["pop"], hold=7)))
        assert read(worker.deliver("other", b"", 9))["state"] == "unfit"
    assert header["state"] == "unfit"
    assert "No space left" in header["said"]
    assert slept == [7, 9]


def test_no_room_inside_the_cell_is_one_too(folder, grid):
    path = Path("src/recore/baselines/pop.py")
    path.write_text(
        path.read_text() + "\n\ndef fit(train, n_items, settings):\n    raise OSError(28, 'No space left')\n"
    )
    worker.deliver(*bundle.bundle("demo"), 0)
    assert read(worker.make(order(grid["pop"])))["state"] == "unfit"


def test_a_room_of_somebody_else_is_not_used(folder, grid, tmp_path):
    room(tmp_path).mkdir()
    room(tmp_path).chmod(0o777)
    assert "not this user's alone" in read(worker.make(order(grid["pop"])))["said"]
    room(tmp_path).rmdir()
    room(tmp_path).symlink_to(tmp_path)
    assert "not this user's alone" in read(worker.deliver("x", b"", 0))["said"]


def test_leftovers_of_killed_workers_go_and_what_is_used_stays(folder, tmp_path):
    worker.deliver(*bundle.bundle("demo"), 0)
    own = room(tmp_path)
    for name in ("work-dead", "work-alive", "work-young", "unused", "used"):
        (own / name).mkdir()
        if name != "work-young":
            os.utime(own / name, (1, 1))
    with worker._locked(own / "work-alive"), worker._locked(own / "used"):
        worker._clear(own)
    assert {file.name for file in own.iterdir()} == {"work-alive", "work-young", "used", bundle.bundle("demo")[0]}


def test_a_child_ends_with_its_worker(tmp_path):
    """SIGKILL, of which a process can tell nobody."""
    code = (
        "import sys; from pathlib import Path; from recore.grid import worker;"
        "worker.subprocess.Popen = lambda command, popen=worker.subprocess.Popen, **kw: popen([*command[:1], '-c', "
        "'import threading, time; from recore.grid import child; print(1);"
        "threading.Thread(target=child._end_with_parent, daemon=True).start();"
        'open("pid", "w").write(str(__import__("os").getpid())); time.sleep(60)\'], **kw);'
        "worker._child(Path(sys.argv[1]), [])"
    )
    (tmp_path / "src").symlink_to(Path(worker.__file__).parents[2])
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    deadline = time.monotonic() + 60
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    pid = int((tmp_path / "pid").read_text())
    os.kill(pid, 0)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    while alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """A process that has ended and that nobody has asked after is a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
