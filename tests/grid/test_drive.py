"""What becomes of the cells when workers and executors come, go and fail: with an executor that follows a script."""

import io
import json
import zipfile
from collections import Counter
from concurrent.futures import BrokenExecutor, Future

import pytest

from recore import RecoreError
from recore.grid import accept, drive, worker
from recore.grid.cells import Cell
from recore.grid.executors import Engine
from recore.grid.progress import View

CELLS = [Cell("demo", variant, seed, (), (), ()) for seed in (1, 2) for variant in ("a", "b", "c")]
ANSWER = {"said": "words", "seconds": 1}


class Hosts:
    """Answers at once, in the name of one host after the other. ``fate(host, name, times)``: None, a state to answer,
    or an exception to raise; times: how often this cell has been asked for."""

    def __init__(self, hosts=1, fate=lambda host, name, times: None, slots=4):
        self.bundles = {number: set() for number in range(hosts)}
        self.fate, self._max_workers = fate, slots
        self.turn = self.delivered = self.needed = 0
        self.asked, self.holds, self.opened, self.most = Counter(), [], 0, 0
        self.broken: Exception | None = None

    def submit(self, function, *arguments):
        if self.broken:
            raise self.broken
        future = Future()
        host = self.turn = (self.turn + 1) % len(self.bundles)
        try:
            answer = self.answered(host, function, arguments)
        except Exception as fault:
            if isinstance(fault, BrokenExecutor):
                self.broken = fault
            future.set_exception(fault)
        else:
            future.set_result(answer)
        return future

    def answered(self, host, function, arguments):
        if function is worker.deliver:
            self.delivered += 1
            state = self.fate(host, "deliver", self.delivered) or "has"
            if state == "has":
                self.bundles[host].add(arguments[0])
            return reply(state, host)
        asked = json.loads(arguments[0])
        if asked["bundle"] not in self.bundles[host]:
            self.needed += 1
            return reply("need", host, said="")
        name = " ".join(asked["cell"])
        self.asked[name] += 1
        self.holds.append(asked["hold"])
        state = self.fate(host, name, self.asked[name]) or "made"
        if isinstance(state, Exception):
            raise state
        return reply(state, host)

    def shutdown(self, wait):
        pass


def reply(state, host, said="words") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("reply.json", json.dumps({"state": state, "host": f"host{host}", "said": said, "seconds": 1}))
    return buffer.getvalue()


@pytest.fixture
def driven(monkeypatch):
    """Runs all cells on hosts; returns the names of the cells that were placed, and the tasks that were given up."""
    placed = []
    monkeypatch.setattr(drive.bundle, "bundle", lambda dataset: ("digest", b"content"))
    monkeypatch.setattr(accept, "place", lambda cell, *_: placed.append(str(cell)))

    def run(hosts):
        def opened():
            hosts.opened += 1
            hosts.broken = None
            return hosts

        def watched(made):
            class Watched(View):
                def sent(self, cells):
                    made.most, made.last = max(made.most, cells), cells

            return Watched(len(CELLS))

        todo = drive.Drive(Engine(opened), "cpu", True, {}, watched(hosts))
        given_up = todo.run([drive.Task(cell, {}) for cell in CELLS])
        assert len(placed) == len(set(placed))
        return placed, given_up

    return run


EVERY = {str(cell) for cell in CELLS}


def test_every_cell_is_made_once(driven):
    hosts = Hosts(slots=2)
    placed, given_up = driven(hosts)
    assert (set(placed), given_up, hosts.opened) == (EVERY, [], 1)
    assert set(hosts.asked.values()) == {1}
    assert (hosts.most, hosts.last) == (2, 0)


@pytest.mark.parametrize("hosts", [1, 2, 5])
def test_a_bundle_goes_to_each_host_and_not_with_each_cell(driven, hosts):
    """Hosts take turns here, whether they are busy or not, so a delivery may come to one that has it."""
    made = Hosts(hosts)
    placed, _ = driven(made)
    assert set(placed) == EVERY
    assert made.delivered <= 2 * hosts


def test_a_host_that_lost_its_bundle_gets_it_again(driven):
    hosts = Hosts()

    def fate(host, name, times):
        if name == "demo b 1" and times == 1:
            hosts.bundles[host].clear()

    hosts.fate = fate
    assert set(driven(hosts)[0]) == EVERY
    assert hosts.delivered in (2, 3)  # what was asked for meanwhile may be parked after the second


