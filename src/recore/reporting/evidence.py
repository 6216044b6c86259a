"""Everything that a report is made of: what was planned, and the tables that came of it."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Evidence:
    """Values are fractions everywhere; percent and points appear where something is printed."""

    datasets: list[str]
    variants: list[str]
    external: dict[str, dict[str, Any]]  # of them, those whose ranks come from elsewhere, and their rows
    synthetic: list[str]  # the datasets that are generated
    bfloat16: list[str]  # the variants with runs that were trained in it
    baseline: str | None  # what the main table marks against
    compared: list[str]  # metrics with verdicts in the report; the first one confirms
    cutoff: int  # K of the main table
    alpha: float
    power: float
    margins: dict[str, float]
    looks: tuple[int, ...] | None  # numbers of seeds, where more than one look is planned
    fewest: float  # effective sessions below which nothing is said
    measured: pd.DataFrame  # a row a run and metric: see ``results``
    results: pd.DataFrame  # results.csv
    comparisons: pd.DataFrame  # rows of ``significance.family.corrected``
    across: pd.DataFrame  # across.csv
    logs: list[list[str]]  # datasets that are parts of one log: ``significance.windows``
    windows: pd.DataFrame  # rows of ``significance.windows.replication``
    complementary: pd.DataFrame  # rows of ``significance.complementary``
    projected: pd.DataFrame  # MDE by number of seeds: ``significance.projection``
    sessions: pd.DataFrame  # what each session adds to a difference: ``significance.comparisons.session_table``
    beside: pd.DataFrame  # rows of ``paper.beside_paper``
    groups: pd.DataFrame  # breakdowns.csv: see ``breakdowns``
    curves: pd.DataFrame  # curves.csv
    parts: pd.DataFrame = field(default_factory=pd.DataFrame)  # rows of ``significance.parts``; empty if not known
    mined: pd.DataFrame = field(default_factory=pd.DataFrame)  # rows of ``mined.mined_rows``
    gates: pd.DataFrame = field(default_factory=pd.DataFrame)  # rows of ``significance.gates``
    tuned: pd.DataFrame = field(default_factory=pd.DataFrame)  # rows of ``results.tuned_table``
