"""Gives the cells to an executor, and takes what comes back, until each is made or has failed for good.

A worker that has not the bundle of a dataset says so at once, and then it is sent to whichever is idle: so it travels
once to each host, whatever the executor, and comes again where a host has lost it. A worker that is lost costs its
cell a new start, and an executor that breaks is opened again.
"""

import json
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Any

from recore import RecoreError, paths
from recore.grid import accept, bundle, worker
from recore.grid.accept import Refused
from recore.grid.cells import Cell
from recore.grid.executors import Engine
from recore.grid.progress import View

OWN_FAULTS = 3  # of a cell, and then it is given up
UNFIT = 5  # answers of workers that are not fit, each of which takes four times as long as the one before, up to
LONGEST = 3  # so many times
LOST = 20  # workers that went with a cell: one that takes its worker with it must end, too
BROKEN = 3  # times that an executor breaks without a cell being made in between
DELIVERIES = 4  # of a dataset at once
NEEDS = 20  # times that a cell comes to where its bundle is not, and as many more as there are workers
LOOK = 2.0  # seconds between looks at the executor


class _Broken(Exception):
    """The executor itself failed, and no cell of it."""


@dataclass
class Task:
    """A cell, what it is made of, and what went wrong with it so far."""

    cell: Cell
    needed: dict[str, Any]
    failed: int = 0
    unfit: int = 0
    lost: int = 0
    needs: int = 0
    said: str = ""
    at: str = ""  # the host that has not its bundle


