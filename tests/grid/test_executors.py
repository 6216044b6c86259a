"""What --executor can name, and one sentence for what it cannot."""

import sys
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from recore import RecoreError
from recore.commands import cells as command
from recore.grid import elsewhere
from recore.grid.executors import engine, sending


def two() -> Executor:
    return ThreadPoolExecutor(2)


def pool() -> Executor:
    return ProcessPoolExecutor(3)


def number() -> int:
    return 7


def wrong() -> Executor:
    raise ConnectionError("no\nroute")


NUMBER = 7


def opened(name, address=None, jobs=None):
    made = engine(name, address, jobs)
    made.open()
    return made


def test_so_many_processes_at_once():
    made = opened("processes", jobs=3)
    assert made.slots() == 3
    assert made.alive()
    assert made.executor.submit(int, "7").result() == 7
    made.close()
    assert not made.alive()
    assert opened("processes").slots() == 1


@pytest.mark.parametrize(("name", "jobs", "slots"), [("two", None, 2), ("pool", None, 3), ("two", 5, 5)])
def test_any_executor_of_the_standard_library(name, jobs, slots):
    made = opened(f"grid.test_executors:{name}", jobs=jobs)
    assert made.slots() == slots
    assert made.executor.submit(int, "7").result() == 7
    first = made.executor
    made.open()  # as after it broke
    assert made.executor is not first
    made.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("proceses",), r"^--executor is 'proceses'; it can be processes, dask or package.module:function$"),
        (("a:",), r"^--executor is 'a:'; it can be"),
        (("no_such_module:f",), r"^--executor names no_such_module:f, but No module named 'no_such_module'; a module"),
        (("grid.test_executors:none",), r"^--executor names grid.test_executors:none, but .* no attribute 'none'"),
        (("grid.test_executors:number",), r"which returns int; it is to return a concurrent.futures.Executor$"),
        (("grid.test_executors:wrong",), r"which failed when it was called \(ConnectionError: no route\); mend it$"),
        (("grid.test_executors:NUMBER",), r"which failed when it was called \(TypeError: 'int' object is not callable"),
        ((".executors:number",), r"^--executor names .executors:number, but "),
        (("processes", None, 0), r"^--jobs is 0; it is the number of cells at once, 1 or more$"),
        (("dask",), r"^--executor dask needs --address, such as tcp://head:8786$"),
        (("processes", "tcp://head:8786"), r"^--address is for --executor dask; processes takes none$"),
    ],
)
def test_a_wrong_name_is_one_sentence(arguments, said):
    with pytest.raises(RecoreError, match=said):
        opened(*arguments)


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RecoreError, match=r"^--executor dask needs the package \w+; install it with `pip install 're"):
        opened("dask", "tcp://127.0.0.1:1")


def test_options_of_an_executor_need_one():
    with pytest.raises(RecoreError, match=r"^--address and --jobs are for --executor, which names what makes the cel"):
        command.main(["--jobs", "2"])


class Client:
    """As much of Dask's as is asked of it."""

    def get_executor(self, pure):
        return ThreadPoolExecutor(1)

    def nthreads(self):
        return {"tcp://a": 1, "tcp://b": 2}


def of_dask() -> Executor:
    return sending(Client())


def test_who_can_count_workers_does():
    assert opened("grid.test_executors:of_dask").workers() == 3
    assert opened("grid.test_executors:two").workers() is None
    assert opened("processes").workers() is None


def test_tls_without_its_files_is_told_at_once(monkeypatch):
    config = pytest.importorskip("dask.config")
    pytest.importorskip("distributed")
    names = [f"DASK_DISTRIBUTED__COMM__TLS__{name}" for name in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY")]
    with pytest.raises(RecoreError, match=f"^--address tls://127.0.0.1:1 needs {', '.join(names)} in the environment"):
        opened("dask", "tls://127.0.0.1:1")
    set_keys = ("distributed.comm.tls.ca-file", "distributed.comm.tls.client.cert")
    said = f"needs {names[2]} in the environment"
    with config.set(dict.fromkeys(set_keys, "cert.pem")), pytest.raises(RecoreError, match=said):
        opened("dask", "tls://127.0.0.1:1")
    all_keys = (*set_keys, "distributed.comm.tls.client.key")
    said = f"^{names[0]} is cert.pem, which does not exist in .*; correct it$"
    with config.set(dict.fromkeys(all_keys, "cert.pem")), pytest.raises(RecoreError, match=said):
        opened("dask", "tls://127.0.0.1:1")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("head", "Must include protocol"),
        ("head:eight", "Must include protocol"),
        ("http://head:8786", "unknown address scheme 'http'"),
        ("tcp://head", "missing port number"),
        ("tcp://nowhere.invalid:8786", "the host 'nowhere.invalid', which is not known here"),
    ],
)
def test_an_address_that_can_be_nobodys_is_told_before_dask_waits_for_it(address, said, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(distributed, "Client", lambda *_, **__: pytest.fail("waits"))
    with pytest.raises(RecoreError, match=rf"^--address .*{said}") as told:
        opened("dask", address)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("named", "threads", "said"),
    [
        (("processes", None, 2), 2, "2 cells at once of train.threads 2 each want more than the 3 cores"),
        (("processes", None, None), 4, "1 cells at once of train.threads 4 each want more than the 3 cores"),
        (("processes", None, 3), 1, ""),
        (("dask", "tcp://head:8786", 64), 2, ""),  # their cores are not these
    ],
)
def test_more_threads_than_cores_are_told(named, threads, said, monkeypatch):
    monkeypatch.setattr(elsewhere.os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    found = elsewhere._crowded(named, threads)
    assert found.startswith(said)
    assert bool(found) == bool(said)
    assert not said or f"--jobs {max(1, 3 // threads)} suits it" in found
