"""The one program for people: python -m recore COMMAND

Nothing is imported before the command that needs it is known. The stages that DVC runs are ``recore.stages``.
"""

import importlib
import sys
from typing import NamedTuple

from recore import RecoreError
from recore.stages import run

PROGRAM = "python -m recore"


class Command(NamedTuple):
    module: str
    help: str


Commands = dict[str, "Command | Commands"]
COMMANDS: Commands = {
    "check": Command("recore.commands.check", "what params.yaml asks for, and what is read of each log"),
    "cells": Command("recore.commands.cells", "train and rank what is missing, without DVC"),
    "tune": Command("recore.commands.tune", "choose settings on validation, beside the rows as they stand"),
    "decide": Command("recore.commands.decide", "add seeds, look after look, until every comparison has a verdict"),
    "costs": Command("recore.commands.costs", "what the runs took, and where they were made"),
    "mend": Command("recore.commands.mend", "remove what a kill tore of DVC's own files"),
    "recommend": Command("recore.commands.recommend", "recommend items to the sessions of a table"),
    "embeddings": Command("recore.commands.embeddings", "write the item vectors of a trained model"),
    "export": Command("recore.commands.export", "write a split for RecBole, GRU4Rec, session-rec or anything else"),
    "record": {
        "make": Command("recore.records.make", "run a grid in a clean clone and put it on record"),
        "from": Command("recore.records.take", "put the finished cells of a checkout on record"),
        "check": Command("recore.records.check", "recompute what a record publishes, and compare"),
        "tables": Command("recore.records.finish", "make a record's tables and figures again with today's code"),
        "report": Command("recore.records.report", "write a record's report, all of it on one page"),
        "restore": Command("recore.records.restore", "put a record's cells into a clone that makes the others"),
        "render": Command("recore.records.render", "render the pages that show records"),
        "aa": Command("recore.records.aa", "test a variant against itself on other seeds"),
    },
}


def main() -> None:
    """Runs the command that ``sys.argv`` names; RecoreError where there is none of that name."""
    dispatch(PROGRAM, COMMANDS, sys.argv[1:])


def dispatch(program: str, commands: Commands, argv: list[str]) -> None:
    if not argv or argv[0] in ("-h", "--help"):
        print(page(program, commands))
        return
    name, *arguments = argv
    if name not in commands:
        raise RecoreError(f"{name!r} is no command of `{program}`; commands are {', '.join(commands)}")
    command = commands[name]
    if isinstance(command, dict):
        dispatch(f"{program} {name}", command, arguments)
    else:
        importlib.import_module(command.module).main(arguments)


def page(program: str, commands: Commands) -> str:
    """The help: a line a command, those of a group below it."""
    listed = list(_listed("", commands))
    width = max(len(name) for name, _ in listed)
    lines = [f"  {name:{width}}  {text}" for name, text in listed]
    return "\n".join([f"usage: {program} COMMAND ...", "", *lines, "", f"`{program} COMMAND --help` has the rest."])


def _listed(prefix: str, commands: Commands) -> list[tuple[str, str]]:
    found = []
    for name, command in commands.items():
        full = f"{prefix}{name}"
        found += _listed(f"{full} ", command) if isinstance(command, dict) else [(full, command.help)]
    return found


if __name__ == "__main__":
    run(main)
