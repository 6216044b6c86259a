"""Fetching from a real HTTP server that behaves badly, from a mirror, and from a path; and what is left behind."""

import hashlib
import shutil
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pooch
import pytest

from recore import RecoreError
from recore.data.fetch import RETRIES, fetch

CONTENT = b"session_id,item_id,time\n" + b"1,2,3\n" * 5000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
GIT_BLOB = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()
PINS = [{"sha256": SHA256}, {"git_blob": GIT_BLOB}]


class Handler(BaseHTTPRequestHandler):
    """Answers each request with the next act of ``server.acts``; the last one is repeated."""

    def do_GET(self):
        acts = self.server.acts
        act = acts[min(self.server.requests, len(acts) - 1)]
        self.server.requests += 1
        if isinstance(act, int):
            self.send_error(act)
            return
        body = {"wrong": CONTENT[::-1]}.get(act, CONTENT)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if act == "drop" else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.requests, running.acts = 0, ["whole"]
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.url = f"http://127.0.0.1:{running.server_address[1]}/log.csv"
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """An empty cache, no mirror, and pauses between retries that are noted instead of waited for."""
    monkeypatch.setenv("RECORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RECORE_MIRROR", raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "raw").mkdir()
    (tmp_path / "pauses").mkdir()
    pauses = SimpleNamespace(sleep=lambda s: (tmp_path / "pauses" / str(s)).touch())
    monkeypatch.setattr(pooch.core, "time", pauses)
    return tmp_path


def get(place, spec):
    fetch("some", {"log.csv": spec}, place / "raw")


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def refused(place, spec, said):
    """The fault is one sentence, and nothing is left in the target or in the cache."""
    with pytest.raises(RecoreError, match=said) as fault:
        get(place, spec)
    assert "\n" not in str(fault.value)
    assert files_below(place / "raw") == []
    if (place / "cache").exists():
        assert files_below(place / "cache") == []


@pytest.mark.parametrize("pin", PINS)
def test_a_download_is_placed_and_kept_in_the_cache(place, server, pin):
    get(place, {"url": server.url} | pin)
    assert (place / "raw" / "log.csv").read_bytes() == CONTENT
    assert files_below(place / "cache") == ["some/log.csv"]
    (place / "raw" / "log.csv").unlink()
    get(place, {"url": server.url} | pin)
    assert server.requests == 1
    assert (place / "raw" / "log.csv").read_bytes() == CONTENT


@pytest.mark.parametrize("pin", PINS)
@pytest.mark.parametrize("first", [["drop"], [503], ["wrong"], [429], ["drop", 503, "wrong"]])
def test_a_passing_fault_is_retried_with_growing_pauses(place, server, pin, first):
    server.acts = [*first, "whole"]
    get(place, {"url": server.url} | pin)
    assert (place / "raw" / "log.csv").read_bytes() == CONTENT
    assert server.requests == len(first) + 1
    assert files_below(place / "pauses") == [str(s) for s in range(1, len(first) + 1)]
    assert files_below(place / "cache") == ["some/log.csv"]


@pytest.mark.parametrize("pin", PINS)
@pytest.mark.parametrize(
    ("act", "requests", "said"),
    [
        (404, 1, r"answers 404; correct the url, or try again later, or put the file at RECORE_MIRROR/some/log\.csv"),
        (503, RETRIES + 1, r"failed 4 times \(status 503\); try again later, or put the file at RECORE_MIRROR/some"),
        ("drop", RETRIES + 1, r"failed 4 times \(the connection broke off\); try again later, or put the file at"),
        (
            "wrong",
            RETRIES + 1,
            r"has wrong content, \w+ \w+ instead of \w+; pin its own hash under `sources\.some\.fetch\.files`",
        ),
    ],
)
def test_a_lasting_fault_is_one_sentence_and_leaves_nothing(place, server, pin, act, requests, said):
    server.acts = [act]
    refused(place, {"url": server.url} | pin, said)
    assert server.requests == requests


def test_a_dead_link_is_one_sentence(place, server):
    url = server.url
    server.shutdown()
    server.server_close()
    refused(place, {"url": url, "sha256": SHA256}, r"failed 4 times \(no connection\); .*RECORE_MIRROR/some/log\.csv")


@pytest.mark.parametrize("pin", PINS)
def test_a_damaged_cache_is_fetched_again(place, server, pin):
    kept = place / "cache" / "some" / "log.csv"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(CONTENT[:-1])
    get(place, {"url": server.url} | pin)
    assert server.requests == 1
    assert kept.read_bytes() == (place / "raw" / "log.csv").read_bytes() == CONTENT


