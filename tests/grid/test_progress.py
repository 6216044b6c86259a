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
    view.under_way(3)
    view.made(CELL, {"seconds": 12.3, "host": "h1"})
    view.failed(CELL, "it is torn")
    view.made(CELL, {"seconds": 12.3, "host": "h1"})
    view.close()
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "demo trm 1 (1 of 5): made in 12 s on h1; 2 under way, 0 failed, about 4.0 min left",
        "demo trm 1 (2 of 5): made in 12 s on h1; 2 under way, 1 failed, about 2.0 h left",
    ]
    assert shown.err == "recore: demo trm 1: given up, it is torn\n"


def test_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(progress.sys, "stderr", terminal := Terminal())
    view = progress.View(4)
    view.under_way(3)
    view.made(CELL, {"seconds": 1.0, "host": "h1"})
    view.note("the executor broke")
    view.close()
    assert "1/4" in terminal.getvalue()
    assert "under way=3" in terminal.getvalue()
    assert "recore: the executor broke" in terminal.getvalue()
    assert capsys.readouterr().out == ""
