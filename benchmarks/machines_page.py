"""Puts what many_cells.py measured, and what was seen of failing machines, into docs/MACHINES.md.

python benchmarks/machines_page.py

The measurements are in benchmarks/results/many_cells_*.csv, one for each size of a grid. What was seen is in
docs/seen.csv, which the scripts in tests/grid write with --into. A test compares the page with both.
"""

import pandas as pd
from children import RESULTS, ROOT
from page import filled
from tables import markdown, read, source

PAGE, SEEN = ROOT / "docs/MACHINES.md", ROOT / "docs/seen.csv"


def measured() -> pd.DataFrame:
    """The rows of all sizes, the smallest grid first."""
    tables = [read(file) for file in RESULTS.glob("many_cells_*.csv")]
    return pd.concat(tables).sort_values("cells", kind="stable")


def costs_table(results: pd.DataFrame) -> str:
    """A row for each thing that was measured, a column for each size of the grid."""
    sizes = results["cells"].unique()
    rows = []
    for what, found in results.groupby("what", sort=False):
        by_size = found.set_index("cells")
        cells = {f"{n:,} cells": _said(*by_size.loc[n, ["value", "unit"]]) if n in by_size.index else "" for n in sizes}
        rows.append({"": what} | cells)
    return markdown(rows)


def _said(value: float, unit: str) -> str:
    return f"{value:.0f} {unit}" if value >= 20 else f"{value:.1f} {unit}"


def blocks() -> dict[str, str]:
    """The Markdown of every block of the page, by name."""
    results = measured()
    seen = pd.read_csv(SEEN, dtype=str, keep_default_na=False)
    seen["commit"] = [f"`{commit}`" for commit in seen["commit"]]
    return {
        "seen": seen.to_markdown(index=False, disable_numparse=True),
        "costs of many cells": costs_table(results),
        "source of the costs": source(results),
    }


def main() -> None:
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), blocks()), encoding="utf-8")


if __name__ == "__main__":
    main()