def test_a_cache_that_cannot_be_written_is_one_sentence(place, server, monkeypatch):
    (place / "file").touch()
    monkeypatch.setenv("RECORE_CACHE", str(place / "file"))
    refused(
        place, {"url": server.url, "sha256": SHA256}, "cannot be read or written .*set RECORE_CACHE to another folder"
    )


@pytest.fixture
def mirrored(place, monkeypatch):
    file = place / "mirror" / "some" / "log.csv"
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    monkeypatch.setenv("RECORE_MIRROR", str(place / "mirror"))
    return file


@pytest.mark.parametrize("pin", PINS)
@pytest.mark.parametrize("origin", [{}, {"url": "http://127.0.0.1:9/never"}, {"path": "/nowhere/log.csv"}])
@pytest.mark.usefixtures("mirrored")
def test_the_mirror_comes_first(place, pin, origin):
    get(place, origin | pin)
    assert (place / "raw" / "log.csv").read_bytes() == CONTENT
    assert not (place / "cache").exists()


@pytest.mark.parametrize("pin", PINS)
def test_a_wrong_file_in_the_mirror_is_named_and_not_passed_over(place, server, mirrored, pin):
    mirrored.write_bytes(CONTENT[::-1])
    refused(place, {"url": server.url} | pin, rf"{mirrored} has wrong content, .*; replace that file of the mirror")
    assert server.requests == 0


def test_what_the_mirror_lacks_is_downloaded(place, server, mirrored):
    mirrored.unlink()
    get(place, {"url": server.url, "sha256": SHA256})
    assert server.requests == 1


@pytest.mark.parametrize("pin", PINS)
def test_the_same_bytes_of_another_source_in_the_mirror_will_do(place, server, mirrored, pin):
    for source, content in (("a_other", CONTENT[::-1]), ("other", CONTENT)):
        (place / "mirror" / source).mkdir()
        (place / "mirror" / source / "log.csv").write_bytes(content)
    mirrored.unlink()
    get(place, {"url": server.url} | pin)
    assert (place / "raw" / "log.csv").read_bytes() == CONTENT
    assert server.requests == 0


def test_other_bytes_of_another_source_in_the_mirror_are_passed_over(place, server, mirrored):
    mirrored.rename(mirrored.parent.with_name("log.csv"))  # in no source's folder
    mirrored.parent.rename(place / "mirror" / "other")
    (place / "mirror" / "other" / "log.csv").write_bytes(CONTENT[::-1])
    get(place, {"url": server.url, "sha256": SHA256})
    assert server.requests == 1


def test_what_another_source_has_downloaded_is_not_downloaded_again(place, server):
    spec = {"url": server.url, "sha256": SHA256}
    for source, requests in (("some", 1), ("second", 1)):
        (place / source).mkdir()
        fetch(source, {"log.csv": spec}, place / source)
        assert server.requests == requests
    assert (place / "second" / "log.csv").read_bytes() == CONTENT
    (place / "cache" / "some" / "log.csv").write_bytes(b"damaged")
    fetch("second", {"log.csv": spec}, place / "second")
    assert server.requests == 2
    assert files_below(place / "cache") == ["second/log.csv", "some/log.csv"]


def test_a_relative_mirror_is_refused(place, monkeypatch):
    monkeypatch.setenv("RECORE_MIRROR", "mirror")
    refused(place, {"sha256": SHA256}, "RECORE_MIRROR is 'mirror'; give an absolute path")


def test_a_file_without_an_address_names_its_place_in_the_mirror(place):
    refused(place, {"sha256": SHA256}, r"has no public address; put it at RECORE_MIRROR/some/log\.csv")


def test_an_own_log_is_copied_once_it_is_pinned(place):
    own = place / "mine.csv"
    own.write_bytes(CONTENT)
    refused(place, {"path": str(own)}, rf"`sources\.some\.fetch\.files\.log\.csv` pins no .* `sha256: {SHA256}`")
    get(place, {"path": str(own), "sha256": SHA256})
    assert (place / "raw" / "log.csv").read_bytes() == CONTENT


def test_an_own_log_that_changed_or_went_is_named(place):
    own = place / "mine.csv"
    refused(place, {"path": str(own), "sha256": SHA256}, rf"`.*\.path` is {own}, which is no file")
    refused(place, {"path": str(own)}, rf"`.*\.path` is {own}, which is no file")
    own.write_bytes(CONTENT[1:])
    refused(place, {"path": str(own), "sha256": SHA256}, rf"{own} has wrong content, sha256")


