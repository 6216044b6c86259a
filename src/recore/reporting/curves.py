"""Training curves: loss and validation MRR by epoch, one line a run, a dot where the chosen epoch stands."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from recore.reporting.style import GREY, LIGHT, legend, panels, says, styled, variant_look

COLUMNS = ["dataset", "variant", "seed", "epoch", "loss", "valid_mrr", "chosen"]
PANELS = (
    ("loss", "training loss", "loss (own objective)", 1.0),
    ("valid_mrr", "validation MRR", "MRR (%)", 100.0),
)


def curve_rows(history: pd.DataFrame, dataset: str, variant: str, seed: int, best_epoch: int) -> pd.DataFrame:
    """A run's ``history.csv`` as rows of ``curves.csv``; chosen is 1 at the epoch that was kept."""
    (mrr,) = (name for name in history.columns if name.startswith("mrr@"))
    rows = history[["epoch", "loss"]].assign(
        dataset=dataset,
        variant=variant,
        seed=seed,
        valid_mrr=history[mrr],
        chosen=(history["epoch"] == best_epoch).astype(int),
    )
    return rows[COLUMNS]


def curves_figure(curves: pd.DataFrame, datasets: list[str], variants: list[str], baseline: str | None) -> Figure:
    """Two panels a dataset. ``curves`` is the table of all runs."""
    if curves.empty:
        return says("No variant of this grid is trained.")
    look = variant_look(variants, baseline)
    drawn = [name for name in variants if name in set(curves["variant"])]
    with styled():
        figure, axes = panels(len(datasets), len(PANELS), 2.6 * len(datasets) + 0.5)
        for i, dataset in enumerate(datasets):
            rows = curves[curves["dataset"] == dataset]
            for axis, (column, title, unit, scale) in zip(axes[i], PANELS, strict=True):
                _panel(axis, rows, column, scale, look)
                axis.set_title(f"{dataset}: {title}")
                axis.set_ylabel(unit)
        for axis in axes[-1]:
            axis.set_xlabel("epoch")
        handles = [Line2D([], [], label=name, **look[name]) for name in drawn]
        handles.append(Line2D([], [], color=GREY, marker="o", linestyle="none", label="epoch kept"))
        legend(figure, handles, 6)
    return figure


def _panel(axis: Axes, rows: pd.DataFrame, column: str, scale: float, look: dict[str, dict[str, object]]) -> None:
    for (variant, _), run in rows.groupby(["variant", "seed"], sort=False):
        axis.plot(run["epoch"], scale * run[column], alpha=0.65, linewidth=1, **look[variant])
        kept = run[run["chosen"] == 1]
        axis.plot(kept["epoch"], scale * kept[column], "o", color=look[variant]["color"], markersize=4.5, zorder=3)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(axis="y", color=LIGHT, linewidth=0.7)
