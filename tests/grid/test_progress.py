"""What people see of the cells while they are made."""

import io

from recore.grid import progress
from recore.grid.cells import Cell

CELL = Cell("demo", "trm", 1, (), (), ())


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_where_there_is_no_terminal(monkeypatch, capsys):
    clock = iter([0.0, 60.0, 7200.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    view = progress.View(5)
    view.note("")
    view.sent(3)
    view.made(CELL, {"seconds": 12.3, "host": "h1"})
    view.failed(CELL, "it is torn")
    view.made(CELL, {"seconds": 12.3, "host": "h1"})
    view.close()
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "demo trm 1 (1 of 5): made in 12 s on h1; 2 sent, 0 failed, about 4.0 min left",
        "demo trm 1 (2 of 5): made in 12 s on h1; 2 sent, 1 failed, about 2.0 h left",
    ]
    assert shown.err == "recore: demo trm 1: given up, it is torn\n"


def test_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(progress.sys, "stderr", terminal := Terminal())
    view = progress.View(4)
    view.sent(3)
    view.made(CELL, {"seconds": 1.0, "host": "h1"})
    view.note("the executor broke")
    view.close()
    assert "1/4" in terminal.getvalue()
    assert "sent=3" in terminal.getvalue()
    assert "recore: the executor broke" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_a_wait_for_workers_is_told_now_and_then_and_does_not_count_as_time_of_cells(monkeypatch, capsys):
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    view = progress.View(3)
    for now in (2.0, 29.0, 30.0, 40.0, 61.0):  # noqa: B007  # the clock reads it
        view.waits()
    now = 71.0
    view.made(CELL, {"seconds": 10.0, "host": "h1"})
    view.close()
    shown = capsys.readouterr()
    assert shown.err == "recore: no worker is there; 3 cells wait for one\n" * 2  # after 30 and 61 s
    assert "about 20 s left" in shown.out  # 10 s a cell, not 71
