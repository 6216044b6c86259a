"""The report as one HTML page that needs nothing else: no server, no network, no other file.

Figures are inlined as PNG, style and the sorting script stand in the page, and its content policy forbids the
browser to load anything from elsewhere. It holds no time, no cost and no machine: the same results give the same page.
"""

import base64
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from recore.reporting.breakdowns import PREFIX_LENGTH, group_section
from recore.reporting.comparison_notes import complementary_notes
from recore.reporting.evidence import Evidence
from recore.reporting.format import metric_title
from recore.reporting.notes import synthetic_notes
from recore.reporting.pictures import Picture
from recore.reporting.render import Section
from recore.reporting.words import verdict_sentence
from recore.yaml12 import dump


def report_html(
    evidence: Evidence,
    sections: list[Section],
    notes: list[str],
    images: list[tuple[Picture, bytes]],
    settings: dict[str, Any],
    statistics: dict[str, dict[str, Any]],
) -> str:
    """The page. images: PNG bytes; settings: params.yaml; statistics: stats.json by dataset."""
    confirm = evidence.compared[0]
    confirming = evidence.comparisons[evidence.comparisons["metric"] == confirm]
    by_length = group_section(evidence, PREFIX_LENGTH)
    first, *others = [section for section in [*sections, by_length] if not section.table.empty]
    # Whatever a dataset or a machine is called, it is text and never markup.
    environment = Environment(
        loader=PackageLoader("recore.reporting.page", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html.jinja").render(
        datasets=evidence.datasets,
        confirm=metric_title(confirm),
        results=first,
        warnings=synthetic_notes(evidence.synthetic),
        verdicts=[
            *(verdict_sentence(row, evidence.alpha, evidence.power) for row in confirming.itertuples()),
            *complementary_notes(evidence),
        ],
        others=others,
        notes=notes,
        images=[(picture, base64.b64encode(png).decode()) for picture, png in images],
        data=Section("Data", data_table(statistics)),
        settings=dump(settings),
    )


def data_table(statistics: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Text: a row a dataset and part of the split, from stats.json."""
    rows = []
    for dataset, counts in statistics.items():
        for part in ("train", "valid", "test"):
            sizes = {name.capitalize(): f"{counts[part][name]:,}" for name in ("sessions", "clicks", "cases")}
            rows.append({"Dataset": dataset, "Items": f"{counts['items']:,}", "Part": part} | sizes)
    return pd.DataFrame(rows)
