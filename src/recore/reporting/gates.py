"""Whether the gate matters: MRR with its share held, how near its branches are, and whether seeds agree."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recore.reporting.style import GREY, LIGHT, panels, says, styled, variant_look

TOGETHER = "2 or more"  # as ``significance.gates`` names the row of all lengths
HELD = {  # what the share of the recent branch is held at, and how that is drawn
    "global": ("held at 0 (global alone)", {"linestyle": "-", "marker": "o"}),
    "recent": ("held at 1 (recent alone)", {"linestyle": "--", "marker": "s"}),
    "mean": ("held at its mean", {"linestyle": ":", "marker": "^"}),
}
NEAR = {
    "cosine": ("cosine of the branches", {"linestyle": "-", "marker": "D"}),
    "agreement": ("agreement of seeds", {"linestyle": "--", "marker": "x"}),
}


def gates_figure(gates: pd.DataFrame, datasets: list[str], variants: list[str], baseline: str | None) -> Figure:
    """Two panels a dataset, from the rows of ``significance.gates`` by dataset; a line where nothing is known."""
    if gates.empty or gates["cosine"].isna().all():
        return says("No variant of this grid has been ranked with its gate held.")
    look = variant_look(variants, baseline)
    drawn = [name for name in variants if name in set(gates["variant"])]
    with styled():
        figure, axes = panels(len(datasets), 2, 2.7 * len(datasets) + 0.8)
        for (change, near), dataset in zip(axes, datasets, strict=True):
            rows = gates[(gates["dataset"] == dataset) & (gates["group"] != TOGETHER)]
            for variant in drawn:
                of = rows[rows["variant"] == variant]
                _lines(change, of, HELD, 100, look[variant]["color"])
                _lines(near, of, NEAR, 1, look[variant]["color"])
            change.axhline(0, color=GREY, linewidth=0.8)
            change.set_title(f"{dataset}: share held")
            change.set_ylabel("change of MRR (points)")
            near.set_title("branches and seeds")
            near.set_ylabel("cosine, correlation")
            near.set_ylim(top=1.02)
        for axis in axes[-1]:
            axis.set_xlabel("clicks in the prefix")
        handles = [Line2D([], [], label=name, color=look[name]["color"]) for name in drawn]
        handles += [Line2D([], [], label=text, color=GREY, markersize=4, **how) for text, how in (HELD | NEAR).values()]
        figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 4))
    return figure


def _lines(axis: Axes, rows: pd.DataFrame, kinds: dict[str, tuple[str, dict]], scale: float, color: object) -> None:
    for kind, (_, how) in kinds.items():
        axis.plot(rows["group"], scale * rows[kind], color=color, markersize=3.5, linewidth=1.1, **how)
    axis.grid(axis="y", color=LIGHT, linewidth=0.7)
