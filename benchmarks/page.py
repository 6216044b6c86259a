"""Puts the measured tables into docs/BENCHMARKS.md and draws benchmarks/results/growth.png.

    python benchmarks/page.py

Every table stands between ``<!-- NAME -->`` and ``<!-- end of NAME -->``; a test compares them with the csv files.
"""

import re

import pandas as pd
from children import RESULTS, ROOT
from large import large_growth, large_table
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from ranking import ranking_goals, ranking_table
from startup import startup_goals, startup_table
from step_tables import TABLES
from tables import by_catalogue, growth_table, length_table, limit_sentence, read, source, value

from recore.reporting.style import BLUE, ORANGE, VERMILLION, panels, rendered, styled

PAGE = ROOT / "docs" / "BENCHMARKS.md"


def blocks() -> dict[str, str]:
    """The Markdown of every block of the page, by name."""
    names = ("training_step", "growth", "large", "ranking", "startup")
    step, growth, large, ranking, startup = (read(RESULTS / f"{name}.csv") for name in names)
    made = {name: table(step) for name, table in TABLES.items()} | {"source of the steps": source(step)}
    return made | {
        "source of the growth": source(growth),
        "growth": growth_table(growth),
        "length": length_table(growth),
        "limit": limit_sentence(growth),
        "source of the large": source(large),
        "large": large_table(large),
        "growth of the large": large_growth(large),
        "ranking": ranking_table(ranking),
        "goals of the ranking": ranking_goals(ranking),
        "source of the ranking": source(ranking),
        "start": startup_table(startup),
        "goals of the start": startup_goals(startup),
        "source of the start": source(startup),
    }


def filled(page: str, made: dict[str, str]) -> str:
    """The page with every block replaced; KeyError for a block that nobody makes."""
    pattern = r"<!-- (?!end of )([a-z ]+) -->\n.*?<!-- end of \1 -->"
    return re.sub(pattern, lambda match: block(match[1], made[match[1]]), page, flags=re.DOTALL)


def block(name: str, text: str) -> str:
    return f"<!-- {name} -->\n\n{text}\n\n<!-- end of {name} -->"


def growth_figure(results: pd.DataFrame) -> Figure:
    """Time ratio and peak memory of both sides against the size of the catalogue."""
    cells = by_catalogue(results)
    with styled():
        figure, ((left, right),) = panels(1, 2, 3.4)
        sides = {
            side: [[value(cell, what, side=side) for _, cell in cells] for what in ("step alone", "peak of training")]
            for side in ("ours", "reference")
        }
        items = [items for items, _ in cells]
        ratio = [b / a for a, b in zip(sides["ours"][0], sides["reference"][0], strict=True)]
        left.plot(items, ratio, "o-", color=BLUE)
        left.axhline(1, color="0.6", linewidth=0.8)
        right.plot(items, sides["ours"][1], "o-", color=BLUE, label="recore")
        right.plot(items, sides["reference"][1], "s--", color=ORANGE, label="plain padded rendition")
        right.legend()
        one = results.iloc[0]
        _dress(left, "Time of the rendition / recore", "times")
        _dress(right, "Peak memory", "GB")
        figure.supxlabel(f"trm step, batch {one.batch}, threads: {one.threads}", fontsize=8.5)
        if results["quick"].any():
            figure.suptitle("QUICK TRIAL AT TINY SIZES, MEANS NOTHING", color=VERMILLION)
    return figure


def _dress(axis: Axes, title: str, unit: str) -> None:
    axis.set(xscale="log", yscale="log", xlabel="items in the catalogue", ylabel=unit)
    axis.set_title(title)
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())


def main() -> None:
    (RESULTS / "growth.png").write_bytes(rendered(growth_figure(read(RESULTS / "growth.csv")), "png"))
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), blocks()), encoding="utf-8")


if __name__ == "__main__":
    main()
