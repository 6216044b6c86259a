"""Figures by prefix length: how good each variant is there, and what the gate of dual attention does there.

Points stand side by side, so that intervals do not hide each other. The intervals are session-clustered: see
``significance.groups``.
"""

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recore.reporting.evidence import Evidence
from recore.reporting.format import metric_title, percent
from recore.reporting.render import Section
from recore.reporting.style import GREY, LIGHT, legend, says, styled, tiles, variant_look

# As ``evaluation.breakdowns`` names them.
PREFIX_LENGTH, POPULARITY, REPEAT, GATE = "prefix length", "target popularity", "repeat", "gate"
# What a breakdown is called in the title of its table, where that is not its name.
TITLES = {
    PREFIX_LENGTH: "clicks in the prefix",
    POPULARITY: "popularity of the target",
    REPEAT: "whether the target was clicked before",
}
KEYS = ["dataset", "variant", "metric", "breakdown"]
VALUES = ["mean", "ci_lo", "ci_hi", "std"]


def breakdowns_table(groups: pd.DataFrame) -> pd.DataFrame:
    """``breakdowns.csv``: dataset, variant, metric (or ``gate``), breakdown, and a row of ``significance.groups``."""
    return groups[[*KEYS, *(name for name in groups if name not in KEYS)]]


def of_length(groups: pd.DataFrame, metric: str, fewest: float) -> pd.DataFrame:
    """``prefix_length.csv``, ``gate.csv``: the rows of one metric by prefix length, in percent.

    Below ``fewest`` effective sessions there is no interval.
    """
    table = _guarded(_chosen(groups, PREFIX_LENGTH, metric), fewest).drop(columns="few")
    table[VALUES] *= 100
    return table.reset_index(drop=True)


def prefix_figure(
    table: pd.DataFrame, datasets: list[str], variants: list[str], baseline: str | None, metric: str
) -> Figure:
    """The metric by prefix length, a panel a dataset, from ``of_length``."""
    return _figure(table, datasets, variants, baseline, f"{metric_title(metric)} (%)")


def gate_figure(table: pd.DataFrame, datasets: list[str], variants: list[str], baseline: str | None) -> Figure:
    """The share that the gate gives to the recent branch, by prefix length; one line where no variant has a gate."""
    if table.empty:
        return says("No variant of this grid has a gate.")
    return _figure(table, datasets, variants, baseline, "share of the recent branch (%)")


def group_section(evidence: Evidence, breakdown: str) -> Section:
    """The metric that confirms, by the groups of a breakdown."""
    metric, level = evidence.compared[0], f"{100 * (1 - evidence.alpha):g} %"
    return Section(
        f"{metric_title(metric)} (%) by {TITLES.get(breakdown, breakdown)}, {level} CI",
        group_table(evidence.groups, breakdown, metric, evidence.fewest),
    )


def group_table(groups: pd.DataFrame, breakdown: str, metric: str, fewest: float) -> pd.DataFrame:
    """Text (%): a row a dataset and variant, a column a group; the number of cases stands in a first row.

    A group below ``fewest`` effective sessions has a † for an interval.
    """
    rows = _guarded(_chosen(groups, breakdown, metric), fewest)
    lines = []
    for dataset, of_dataset in rows.groupby("dataset", sort=False):
        cases = {part.group: f"{part.n_cases:,}" for part in of_dataset.itertuples()}
        lines.append({"Dataset": dataset, "Variant": "(cases)"} | cases)
        for variant, of_variant in of_dataset.groupby("variant", sort=False):
            values = {part.group: _cell(part) for part in of_variant.itertuples()}
            lines.append({"Dataset": dataset, "Variant": variant} | values)
    return pd.DataFrame(lines).fillna("")


def _chosen(groups: pd.DataFrame, breakdown: str, metric: str) -> pd.DataFrame:
    return groups[(groups["breakdown"] == breakdown) & (groups["metric"] == metric)]


def _guarded(rows: pd.DataFrame, fewest: float) -> pd.DataFrame:
    """Without the intervals that few sessions carry."""
    few = rows["effective_sessions"] < fewest
    return rows.assign(**{name: rows[name].where(~few) for name in ("ci_lo", "ci_hi")}, few=few)


def _cell(part: Any) -> str:
    if part.few:
        return f"{percent(part.mean)} †"
    if math.isnan(part.ci_lo):
        return percent(part.mean)
    return f"{percent(part.mean)} [{percent(part.ci_lo)}, {percent(part.ci_hi)}]"


def _figure(table: pd.DataFrame, datasets: list[str], variants: list[str], baseline: str | None, label: str) -> Figure:
    look = variant_look(variants, baseline)
    drawn = [name for name in variants if name in set(table["variant"])]
    with styled():
        figure, axes = tiles(len(datasets), 2.7)
        for axis, dataset in zip(axes, datasets, strict=True):
            rows = table[table["dataset"] == dataset]
            _panel(axis, rows, drawn, look)
            axis.set_title(dataset)
            axis.set_ylabel(label)
            axis.set_xlabel("clicks in the prefix (cases)")
        handles = [Line2D([], [], marker="o", markersize=4.5, label=name, **look[name]) for name in drawn]
        handles.append(Line2D([], [], color=GREY, label="bar: interval for new sessions"))
        legend(figure, handles, 6)
    return figure


def _panel(axis: Axes, rows: pd.DataFrame, drawn: list[str], look: dict[str, dict[str, object]]) -> None:
    cases = dict(zip(rows["group"], rows["n_cases"], strict=True))
    place = {group: i for i, group in enumerate(cases)}
    for i, variant in enumerate(drawn):
        of_variant = rows[rows["variant"] == variant]
        shift = 0.5 * (i - (len(drawn) - 1) / 2) / max(len(drawn), 1)
        x = np.array([place[group] for group in of_variant["group"]]) + shift
        half = of_variant[["ci_lo", "ci_hi"]].sub(of_variant["mean"], axis=0).abs().to_numpy().T
        axis.errorbar(x, of_variant["mean"], yerr=np.nan_to_num(half), marker="o", markersize=4, **look[variant])
    axis.set_xticks(range(len(cases)), [f"{group}\n({_short(n)})" for group, n in cases.items()])
    axis.set_ylim(bottom=max(axis.get_ylim()[0], 0))  # no mean of these is negative, whatever a wide interval says
    axis.grid(axis="y", color=LIGHT, linewidth=0.7)


def _short(count: int) -> str:
    # Seven groups of a large test set would run into each other in half a page.
    return f"{count:,}" if count < 10_000 else f"{count / 1000:.0f}k"
