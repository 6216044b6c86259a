"""What runs the cells: any ``concurrent.futures.Executor``, of which ``submit`` and ``shutdown`` are used.

processes        so many children of this process at once
dask             the workers of a Dask scheduler, TCP or TLS, at an address
MODULE:FUNCTION  whatever the function returns when it is called without arguments
"""

import importlib
import pickle
import socket
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from recore import RecoreError
from recore.grid import worker

AT_ONCE = 64  # cells that an executor which does not say how many workers it has is given at once
PATIENCE = 20  # seconds to wait for a scheduler


class Engine:
    """An executor that can be opened again after it broke.

    ``hold`` is for how many seconds a worker that is not fit waits before it says so, for others to take the cell.
    """

    def __init__(self, opened: Callable[[], Executor], at_once: int | None = None, hold: float = 5):
        self._opened, self._at_once, self.hold = opened, at_once, hold
        self.executor: Executor | None = None

    def open(self) -> None:
        """RecoreError where there is none to be had."""
        self.close()
        self.executor = self._opened()

    def close(self) -> None:
        """Waits for no cell that is being made."""
        executor, self.executor = self.executor, None
        if executor:
            try:
                executor.shutdown(wait=False)
            except Exception as fault:  # one that broke may not even close
                print(f"recore: the executor did not close ({fault})", flush=True)

    def slots(self) -> int:
        """Cells to have under way: a few more than are made, so that no worker waits for the next one."""
        return self._at_once or getattr(self.executor, "_max_workers", None) or AT_ONCE

    def alive(self) -> bool:
        return self.executor is not None

    def workers(self) -> int | None:
        """How many there are at the moment; None where the executor does not say."""
        return self.executor.workers() if isinstance(self.executor, _Sending) else None

    def where(self) -> str:
        """A line for people; empty where there is nothing to say."""
        return ""


class _Children(ThreadPoolExecutor):
    """A thread for each child, which does the work: when one dies, nothing else does."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = True) -> None:
        super().shutdown(wait=False, cancel_futures=cancel_futures)
        for child in list(worker.CHILDREN):
            child.kill()


class _ByValue:
    """A function that is pickled with its module, where it is plainly called: no worker needs to have recore."""

    def __init__(self, function: Callable[..., bytes]):
        self._function = function

    def __call__(self, *arguments: Any) -> bytes:
        return self._function(*arguments)

    def __reduce__(self) -> Any:
        import cloudpickle

        cloudpickle.register_pickle_by_value(worker)
        return pickle.loads, (cloudpickle.dumps(self._function),)


class _Sending(Executor):
    """The executor of a Dask client, with functions by value."""

    def __init__(self, client: Any):
        self._client, self._executor = client, client.get_executor(pure=False)

    def workers(self) -> int:
        return sum(self._client.nthreads().values())

    def submit(self, function: Callable[..., bytes], /, *arguments: Any) -> Future:
        return self._executor.submit(_ByValue(function), *arguments)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = True) -> None:
        self._executor.shutdown(wait=wait)


def sending(client: Any) -> Executor:
    """The executor of a Dask client, for workers that need not have recore: what a function of your own returns."""
    return _Sending(client)


class _Dask(Engine):
    """The client's connection to a scheduler, with the executor that Dask makes of it."""

    def __init__(self, address: str, at_once: int | None):
        super().__init__(lambda: self._connected(address), at_once)
        self._client: Any = None

    def _connected(self, address: str) -> Executor:
        try:
            from distributed import Client
        except ModuleNotFoundError as fault:
            raise RecoreError(
                f"--executor dask needs the package {fault.name}; install it with `pip install 'recore[dask]'`, from a "
                "checkout `pip install -c constraints.txt -e '.[dask]'`"
            ) from None
        _check(address)
        try:
            self._client = Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, TypeError) as fault:
            said = " ".join(str(fault).split()) or type(fault).__name__
            raise RecoreError(
                f"no Dask scheduler answers at {address} ({said}); start one with `dask scheduler`, or correct "
                "--address, which begins with tls:// where the scheduler does; cells that were made stay"
            ) from None
        return sending(self._client)

    def close(self) -> None:
        super().close()
        if self._client is not None:
            self._client.close(timeout=5)
            self._client = None

    def slots(self) -> int:
        return self._at_once or 2 * self.workers() + 1

    def alive(self) -> bool:
        return self._client is not None and self._client.status == "running"

    def where(self) -> str:
        there = self.workers()
        counted = "1 Dask worker" if there == 1 else f"{there} Dask workers"
        return f"{counted}; dashboard, where the scheduler has bokeh: {self._client.dashboard_link}"


def _check(address: str) -> None:
    """RecoreError where no scheduler can be reached at such an address, before a client of Dask's waits for it."""
    from distributed.comm import get_address_host_port

    try:
        host, port = get_address_host_port(address, strict=True)
    except ValueError as fault:
        raise RecoreError(f"--address is {address!r} ({fault}); it can be tcp://head:8786 or tls://head:8786") from None
    try:
        socket.getaddrinfo(host, port)
    except OSError as fault:
        raise RecoreError(f"--address names the host {host!r}, which is not known here ({fault}); correct it") from None
    if address.startswith("tls:"):
        _check_keys(address)


def _check_keys(address: str) -> None:
    """RecoreError where one of Dask's settings for TLS is missing, or the file that it names."""
    import dask.config

    files = {}
    for key in ("ca-file", "client.cert", "client.key"):
        variable = f"DASK_DISTRIBUTED__COMM__TLS__{key.upper().replace('-', '_').replace('.', '__')}"
        files[variable] = dask.config.get(f"distributed.comm.tls.{key}", None)
    if unset := [variable for variable, file in files.items() if not file]:
        raise RecoreError(f"--address {address} needs {', '.join(unset)} in the environment (docs/MACHINES.md)")
    for variable, file in files.items():
        if not Path(file).exists():
            raise RecoreError(f"{variable} is {file}, which does not exist in {Path.cwd()}; correct it")


def engine(name: str, address: str | None, jobs: int | None) -> Engine:
    """What --executor, --address and --jobs name, not yet opened; RecoreError where they name nothing."""
    if jobs is not None and jobs < 1:
        raise RecoreError(f"--jobs is {jobs}; it is the number of cells at once, 1 or more")
    if (name == "dask") != (address is not None):
        raise RecoreError(
            "--executor dask needs --address, such as tcp://head:8786"
            if name == "dask"
            else f"--address is for --executor dask; {name} takes none"
        )
    if name == "dask":
        return _Dask(str(address), jobs)
    if name == "processes":
        return Engine(lambda: _Children(jobs or 1), jobs or 1, hold=0)  # there are no others
    return Engine(lambda: _called(name), jobs)


def _called(name: str) -> Executor:
    module, colon, function = name.partition(":")
    if not colon or not module or not function:
        raise RecoreError(f"--executor is {name!r}; it can be processes, dask or package.module:function")
    try:
        found = getattr(importlib.import_module(module), function)
    except Exception as fault:  # whatever its file does when it is read
        said = " ".join(str(fault).split())
        raise RecoreError(f"--executor names {name}, but {said}; a module is found where Python looks") from None
    try:
        executor = found()
    except Exception as fault:
        said = " ".join(f"{type(fault).__name__}: {fault}".split())
        raise RecoreError(f"--executor names {name}, which failed when it was called ({said}); mend it") from fault
    if not isinstance(executor, Executor):
        raise RecoreError(
            f"--executor names {name}, which returns {type(executor).__name__}; it is to return a "
            "concurrent.futures.Executor"
        )
    return executor
