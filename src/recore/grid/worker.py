"""What runs on another machine: unpacks the code and the split once, makes a cell of them in a child, sends its files.

This module travels by itself, so it needs nothing but the standard library, and neither recore nor DVC, git or a shared
file system need to be there; the packages that a cell imports do (CONTRIBUTING.md names them). What comes in and goes
out are bytes, JSON and zip, so nothing has to be unpickled but these by the engine.

All of it lies in TMPDIR/recore-UID: a folder of each bundle, which every worker of a host shares, and one of each cell
that is being made. The kernel's locks on these folders say which are in use, so a worker that was killed leaves nothing
that the next one does not clear away.
"""

import contextlib
import fcntl
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

STALE = 86400  # seconds after which a bundle that nobody uses is cleared away
YOUNG = 60  # seconds in which a new folder may not have its lock yet
SAID = 4000  # characters of what a child said that are sent
# How a child ends that could not begin or had no room, and one that found other inputs than it was to use.
UNFIT, OTHER_INPUTS = 75, 76
CHILDREN: set[subprocess.Popen] = set()  # of this process, for whoever ends it before they do


def make(order: bytes) -> bytes:
    """One cell. order: JSON of ``bundle``, ``cell``, ``device``, ``inputs``, ``folders``, ``weights`` and ``hold``.

    Returns a zip whose reply.json has ``state``, which is one of

    - made: the other files are those of the cell, ``sha256`` has their hashes;
    - need: this host has not unpacked the bundle, so ``deliver`` it and ask again;
    - damaged: what the host had unpacked is not what was asked for, and is gone now;
    - failed: the cell's own commands failed, ``said`` has what they said last;
    - unfit: they could not begin, or this machine has no room; answered after ``hold`` seconds, in which others work.
    """
    asked = json.loads(order)
    started = time.monotonic()
    try:
        room = _room()
        with _used(room / asked["bundle"]) as bundle:
            if bundle is None:
                return _reply({"state": "need"})
            with _work(room) as work:
                header, files = _made(asked, bundle, work)
                header["seconds"] = round(time.monotonic() - started, 3)
                return _reply(header, files)
    except (OSError, zipfile.BadZipFile) as fault:  # as on a full disk
        header = {"state": "unfit", "said": f"{type(fault).__name__}: {fault}"}
    time.sleep(asked["hold"])
    return _reply(header)


def deliver(name: str, bundle: bytes, hold: float) -> bytes:
    """Unpacks a bundle, whose SHA-256 is ``name``, for the workers of this host; the state is ``has`` or ``unfit``."""
    try:
        room = _room()
        _clear(room)
        if not (room / name).exists():
            if hashlib.sha256(bundle).hexdigest() != name:
                raise ValueError("the bundle came torn")
            with _work(room) as work:
                unpack(bundle, work)
                with contextlib.suppress(OSError):  # a worker beside this one was faster
                    os.rename(work, room / name)
        return _reply({"state": "has"})
    except (OSError, ValueError, zipfile.BadZipFile) as fault:
        header = {"state": "unfit", "said": f"{type(fault).__name__}: {fault}"}
    time.sleep(hold)
    return _reply(header)


def unpack(bundle: bytes, folder: Path) -> None:
    """Writes the files of a zip below ``folder``; ValueError for a name that would leave it, and nothing is written."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        for name in archive.namelist():
            parts = PurePosixPath(name).parts
            if not parts or name.startswith("/") or "\\" in name or ":" in name or {"..", "."} & set(name.split("/")):
                raise ValueError(f"{name!r} is no name of a file below the bundle's folder")
        for name in archive.namelist():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(archive.read(name))


def _made(asked: dict[str, Any], bundle: Path, work: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What to answer of a cell that is made in ``work``, and its files."""
    for name in ("src", "params.yaml", "dvc.yaml"):
        (work / name).symlink_to(bundle / name)
    (work / "data").mkdir()
    (work / "data/split").symlink_to(bundle / "data/split")
    (work / "expected.json").write_text(json.dumps(asked["inputs"]))
    status, said = _child(work, [*asked["cell"], "--device", asked["device"]])
    if status == OTHER_INPUTS:  # as where what clears temporary folders took files of it
        shutil.rmtree(bundle, ignore_errors=True)
        return {"state": "damaged", "said": said.strip()}, {}
    if status:
        with contextlib.suppress(OSError):
            if shutil.disk_usage(work).free < 2**20:
                status = UNFIT
        state = "unfit" if status == UNFIT else "failed"
        if status < 0:
            said += f"\nkilled by signal {-status}, as where memory is full"
        if state == "unfit":
            time.sleep(asked["hold"])
        return {"state": state, "said": said.strip() or f"status {status}"}, {}
    paths = [file for folder in asked["folders"] for file in sorted((work / folder).rglob("*")) if file.is_file()]
    if not asked["weights"]:
        paths = [file for file in paths if file.suffix != ".safetensors"]
    files = {file.relative_to(work).as_posix(): file.read_bytes() for file in paths}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return {"state": "made", "sha256": hashes}, files


def _child(work: Path, arguments: list[str]) -> tuple[int, str]:
    """Status of the child, which ends when this process does, as its standard input then does, and its last words."""
    command = [sys.executable, "-m", "recore.grid.child", *arguments]
    environment = os.environ | {"PYTHONPATH": str(work / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    with (work / "said").open("w+b") as said:
        child = subprocess.Popen(
            command, cwd=work, env=environment, stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT
        )
        CHILDREN.add(child)
        try:
            status = child.wait()
        finally:
            child.kill()
            child.wait()
            child.stdin.close()
            CHILDREN.discard(child)
        said.seek(max(0, said.seek(0, os.SEEK_END) - SAID))
        return status, said.read().decode(errors="replace")


def _reply(header: dict[str, Any], files: dict[str, bytes] | None = None) -> bytes:
    """A zip, uncompressed: weights and Parquet do not get smaller."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("reply.json", json.dumps(header | {"host": socket.gethostname()}))
        for name, content in (files or {}).items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _room() -> Path:
    """TMPDIR/recore-UID, where nobody else may write; OSError where somebody else has made it."""
    room = Path(tempfile.gettempdir(), f"recore-{os.getuid()}")
    room.mkdir(mode=0o700, exist_ok=True)
    about = room.lstat()
    if room.is_symlink() or about.st_uid != os.getuid() or about.st_mode & 0o022:
        raise PermissionError(f"{room} is not this user's alone; remove it or set TMPDIR")
    return room


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keeps ``_clear`` from a folder; OSError where it is not there."""
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(at, fcntl.LOCK_SH)
        yield
    finally:
        os.close(at)


@contextlib.contextmanager
def _used(bundle: Path) -> Iterator[Path | None]:
    """An unpacked bundle that stays while it is used; None where it is not there."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(_locked(bundle))
            os.utime(bundle)
        except FileNotFoundError:
            yield None
            return
        yield bundle


@contextlib.contextmanager
def _work(room: Path) -> Iterator[Path]:
    """A folder for one cell or bundle, gone afterwards; whoever wants to keep it renames it."""
    work = Path(tempfile.mkdtemp(prefix="work-", dir=room))
    try:
        with _locked(work):
            yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _clear(room: Path) -> None:
    """Removes what killed workers left, and bundles that nobody has used for a day."""
    for folder in room.iterdir():
        with contextlib.suppress(OSError):
            age = time.time() - folder.stat().st_mtime
            if age < (YOUNG if folder.name.startswith("work-") else STALE):
                continue
            at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(at, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError: in use
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(at)
