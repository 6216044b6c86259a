"""One look for every figure: Okabe-Ito colours, README width, and bytes that depend on the data alone.

Colour never speaks alone: verdicts differ in shape too, variants in line style from the seventh on; where line styles
say something else, they have 18 colours.
"""

import io
import math
from contextlib import AbstractContextManager
from itertools import cycle

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito (2008): distinguishable with every common colour vision deficiency.
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILLION, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
CYCLE = (ORANGE, BLUE, GREEN, VERMILLION, PURPLE, SKY)
GREY = "#6E6E6E"
BAND = "#DDDDDD"
LIGHT = "#E6E6E6"

WIDTH = 8.3  # inches; with DPI the 1245 pixels a README shows at half size on a dense screen
DPI = 150
RC = {
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.grid": False,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.4,
    "figure.facecolor": "white",
    "svg.hashsalt": "recore",
    "svg.fonttype": "none",
}


def styled() -> AbstractContextManager:
    """The context in which figures are drawn and saved."""
    return mpl.rc_context({**mpl.rcParamsDefault, **RC, "backend": "agg"})


def variant_look(variants: list[str], baseline: str | None) -> dict[str, dict[str, object]]:
    """Colour and line style of each variant; the baseline is black."""
    look: dict[str, dict[str, object]] = {}
    others = [name for name in variants if name != baseline]
    for i, name in enumerate(others):
        style = ("-", "--", ":", "-.")[i // len(CYCLE) % 4]
        look[name] = {"color": CYCLE[i % len(CYCLE)], "linestyle": style}
    if baseline is not None:
        look[baseline] = {"color": BLACK, "linestyle": "-"}
    return look


def variant_colors(drawn: list[str], variants: list[str], baseline: str | None) -> dict[str, str]:
    """Colours of the variants of a figure whose line styles say something else: as ``variant_look`` has them among all
    ``variants``, but where two of those ``drawn`` would look the same, each has one of its own, dark and light ones
    from the seventh and the thirteenth on."""
    look = variant_look(variants, baseline)
    colors = {name: str(look[name]["color"]) for name in drawn}
    if len(set(colors.values())) == len(drawn):
        return colors
    others = dict(zip([name for name in drawn if name != baseline], cycle(_shaded()), strict=False))
    return {name: others.get(name, BLACK) for name in drawn}


def _shaded() -> list[str]:
    """The cycle, the cycle darker, the cycle lighter."""
    pure = np.array([mpl.colors.to_rgb(color) for color in CYCLE])
    return [mpl.colors.to_hex(color) for color in (*pure, *0.55 * pure, *(0.5 + 0.5 * pure))]


def panels(n_rows: int, n_columns: int, height: float) -> tuple[Figure, np.ndarray]:
    """A README-wide figure of ``height`` inches with a grid of axes; draw it inside ``styled``."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08, hspace=0.03, wspace=0.03)
    return figure, figure.subplots(n_rows, n_columns, squeeze=False)


def tiles(n: int, height: float) -> tuple[Figure, list[Axes]]:
    """A README-wide figure of ``n`` axes, each ``height`` inches high: one across the page, more in two columns."""
    columns = min(n, 2)
    figure, axes = panels(math.ceil(n / columns), columns, height * math.ceil(n / columns) + 0.5)
    for spare in axes.flat[n:]:
        spare.set_visible(False)
    return figure, list(axes.flat[:n])


def legend(figure: Figure, handles: list[Artist], most: int) -> None:
    """A legend below the figure in as many columns, at ``most``, as its width has room for."""
    for columns in range(min(len(handles), most), 0, -1):
        drawn = figure.legend(handles=handles, loc="outside lower center", ncols=columns)
        if columns == 1 or drawn.get_window_extent().width <= figure.bbox.width:
            return
        drawn.remove()


def says(text: str) -> Figure:
    """A figure of one line, where there is nothing to draw."""
    with styled():
        figure = Figure(figsize=(WIDTH, 0.7))
        figure.text(0.5, 0.5, text, ha="center", va="center", color=GREY)
    return figure


def rendered(figure: Figure, kind: str) -> bytes:
    """The figure as ``png`` or ``svg``, without date, version or anything else that is not in the data."""
    metadata = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}[kind]
    buffer = io.BytesIO()
    with styled():
        figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()
