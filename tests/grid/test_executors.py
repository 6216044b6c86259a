"""What --executor can name, and one sentence for what it cannot."""

import sys
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from recore import RecoreError
from recore.commands import cells as command
from recore.grid.executors import engine


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