def test_a_lost_worker_costs_its_cell_a_new_start(driven):
    hosts = Hosts(fate=lambda host, name, times: ConnectionError("gone") if times <= 2 else None)
    placed, given_up = driven(hosts)
    assert (set(placed), given_up) == (EVERY, [])
    assert set(hosts.asked.values()) == {3}


def test_a_cell_that_takes_every_worker_with_it_ends(driven):
    hosts = Hosts(fate=lambda host, name, times: ConnectionError("gone") if name == "demo b 1" else None)
    placed, (given_up,) = driven(hosts)
    assert set(placed) == EVERY - {"demo b 1"}
    assert hosts.asked["demo b 1"] == drive.LOST
    assert given_up.said == "its worker was lost (ConnectionError: gone)"


def test_a_cell_that_fails_three_times_is_given_up_and_stops_no_other(driven):
    hosts = Hosts(fate=lambda host, name, times: "failed" if name in ("demo a 1", "demo c 2") else None)
    placed, given_up = driven(hosts)
    assert set(placed) == EVERY - {"demo a 1", "demo c 2"}
    assert {str(task.cell) for task in given_up} == {"demo a 1", "demo c 2"}
    assert hosts.asked["demo a 1"] == hosts.asked["demo c 2"] == 3
    assert given_up[0].said.startswith("it failed on host0: words")


def test_a_bundle_that_never_is_what_was_asked_for_ends(driven):
    """As where params.yaml changed before it was packed."""
    hosts = Hosts()

    def fate(host, name, times):
        if name != "deliver":
            hosts.bundles[host].clear()
            return "damaged"

    hosts.fate = fate
    placed, given_up = driven(hosts)
    assert placed == []
    assert {str(task.cell) for task in given_up} == EVERY
    assert set(hosts.asked.values()) == {3}


def test_what_is_refused_counts_as_a_fault_of_the_cell(driven, monkeypatch):
    hosts = Hosts()

    def refused(cell, *_):
        if cell.variant == "b":
            raise accept.Refused("it is torn")

    monkeypatch.setattr(accept, "place", refused)
    _, given_up = driven(hosts)
    assert {str(task.cell) for task in given_up} == {"demo b 1", "demo b 2"}
    assert {task.said for task in given_up} == {"refused, since it is torn"}


def test_what_is_torn_is_a_fault_and_raises_nothing(driven, monkeypatch):
    read = accept.read
    monkeypatch.setattr(accept, "read", lambda content: read(content.replace(b"made", b"torn")))
    _, given_up = driven(Hosts())
    assert {str(task.cell) for task in given_up} == EVERY


def test_a_host_that_is_not_fit_waits_longer_each_time_and_loses_no_cell(driven):
    """A full disk: the host is always idle, so it would take every cell that waits."""
    hosts = Hosts(2, fate=lambda host, name, times: "unfit" if host == 1 and name != "deliver" else None)
    placed, given_up = driven(hosts)
    assert (set(placed), given_up) == (EVERY, [])
    assert set(hosts.holds) >= {5, 20}
    assert set(hosts.holds) <= {5, 20, 80, 320}


def test_a_host_that_is_not_fit_takes_no_cell_from_one_that_is_busy(driven):
    """One cell is made for hours on the only host that is fit; the others come back from the other one, and wait."""
    hosts, busy = Hosts(2, slots=6), []

    def fate(host, name, times):
        if name == "demo a 1" and not busy:
            busy.append(hosts)
        elif name != "deliver" and max(hosts.asked.values()) < 9:
            return "unfit"

    hosts.fate = fate
    submit = hosts.submit

    def held(function, *arguments):
        future = submit(function, *arguments)
        if len(busy) == 1:  # this is its answer, which comes when the others have been asked for nine times
            busy.append(future.result())
            late = Future()
            busy.append(late)
            return late
        if len(busy) == 3 and max(hosts.asked.values()) >= 9 and not busy[2].done():
            busy[2].set_result(busy[1])
        return future

    hosts.submit = held
    placed, given_up = driven(hosts)
    assert (set(placed), given_up) == (EVERY, [])


def test_where_no_host_is_fit_it_ends(driven):
    placed, given_up = driven(Hosts(fate=lambda host, name, times: None if name == "deliver" else "unfit"))
    assert placed == []
    assert {str(task.cell) for task in given_up} == EVERY
    assert {task.said for task in given_up} == {"host0 is not fit for it: words"}


