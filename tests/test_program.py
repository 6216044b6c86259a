"""One program, and one way to call each command."""

import importlib
import subprocess
import sys

import pytest

from recore import RecoreError
from recore.__main__ import COMMANDS, PROGRAM, Commands, dispatch


def every(prefix: str, commands: Commands) -> list[str]:
    """The names of all commands, as they are typed."""
    found = []
    for name, command in commands.items():
        found += every(f"{prefix}{name} ", command) if isinstance(command, dict) else [f"{prefix}{name}"]
    return found


NAMES = every("", COMMANDS)


@pytest.mark.parametrize("name", NAMES)
def test_each_command_says_how_it_is_called(name, capsys):
    with pytest.raises(SystemExit) as left:
        dispatch(PROGRAM, COMMANDS, [*name.split(), "--help"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: python -m recore {name} [-h]")


def test_the_help_lists_them_all_and_loads_no_library():
    code = (
        "import sys; from recore.__main__ import main; main(); print({'torch', 'numpy', 'pandas'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True).stdout
    *lines, loaded = shown.splitlines()
    assert [line for line in lines for name in NAMES if line.startswith(f"  {name} ")] == lines[2:-2]
    assert len(lines) == len(NAMES) + 4
    assert loaded == "set()"


def test_without_a_command_there_is_the_help(capsys):
    dispatch(PROGRAM, COMMANDS, [])
    dispatch(PROGRAM, COMMANDS, ["record"])
    out = capsys.readouterr().out
    assert "usage: python -m recore COMMAND ...\n\n  check " in out
    assert "usage: python -m recore record COMMAND ...\n\n  make " in out


@pytest.mark.parametrize(("typed", "known"), [(["chek"], "check, cells"), (["record", "chek"], "make, from, check")])
def test_an_unknown_command_is_one_sentence(typed, known):
    with pytest.raises(
        RecoreError, match=rf"^'chek' is no command of `{' '.join([PROGRAM, *typed[:-1]])}`; .* {known}"
    ):
        dispatch(PROGRAM, COMMANDS, typed)


def test_a_reader_that_has_enough_is_no_fault():
    code = "from recore.stages import run; run(lambda: print('x' * 1_000_000))"
    writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    writer.stdout.read(1)
    writer.stdout.close()
    assert writer.stderr.read() == b""
    assert writer.wait() == 141


@pytest.mark.parametrize("former", ["cells", "check", "decide", "mend", "recommend", "export"])
def test_there_is_no_second_way(former):
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(f"recore.{former}")
