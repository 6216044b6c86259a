"""Writes the report of a record: all that it publishes on one page, as plots/report.html is of a grid.

python -m recore record report NAME FILE

A record does not hold it: it follows from the ranks, and git would keep every version of its images.
"""

import argparse
from pathlib import Path

from recore import artifacts, params
from recore.records import finish, tables
from recore.records.checkout import in_order


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m recore record report", description=__doc__.splitlines()[0])
    parser.add_argument("name", help="docs/results/NAME")
    parser.add_argument("file", type=Path, help="where the page is written, such as report.html")
    args = parser.parse_args(argv)
    folder, about = finish.finished(args.name)
    given = params.load(folder / "params.yaml")
    cells = in_order(tables.cells_of(folder), given)
    with tables.remade(folder, given, cells, about.get("external")) as made:
        artifacts.write_text(args.file, made.report.read_text(encoding="utf-8"))
    print(f"{args.file} is the report of {folder}")
