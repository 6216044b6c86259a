"""Writes a report: its tables to metrics/, its figures and the page to plots/."""

from pathlib import Path
from typing import Any

import pandas as pd

from recore import artifacts, paths
from recore.reporting.evidence import Evidence
from recore.reporting.notes import notes, synthetic_notes
from recore.reporting.page.report import report_html
from recore.reporting.pictures import Picture, pictures
from recore.reporting.render import latex, markdown
from recore.reporting.results import summary
from recore.reporting.style import rendered
from recore.reporting.tables import table_sections

# CSV digits: more than any conclusion needs, fewer than the last bits of a machine.
FLOATS = "%.10g"


def write_report(
    evidence: Evidence, tables: dict[str, pd.DataFrame], settings: dict[str, Any], statistics: dict[str, dict[str, Any]]
) -> None:
    """tables: the CSV files of metrics/ by name; settings: params.yaml; statistics: stats.json by dataset."""
    for name, table in tables.items():
        write_csv(paths.METRICS / f"{name}.csv", table)
    brief = summary(evidence.results, evidence.comparisons, evidence.compared, evidence.baseline)
    artifacts.write_json(paths.METRICS / "summary.json", brief)
    sections, below, opening = table_sections(evidence), notes(evidence), synthetic_notes(evidence.synthetic)
    artifacts.write_text(paths.METRICS / "table.md", markdown(sections, below, opening))
    artifacts.write_text(paths.METRICS / "table.tex", latex(sections, below, opening))
    images = [(picture, _write_picture(picture)) for picture in pictures(evidence)]
    page = report_html(evidence, sections, below, images, settings, statistics)
    artifacts.write_text(paths.PLOTS / "report.html", page)


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Atomically, floats with the digits of every published table."""
    with artifacts.new_file(path) as file:
        table.to_csv(file, index=False, float_format=FLOATS, lineterminator="\n")


def _write_picture(picture: Picture) -> bytes:
    """Writes its files; returns the PNG."""
    if picture.table is not None:
        write_csv(paths.PLOTS / f"{picture.name}.csv", picture.table)
    png, svg = rendered(picture.figure, "png"), rendered(picture.figure, "svg")
    for path, content in (
        (paths.PLOTS / f"{picture.name}.png", png),
        (paths.PLOTS / "svg" / f"{picture.name}.svg", svg),
    ):
        with artifacts.new_file(path) as file:
            file.write_bytes(content)
    return png
