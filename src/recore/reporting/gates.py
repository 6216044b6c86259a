"""Whether the gate matters: MRR with its share held, how near its branches are, and whether seeds agree.

Values are means over seeds; vertical lines reach from one standard deviation below to one above.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recore.reporting.style import GREY, LIGHT, legend, panels, says, styled, variant_colors

TOGETHER = "2 or more"  # as ``significance.gates`` names the row of all lengths
HELD = {  # what the share of the recent branch is held at, and how that is drawn
    "global": ("held at 0 (global alone)", {"linestyle": "-", "marker": "o"}),
    "recent": ("held at 1 (recent alone)", {"linestyle": "--", "marker": "s"}),
    "mean": ("held at its mean", {"linestyle": ":", "marker": "^"}),
}
SPREAD = 0.36  # of the lines at one group, of the distance of two groups
NEAR = {
    "cosine": ("cosine of the branches", {"linestyle": "-", "marker": "D"}),
    "agreement": ("agreement of seeds", {"linestyle": "--", "marker": "x"}),
}


def gates_figure(gates: pd.DataFrame, datasets: list[str], variants: list[str], baseline: str | None) -> Figure:
    """Two panels a dataset, from the rows of ``significance.gates`` by dataset; a line where nothing is known."""
    if gates.empty or gates["cosine"].isna().all():
        return says("No variant of this grid has been ranked with its gate held.")
    drawn = [name for name in variants if name in set(gates["variant"])]
    colors = variant_colors(drawn, variants, baseline)
    with styled():
        figure, axes = panels(len(datasets), 2, 2.7 * len(datasets) + 0.8)
        for (change, near), dataset in zip(axes, datasets, strict=True):
            rows = gates[(gates["dataset"] == dataset) & (gates["group"] != TOGETHER)]
            parts = [(rows[rows["variant"] == variant], colors[variant]) for variant in drawn]
            _lines(change, parts, HELD, 100)
            _lines(near, parts, NEAR, 1)
            change.axhline(0, color=GREY, linewidth=0.8)
            change.set_title(f"{dataset}: share held")
            change.set_ylabel("change of MRR (points), ± std")
            near.set_title("branches and seeds")
            near.set_ylabel("cosine, correlation")
            near.set_ylim(top=1.02)
        for axis in axes[-1]:
            axis.set_xlabel("clicks in the prefix")
        handles = [Line2D([], [], label=name, color=colors[name]) for name in drawn]
        handles += [Line2D([], [], label=text, color=GREY, markersize=4, **how) for text, how in (HELD | NEAR).values()]
        legend(figure, handles, 4)
    return figure


def _lines(axis: Axes, parts: list[tuple[pd.DataFrame, str]], kinds: dict[str, tuple[str, dict]], scale: float) -> None:
    """A line for each kind and part, with the std over seeds where there is one; side by side, so that all are seen."""
    drawn = [(kind, how, rows, color) for kind, (_, how) in kinds.items() for rows, color in parts]
    for i, (kind, how, rows, color) in enumerate(drawn):
        places = np.arange(len(rows))
        x, y = places + SPREAD * ((i + 0.5) / len(drawn) - 0.5), scale * rows[kind]
        axis.plot(x, y, color=color, markersize=3.5, linewidth=1.1, **how)
        if f"{kind}_std" in rows:
            std = scale * rows[f"{kind}_std"]
            axis.vlines(x, y - std, y + std, color=color, linewidth=0.8)
        axis.set_xticks(places, rows["group"])
    axis.grid(axis="y", color=LIGHT, linewidth=0.7)