def test_a_host_that_cannot_take_the_bundle_keeps_it_from_no_other(driven, monkeypatch):
    """Its disk is full, and a delivery that is alone always goes to it; one beside it goes to the other.

    Both have one name, as containers of a kind may.
    """
    named = reply
    monkeypatch.setitem(globals(), "reply", lambda state, host, said="words": named(state, 0, said))
    hosts, pending = Hosts(2), []
    submit, answered = hosts.submit, hosts.answered

    def answered_there(host, function, arguments):
        if function is worker.deliver:
            host = 0 if pending and not pending[-1].done() else 1
        return answered(host, function, arguments)

    def held(function, *arguments):
        future = submit(function, *arguments)
        if function is not worker.deliver or accept.read(future.result()).header["state"] == "has":
            return future
        pending.append(Future())  # it says so when it has been asked for long enough
        pending[-1].content = future.result()
        return pending[-1]

    def waited(futures, **_):
        done = [future for future in futures if future.done()]
        if not done and not pending[-1].done():
            pending[-1].set_result(pending[-1].content)
        return [future for future in futures if future.done()], []

    hosts.submit, hosts.answered = held, answered_there
    hosts.fate = lambda host, name, times: "unfit" if host == 1 and name == "deliver" else None
    monkeypatch.setattr(drive, "wait", waited)
    placed, given_up = driven(hosts)
    assert (set(placed), given_up) == (EVERY, [])


def test_where_no_host_can_take_the_bundle_it_ends(driven):
    placed, given_up = driven(Hosts(fate=lambda host, name, times: "unfit"))
    assert placed == []
    assert {task.said for task in given_up} == {"no worker could take the split of demo"}
    assert len(given_up) == len(CELLS)


def test_a_host_that_forgets_its_bundle_each_time_ends(driven):
    """As where each task has a container of its own."""

    made = Hosts()
    submit = made.submit

    def forgetful(function, *arguments):
        if made.delivered > 500:
            raise KeyboardInterrupt("it would have gone on for ever")
        future = submit(function, *arguments)
        made.bundles[0].clear()
        return future

    made.submit = forgetful
    placed, given_up = driven(made)
    assert placed == []
    assert {task.said for task in given_up} == {
        "host0 asks for the split again and again; its TMPDIR has to outlast a task"
    }
    assert made.needed == len(CELLS) * (drive.NEEDS + 4 + 1)


def test_a_delivery_that_takes_every_worker_with_it_ends(driven):
    def fate(host, name, times):
        if times > 500:
            raise KeyboardInterrupt("it would have gone on for ever")
        return ConnectionError("gone") if name == "deliver" else None

    hosts = Hosts(fate=fate)
    placed, given_up = driven(hosts)
    assert (placed, len(given_up)) == ([], len(CELLS))
    assert {task.said for task in given_up} == {"no worker could take the split of demo"}


def test_what_has_not_begun_when_it_ends_is_cancelled(driven, monkeypatch):
    """The threads and processes of an executor would make it to its end, for nobody."""
    hosts, futures = Hosts(slots=2), []

    def submit(*_):
        futures.append(Future())
        return futures[-1]

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    hosts.submit = submit
    monkeypatch.setattr(drive, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        driven(hosts)
    assert [future.cancelled() for future in futures] == [True, True]


def test_an_executor_that_breaks_is_opened_again(driven):
    hosts = Hosts(fate=lambda host, name, times: BrokenExecutor("pool") if (name, times) == ("demo b 1", 1) else None)
    placed, given_up = driven(hosts)
    assert (set(placed), given_up, hosts.opened) == (EVERY, [], 2)


def test_an_executor_that_breaks_again_and_again_is_an_error(driven):
    hosts = Hosts(fate=lambda host, name, times: BrokenExecutor("pool") if name != "deliver" else None)
    with pytest.raises(RecoreError, match=r"^the executor broke 4 times, the last time by BrokenExecutor: pool; cells"):
        driven(hosts)
    assert hosts.opened == 4


def test_a_full_disk_here_is_no_fault_of_the_executor(driven, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "data")

    hosts = Hosts()
    monkeypatch.setattr(accept, "place", full)
    with pytest.raises(OSError, match="No space left"):
        driven(hosts)
    assert hosts.opened == 1
