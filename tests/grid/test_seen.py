"""What a script saw replaces what the same command saw before, and nothing else."""

import pytest
from grid.seen import keep

OLD = """\
what was done to the grid,what came of it,date,commit
"`a.py --of x`: one, killed",0 lost,2026-01-01,1234567
`a.py --of y`: two,1 lost,2026-01-01,1234567
"""


@pytest.mark.parametrize(("command", "left"), [("`a.py --of x`", [2]), ("`a.py`", [1, 2])])
def test_a_line_takes_the_place_of_the_one_of_its_command(tmp_path, capsys, command, left):
    file = tmp_path / "seen.csv"
    file.write_text(OLD)
    keep(file, f"{command}: one, pulled", "2 lost")
    lines, old = file.read_text().splitlines(), OLD.splitlines()
    assert lines[:-1] == [old[0], *(old[number] for number in left)]
    assert lines[-1].startswith(f'"{command}: one, pulled",2 lost,20')
    assert capsys.readouterr().out == f"{command}: one, pulled: 2 lost\n"


def test_without_a_file_it_is_only_said(capsys):
    keep(None, "`a.py`: one", "0 lost")
    assert capsys.readouterr().out == "`a.py`: one: 0 lost\n"
