"""The figures of the report, in order, each with the table it is drawn from and what to look for."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from recore.reporting.breakdowns import GATE, gate_figure, of_length, prefix_figure
from recore.reporting.curves import curves_figure
from recore.reporting.evidence import Evidence
from recore.reporting.forest import forest_figure, forest_table
from recore.reporting.format import metric_title
from recore.reporting.gates import gates_figure
from recore.reporting.influence import influence_figure, influence_table
from recore.reporting.mde import mde_figure, mde_table
from recore.reporting.mined import mined_figure, mined_table
from recore.reporting.parts import parts_figure
from recore.reporting.seeds import seeds_figure


@dataclass(frozen=True)
class Picture:
    """``name``.png, .svg and, where the figure has a table of its own, .csv."""

    name: str
    title: str
    caption: str
    figure: Figure
    table: pd.DataFrame | None


def pictures(evidence: Evidence) -> list[Picture]:
    """The same set for every grid: one that has nothing to draw says so."""
    drawn = (_forest, _parts, _influence, _seeds, _length, _gate, _held, _mined, _mde, _curves)
    return [picture(evidence) for picture in drawn]


def _forest(evidence: Evidence) -> Picture:
    table = forest_table(evidence.comparisons, evidence.compared)
    varied = "seeds and sessions" if evidence.results["n_seeds"].any() else "sessions"
    return Picture(
        "forest",
        "Every planned difference",
        f"Difference with its {100 * (1 - evidence.alpha):g} % interval over new {varied}; the band is the margin, "
        "below which a difference counts as too small to matter.",
        forest_figure(table, evidence.datasets, evidence.compared),
        table,
    )


def _parts(evidence: Evidence) -> Picture:
    return Picture(
        "contributions",
        "Where each difference comes from",
        "What the cases of a group add to Δ: those whose target is the last click (immediate repeat), stands before it "
        "(earlier repeat), or was not clicked yet (new). The bars of a row sum to its Δ.",
        parts_figure(evidence.parts, evidence.datasets, evidence.compared),
        None,
    )


def _influence(evidence: Evidence) -> Picture:
    metric = evidence.compared[0]
    rows = evidence.comparisons[evidence.comparisons["metric"] == metric]
    return Picture(
        "influence",
        "What each session adds",
        f"A dot is what one test session adds to a difference in {metric_title(metric)}; all of a row sum to Δ. A dot "
        "far from the others is a session that decides by itself.",
        influence_figure(evidence.sessions, rows, evidence.datasets, metric),
        influence_table(evidence.sessions, rows),
    )


def _seeds(evidence: Evidence) -> Picture:
    return Picture(
        "seeds",
        "Every run",
        "A dot a seed, a bar at the mean; thin lines join the runs of one seed.",
        seeds_figure(evidence.measured, evidence.datasets, evidence.variants, evidence.baseline, evidence.compared),
        None,
    )


def _length(evidence: Evidence) -> Picture:
    metric = evidence.compared[0]
    table = of_length(evidence.groups, metric, evidence.fewest)
    mean = "Mean over seeds" if evidence.results["n_seeds"].any() else "Mean"
    return Picture(
        "prefix_length",
        f"{metric_title(metric)} by prefix length",
        f"{mean} with a session-clustered interval, none where few sessions carry the group; below each length its "
        "number of test cases.",
        prefix_figure(table, evidence.datasets, evidence.variants, evidence.baseline, metric),
        table,
    )


def _gate(evidence: Evidence) -> Picture:
    table = of_length(evidence.groups, GATE, evidence.fewest)
    return Picture(
        "gate",
        "What the gate of dual attention does",
        "Share given to the recent branch; the rest goes to the global one.",
        gate_figure(table, evidence.datasets, evidence.variants, evidence.baseline),
        table,
    )


def _held(evidence: Evidence) -> Picture:
    return Picture(
        "gate_held",
        "Whether the gate matters",
        "Left, what MRR changes by when the share of the recent branch is the same for all cases, in ranks made anew "
        "with the weights as they are, averaged over the runs. Right, the cosine of the two branches, and the "
        "correlation over cases between the shares of two seeds: near 1 they adapt alike. With one click the gate "
        "changes nothing.",
        gates_figure(evidence.gates, evidence.datasets, evidence.variants, evidence.baseline),
        evidence.gates[["dataset", *(name for name in evidence.gates if name != "dataset")]],
    )


def _mined(evidence: Evidence) -> Picture:
    return Picture(
        "mined",
        "What is mined as a hard negative",
        "Shares of the items mined that stand in the case's own prefix, that are its last click, and that its session "
        "clicks later, behind the target: the likely false negatives. Counted in one training batch of ten.",
        mined_figure(evidence.mined, evidence.datasets, evidence.variants, evidence.baseline),
        mined_table(evidence.mined),
    )


def _mde(evidence: Evidence) -> Picture:
    metric = evidence.compared[0]
    table = mde_table(evidence.projected)
    return Picture(
        "mde",
        "What more seeds would find",
        "The smallest difference found with the power asked: dots for the seeds at hand, lines projected to "
        "other numbers of seeds on these sessions. A dot off its line has a variance component estimated below zero.",
        mde_figure(table, evidence.datasets, metric, evidence.power),
        table,
    )


def _curves(evidence: Evidence) -> Picture:
    return Picture(
        "curves",
        "Training",
        "A line a run; the dot is the epoch that was kept.",
        curves_figure(evidence.curves, evidence.datasets, evidence.variants, evidence.baseline),
        evidence.curves,
    )