def zipped(place, *members):
    archive = place / "mine.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for member in members:
            opened.writestr(member, CONTENT)
    return {"path": str(archive), "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(), "unzip": True}


def test_a_zip_is_unpacked(place):
    get(place, zipped(place, "log.csv", "more/notes.txt"))
    assert files_below(place / "raw") == ["log.csv", "more/notes.txt"]
    assert (place / "raw" / "log.csv").read_bytes() == CONTENT


@pytest.mark.parametrize("member", ["../escaped.csv", "more/../../escaped.csv", "/tmp/escaped.csv"])
def test_a_zip_member_outside_the_folder_is_refused_before_any_is_written(place, member):
    refused(place, zipped(place, "log.csv", member), "would land outside the folder")
    assert not (place / "escaped.csv").exists()


def test_what_is_no_zip_is_one_sentence(place):
    spec = zipped(place, "log.csv")
    shutil.copy(__file__, spec["path"])
    with open(spec["path"], "rb") as stream:
        spec["sha256"] = hashlib.sha256(stream.read()).hexdigest()
    refused(place, spec, "is not a zip file")


@pytest.mark.parametrize("way", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_is_one_sentence(place, way):
    """Each kind has an error of its own, and that of bzip2 is one that a full disk could have as well."""
    archive = place / "mine.zip"
    with zipfile.ZipFile(archive, "w", way) as opened:
        opened.writestr("log.csv", b"".join(hashlib.sha256(bytes([i])).digest() for i in range(200)))
    content = bytearray(archive.read_bytes())
    content[60:2000] = bytes(1940)
    archive.write_bytes(content)
    spec = {"path": str(archive), "sha256": hashlib.sha256(content).hexdigest(), "unzip": True}
    with pytest.raises(RecoreError, match=r"^mine\.zip cannot be unzipped \(.+\); remove `unzip` or correct the file$"):
        get(place, spec)


def denied(monkeypatch, folder, call):
    """As if this user might not do that (a method of Path) to a log below the folder."""
    original = getattr(type(folder), call)

    def refuse(path, *arguments, **more):
        if path.name == "log.csv" and path.is_relative_to(folder):
            raise PermissionError(13, "Permission denied", str(path))
        return original(path, *arguments, **more)

    monkeypatch.setattr(type(folder), call, refuse)


@pytest.mark.parametrize("where", ["own", "mirror"])
def test_a_folder_that_may_not_be_entered_is_one_sentence(place, monkeypatch, mirrored, where):
    own = place / "own" / "log.csv"
    own.parent.mkdir()
    own.write_bytes(CONTENT)
    if where == "own":
        monkeypatch.delenv("RECORE_MIRROR")
    denied(monkeypatch, place / where, "stat")
    said = rf"^{place / where}/.*log\.csv cannot be read \(Permission denied\); give this user the right to read it, or"
    refused(place, {"path": str(own), "sha256": SHA256}, said)


def test_what_another_source_has_and_may_not_be_read_is_passed_over(place, server, monkeypatch, mirrored):
    other = place / "mirror" / "other"
    mirrored.parent.rename(other)
    denied(monkeypatch, other, "open")
    get(place, {"url": server.url, "sha256": SHA256})
    assert server.requests == 1


@pytest.mark.parametrize("kind", ["folder", "broken link"])
def test_what_is_no_file_in_the_mirror_is_named_and_not_passed_over(place, server, mirrored, kind):
    mirrored.unlink()
    if kind == "folder":
        mirrored.mkdir()
    else:
        mirrored.symlink_to("nowhere")
    refused(
        place, {"url": server.url, "sha256": SHA256}, rf"{mirrored} of the mirror is no file; replace it, or remove"
    )
    assert server.requests == 0


def test_a_broken_link_and_a_folder_are_no_file(place):
    link = place / "link.csv"
    link.symlink_to("nowhere")
    for path in (link, place / "raw"):
        refused(place, {"path": str(path), "sha256": SHA256}, rf"is {path}, which is no file; correct the path")


def test_a_folder_in_the_cache_is_one_sentence(place, server):
    (place / "cache" / "some" / "log.csv").mkdir(parents=True)
    refused(place, {"url": server.url, "sha256": SHA256}, "cannot be read or written .*set RECORE_CACHE to another")


@pytest.mark.usefixtures("mirrored")
def test_a_full_disk_is_one_sentence_that_names_the_copy(place, monkeypatch):
    def full(source, copy):
        raise OSError(28, "No space left on device", str(source))  # as shutil does, which names what it reads

    monkeypatch.setattr(shutil, "copyfile", full)
    refused(
        place,
        {"sha256": SHA256},
        rf"{place}/raw/log\.csv cannot be written \(No space left on device\); make room there",
    )
