"""Files of a source, byte for byte as they are pinned, from the first place that has them.

The mirror folder (``RECORE_MIRROR/SOURCE/FILE``) is looked at first, then the user's own path, then the net through
pooch, which retries with growing pauses, shows progress and places a file only when it is whole. Downloads are kept in
``RECORE_CACHE`` (else the user's cache folder), since DVC empties a stage's outputs before it runs. In the mirror and
in the cache a file of the same name and content in another source's folder will do: two sources may be two windows of
one log. Git names a file by its content, so a file of a git repository can be pinned by its blob id alone; pooch cannot
check that, so both kinds of pin are checked here, inside the download, and a wrong one is retried like a broken line.
"""

import hashlib
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pooch
import requests

from recore import RecoreError
from recore.data.archives import unzip

RETRIES = 3
TIMEOUT_S = 30
PATIENT = (408, 425, 429)  # client errors that pass by themselves


def fetch(source: str, files: dict[str, dict[str, Any]], folder: Path) -> None:
    """Puts the verified files of a source (``sources.NAME.fetch.files``), zips unpacked, into an existing folder.

    Raises RecoreError naming the file and the ways out.
    """
    for name, spec in files.items():
        try:
            found = _locate(source, name, spec)
        except OSError as error:
            raise RecoreError(
                f"{error.filename or name} cannot be read ({error.strerror}); give this user the right to read it, or "
                "name another file"
            ) from None
        try:
            if spec.get("unzip"):
                unzip(found, folder)
            else:
                shutil.copyfile(found, folder / name)
        except OSError as error:  # it has just been read, so this is the copy
            raise RecoreError(
                f"{folder / name} cannot be written ({error.strerror}); make room there, or give this user the right "
                "to write there"
            ) from None


def at_hand(source: str, name: str, spec: dict[str, Any]) -> Path | None:
    """Where a file of a source lies on this machine, its content not verified; None where it has to be downloaded."""
    mirror = os.environ.get("RECORE_MIRROR")
    places = [Path(mirror) / source / name] if mirror else []
    places += [Path(spec["path"])] if spec.get("path") else []
    places.append(_cache(source) / name)
    found = next((place for place in places if _is_file(place)), None)
    return found or (_same_bytes(Path(mirror), name, spec) if mirror and _pin(spec) else None)


def digest(path: Path, algorithm: str) -> str:
    """The hexadecimal ``sha256`` or ``git_blob`` id (SHA-1 of "blob ", length, NUL and content) of a file."""
    hasher = hashlib.sha256() if algorithm == "sha256" else hashlib.sha1(f"blob {path.stat().st_size}\0".encode())
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hasher).hexdigest()


def _locate(source: str, name: str, spec: dict[str, Any]) -> Path:
    """The file's verified bytes on this machine."""
    mirror, key = os.environ.get("RECORE_MIRROR"), f"sources.{source}.fetch.files.{name}"
    if mirror and not Path(mirror).is_absolute():
        raise RecoreError(f"RECORE_MIRROR is {mirror!r}; give an absolute path")
    own = Path(spec["path"]) if spec.get("path") else None
    if own and _pin(spec) is None:
        value = digest(_existing(own, key), "sha256")
        raise RecoreError(f"params.yaml: `{key}` pins no content; add the line `sha256: {value}`")
    if mirror and os.path.lexists(mirrored := Path(mirror) / source / name):
        if not _is_file(mirrored):
            raise RecoreError(f"{mirrored} of the mirror is no file; replace it, or remove it to use another place")
        return _verified(mirrored, spec, f"replace that file of the mirror, or pin its own hash under `{key}`")
    if mirror and (same := _same_bytes(Path(mirror), name, spec)):
        return same
    if own:
        way_out = f"restore that file, or pin its own hash under `{key}` if you meant to change it"
        return _verified(_existing(own, key), spec, way_out)
    if spec.get("url") is None:
        raise RecoreError(f"{name} of {source} has no public address; put it at RECORE_MIRROR/{source}/{name}")
    return _download(source, name, spec)


def _same_bytes(root: Path, name: str, spec: dict[str, Any]) -> Path | None:
    """A file of this name and content in the folder of another source, as for two windows of one log."""
    return next((path for path in sorted(root.glob(f"*/{name}")) if _can_stand_in(path, spec)), None)


def _can_stand_in(path: Path, spec: dict[str, Any]) -> bool:
    try:
        return _is_file(path) and _matches(path, spec)
    except OSError:  # what another source has and this user may not read is not needed
        return False


def _is_file(path: Path) -> bool:
    """As ``Path.is_file``; OSError, whatever the version of Python, where this user may not know."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _existing(own: Path, key: str) -> Path:
    if not _is_file(own):
        raise RecoreError(f"params.yaml: `{key}.path` is {own}, which is no file; correct the path")
    return own


def _cache(source: str) -> Path:
    return Path(os.environ.get("RECORE_CACHE") or pooch.os_cache("recore")) / source


def _download(source: str, name: str, spec: dict[str, Any]) -> Path:
    cache, url = _cache(source), spec["url"]
    store = pooch.create(cache, base_url="", registry={name: None}, urls={name: url}, retry_if_failed=RETRIES)
    ways_out = f"try again later, or put the file at RECORE_MIRROR/{source}/{name}"

    def download(url: str, output_file: str, owner: pooch.Pooch) -> None:
        try:
            pooch.HTTPDownloader(progressbar=True, timeout=TIMEOUT_S, chunk_size=1 << 16)(url, output_file, owner)
        except requests.HTTPError as error:
            status = error.response.status_code
            if 400 <= status < 500 and status not in PATIENT:
                # No retry brings back what is gone; pooch retries everything but our own fault.
                raise RecoreError(f"{url} answers {status}; correct the url, or {ways_out}") from None
            raise
        if not _matches(Path(output_file), spec):
            raise ValueError(f"wrong content, {_difference(Path(output_file), spec)}")

    try:
        return _kept(cache / name, spec) or Path(store.fetch(name, downloader=download))
    except requests.RequestException as error:
        raise RecoreError(f"{url} failed {RETRIES + 1} times ({_reason(error)}); {ways_out}") from None
    except ValueError as error:
        raise RecoreError(
            f"{url} has {error}; pin its own hash under `sources.{source}.fetch.files` if you trust it, or {ways_out}"
        ) from None
    except OSError as error:
        raise RecoreError(
            f"the cache {cache} cannot be read or written ({error}); set RECORE_CACHE to another folder"
        ) from None


def _kept(own: Path, spec: dict[str, Any]) -> Path | None:
    """What the cache has of a file; it is removed where it is another version or damaged, and fetched again."""
    if os.path.lexists(own):
        if _is_file(own) and _matches(own, spec):
            return own
        own.unlink()
    return _same_bytes(own.parents[1], own.name, spec)


def _reason(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"status {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT_S} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _pin(spec: dict[str, Any]) -> tuple[str, str] | None:
    """The algorithm and digest that pin a file."""
    return next(((kind, spec[kind]) for kind in ("sha256", "git_blob") if spec.get(kind)), None)


def _matches(path: Path, spec: dict[str, Any]) -> bool:
    algorithm, expected = _pin(spec)
    return digest(path, algorithm) == expected


def _difference(path: Path, spec: dict[str, Any]) -> str:
    algorithm, expected = _pin(spec)
    return f"{algorithm} {digest(path, algorithm)} instead of {expected}"


def _verified(path: Path, spec: dict[str, Any], way_out: str) -> Path:
    if not _matches(path, spec):
        raise RecoreError(f"{path} has wrong content, {_difference(path, spec)}; {way_out}")
    return path