@dataclass
class Drive:
    """One call's worth of cells on an executor. made_by: ``accept.place`` has it."""

    engine: Engine
    device: str
    weights: bool
    made_by: dict[str, Any]
    view: View
    bundles: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    under_way: dict[Future, Task] = field(default_factory=dict)
    deliveries: dict[Future, str] = field(default_factory=dict)  # to the dataset
    parked: dict[str, list[Task]] = field(default_factory=dict)  # until a delivery of their dataset has ended
    waiting: deque[Task] = field(default_factory=deque)
    given_up: list[Task] = field(default_factory=list)
    slots: int = 0
    looked: float = 0.0

    def run(self, tasks: Iterable[Task]) -> list[Task]:
        """The tasks that were given up. RecoreError where the executor broke for good."""
        self.waiting.extend(tasks)
        broken = 0
        try:
            self.engine.open()
            self.view.note(self.engine.where())
            while self.waiting or self.under_way or self.parked:
                try:
                    self._look()
                    self._send()
                    if self._take():
                        broken = 0
                except _Broken as fault:
                    broken += 1
                    if broken > BROKEN:
                        raise RecoreError(
                            f"the executor broke {broken} times, the last time by {fault}; cells that were made stay, "
                            "so mend it and run this again"
                        ) from None
                    self.view.note(f"the executor broke ({fault}), and is opened again")
                    self._put_back()
                    self.engine.open()
        finally:
            for future in (*self.under_way, *self.deliveries):  # nobody is there to take what has not begun
                future.cancel()
            self.engine.close()
        return self.given_up

    def _look(self) -> None:
        """Asks the executor from time to time whether it is there and how much it can take."""
        if self.slots and time.monotonic() - self.looked < LOOK:
            return
        if not self.engine.alive():
            raise _Broken("the connection to it was lost")
        try:
            self.slots, self.looked = self.engine.slots(), time.monotonic()
            if self.engine.workers() == 0:
                self.view.waits()
        except Exception as fault:
            raise _Broken(_words(fault)) from fault

    def _submit(self, *call: Any) -> Future:
        try:
            return self.engine.executor.submit(*call)
        except Exception as fault:
            raise _Broken(_words(fault)) from fault

    def _send(self) -> None:
        while self.waiting and len(self.under_way) < self.slots:
            task = self.waiting[0]
            order = {
                "bundle": self._bundle(task.cell.dataset)[0],
                "cell": [task.cell.dataset, task.cell.variant, paths.run(task.cell.seed)],
                "device": self.device,
                "inputs": task.needed,
                "folders": bundle.folders(task.cell),
                "weights": self.weights,
                "hold": self._hold(task.unfit),
            }
            future = self._submit(worker.make, json.dumps(order).encode())
            self.under_way[future] = self.waiting.popleft()
        self.view.sent(len(self.under_way))

    def _take(self) -> bool:
        """Deals with what has come, for which it waits a little; whether a cell was made."""
        done, _ = wait([*self.under_way, *self.deliveries], timeout=LOOK, return_when=FIRST_COMPLETED)
        made = False
        for future in [sent for sent in (*self.under_way, *self.deliveries) if sent in done]:  # in the order of sending
            if future in self.deliveries:
                self._delivered(self.deliveries.pop(future), future)
            else:
                made |= self._came(self.under_way.pop(future), future)
        self.view.sent(len(self.under_way))
        return made

    def _came(self, task: Task, future: Future) -> bool:
        try:
            content = future.result()
        except Exception as fault:  # of the executor alone: a worker answers with bytes, whatever happens
            task.lost += 1
            self._again(task, f"its worker was lost ({_words(fault)})")
            return False
        try:
            reply = accept.read(content)
            header = reply.header
            if header["state"] == "made":
                accept.place(task.cell, task.needed, reply, self.weights, self.made_by | _where(header))
                self.view.made(task.cell, header)
                return True
        except Refused as fault:
            task.failed += 1
            self._again(task, f"refused, since {fault}")
            return False
        if header["state"] == "need" and task.needs >= NEEDS + self.slots:
            task.lost = LOST
            self._again(task, f"{header['host']} asks for the split again and again; its TMPDIR has to outlast a task")
        elif header["state"] == "need":
            task.needs += 1
            task.at = header["host"]
            self.parked.setdefault(task.cell.dataset, []).append(task)
            self._deliver(task.cell.dataset)
        elif header["state"] == "unfit":
            task.unfit += 1
            self._again(task, f"{header['host']} is not fit for it: {header['said']}", last=True)
        else:
            task.failed += 1
            self._again(task, f"it failed on {header['host']}: {header['said']}")
        return False

    def _again(self, task: Task, said: str, last: bool = False) -> None:
        """Puts a task back, where it is its turn again or behind all others, or gives it up."""
        task.said = said
        if self._is_hopeless(task):
            self.given_up.append(task)
            self.view.failed(task.cell, said)
        else:
            self.view.note(f"{task.cell}: {said}")
            (self.waiting.append if last else self.waiting.appendleft)(task)

    def _is_hopeless(self, task: Task) -> bool:
        """Whether to give it up. While another cell may be with a worker that is fit, that one may take it next."""
        others = (*self.under_way.values(), *self.waiting)
        unfit = task.unfit >= UNFIT and all(other.unfit >= UNFIT for other in others)
        return task.failed >= OWN_FAULTS or task.lost >= LOST or unfit

    def _deliver(self, dataset: str) -> None:
        parked = self.parked[dataset]
        at_once = min(DELIVERIES, len({task.at for task in parked}))
        at_once += max(task.unfit for task in parked)  # one after the other, all might go to the host that has no room
        if list(self.deliveries.values()).count(dataset) < at_once:
            hold = self._hold(min(task.unfit for task in parked))
            future = self._submit(worker.deliver, *self._bundle(dataset), hold)
            self.deliveries[future] = dataset

    def _hold(self, unfit: int) -> float:
        """Seconds for which a worker that is not fit is to wait, so that it does not take every cell there is."""
        return self.engine.hold * 4 ** min(unfit, LONGEST)

    def _delivered(self, dataset: str, future: Future) -> None:
        try:
            header = accept.read(future.result()).header
            if header["state"] != "has":
                self.view.note(f"{header['host']} cannot take the split of {dataset}: {header['said']}")
                for task in self.parked.get(dataset, []):
                    task.unfit += 1
        except Exception as fault:
            self.view.note(f"a worker was lost that was sent the split of {dataset} ({_words(fault)})")
            for task in self.parked.get(dataset, []):
                task.lost += 1
        for task in reversed(self.parked.pop(dataset, [])):
            if self._is_hopeless(task):
                task.said = f"no worker could take the split of {dataset}"
                self.given_up.append(task)
                self.view.failed(task.cell, task.said)
            else:
                self.waiting.appendleft(task)

    def _put_back(self) -> None:
        """All that was under way, which is lost."""
        for task in (*self.under_way.values(), *(task for own in self.parked.values() for task in own)):
            self.waiting.appendleft(task)
        for lost in (self.under_way, self.deliveries, self.parked):
            lost.clear()
        self.slots = 0

    def _bundle(self, dataset: str) -> tuple[str, bytes]:
        if dataset not in self.bundles:
            self.bundles[dataset] = bundle.bundle(dataset)
        return self.bundles[dataset]


def _where(header: dict[str, Any]) -> dict[str, Any]:
    return {"host": header["host"], "cell_seconds": header["seconds"]}


def _words(fault: BaseException) -> str:
    return " ".join(f"{type(fault).__name__}: {fault}".split()).removesuffix(":")[:300]
