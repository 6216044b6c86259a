"""What was mined as hard negatives: shares of own clicks, of the last click and of items that are clicked later.

By epoch, and by prefix length in the epochs that were kept. Counts of the seeds of a variant are added up.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from recore.reporting.style import GREY, LIGHT, legend, panels, says, styled, variant_colors

# As history.csv counts them, what they are called, and how they are drawn.
KINDS = {
    "own": ("in the prefix", {"linestyle": "-", "marker": "o"}),
    "last": ("its last click", {"linestyle": "--", "marker": "s"}),
    "later": ("clicked later in the session", {"linestyle": ":", "marker": "^"}),
}
COUNTS = ["mined", *KINDS]
KEPT = "kept"  # stands for the epoch that was kept, which differs between seeds
ROWS = ["dataset", "variant", "seed", "epoch", "chosen", "group", *COUNTS]
COLUMNS = ["dataset", "variant", "epoch", "group", "n_seeds", *COUNTS]


def mined_rows(history: pd.DataFrame, dataset: str, variant: str, seed: int, best_epoch: int) -> pd.DataFrame:
    """The counts of a run's ``history.csv``, a row an epoch and group of prefix lengths; none where it has none."""
    groups = [name.removeprefix("mined_") for name in history.columns if name.startswith("mined_")]
    parts = [
        history[["epoch"]].assign(
            dataset=dataset,
            variant=variant,
            seed=seed,
            chosen=history["epoch"] == best_epoch,
            group=group,
            **{kind: history[f"{kind}_{group}"] for kind in COUNTS},
        )
        for group in groups
    ]
    return pd.concat(parts)[ROWS] if parts else pd.DataFrame(columns=ROWS)


def mined_table(rows: pd.DataFrame) -> pd.DataFrame:
    """``mined.csv``: how many were mined, and the shares of them (%), of all seeds that reached an epoch."""
    if rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    every = pd.concat([rows, rows[rows["chosen"]].assign(epoch=KEPT)])
    by = every.groupby(["dataset", "variant", "epoch", "group"], sort=False)
    table = by[COUNTS].sum().assign(n_seeds=by["seed"].nunique()).reset_index()
    return _shares(table)[COLUMNS]


def _shares(table: pd.DataFrame) -> pd.DataFrame:
    """Counts of each kind to percent of what was mined; nothing where nothing was."""
    of = table["mined"].where(table["mined"] > 0)
    return table.assign(**{kind: 100 * table[kind] / of for kind in KINDS})


def mined_figure(rows: pd.DataFrame, datasets: list[str], variants: list[str], baseline: str | None) -> Figure:
    """Two panels a dataset, from ``mined_rows`` of all runs; one line where nothing was counted."""
    if rows.empty:
        return says("No variant of this grid has counted what it mines.")
    drawn = [name for name in variants if name in set(rows["variant"])]
    colors = variant_colors(drawn, variants, baseline)
    with styled():
        figure, axes = panels(len(datasets), 2, 2.7 * len(datasets) + 0.6)
        for (by_epoch, by_length), dataset in zip(axes, datasets, strict=True):
            of = rows[rows["dataset"] == dataset]
            kept = of[of["chosen"]]
            for variant in drawn:
                for axis, part, key in ((by_epoch, of, "epoch"), (by_length, kept, "group")):
                    summed = part[part["variant"] == variant].groupby(key, sort=False)[COUNTS].sum().reset_index()
                    _lines(axis, _shares(summed), key, colors[variant])
            by_epoch.set_title(f"{dataset}: by epoch")
            by_length.set_title("by prefix length, epochs kept")
            by_epoch.xaxis.set_major_locator(MaxNLocator(integer=True))
            by_epoch.set_ylabel("share of what is mined (%)")
        for axis, label in zip(axes[-1], ("epoch", "clicks in the prefix"), strict=True):
            axis.set_xlabel(label)
        handles = [Line2D([], [], label=name, color=colors[name]) for name in drawn]
        handles += [Line2D([], [], label=text, color=GREY, markersize=4, **how) for text, how in KINDS.values()]
        legend(figure, handles, 5)
    return figure


def _lines(axis: Axes, shares: pd.DataFrame, key: str, color: object) -> None:
    for kind, (_, how) in KINDS.items():
        axis.plot(shares[key], shares[kind], color=color, markersize=3.5, linewidth=1.1, **how)
    axis.set_ylim(bottom=0)
    axis.grid(axis="y", color=LIGHT, linewidth=0.7)
