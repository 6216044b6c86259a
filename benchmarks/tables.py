"""What every table of measured rows needs: looking values up, printing them, and saying where they come from."""

from pathlib import Path
from typing import Any

import pandas as pd

MISSING = "n/a"


def read(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, dtype={"commit": str})  # some are all digits


def value(
    results: pd.DataFrame, what: str, variant: str = "trm", side: str = "ours", allocator: str = "shipped", **at: Any
) -> float:
    """The one value of these keys, NaN where there is none."""
    keys = {"what": what, "variant": variant, "side": side, "allocator": allocator} | at
    rows = results.loc[(results[list(keys)] == pd.Series(keys)).all(axis=1), "value"]
    return rows.iloc[0] if len(rows) else float("nan")


def source(results: pd.DataFrame) -> str:
    """Command, machine, versions, commit and date, and a warning above the numbers of a trial."""
    one = results.iloc[-1]
    commits, dates = (" and ".join(results[name].unique()) for name in ("commit", "date"))
    text = (
        f"`{one.command}` on {dates}: {one.processor}, {one.cores} cores, threads: {one.threads}, torch {one.torch}, "
        f"Python {one.python}, commit {commits}."
    )
    if results["quick"].any():
        return "**A QUICK TRIAL AT TINY SIZES: THESE NUMBERS MEAN NOTHING.**\n\n" + text
    return text


def seconds(number: float) -> str:
    return MISSING if pd.isna(number) else f"{number:.3f} s" if number < 1 else f"{number:.2f} s"


def times(number: float) -> str:
    return MISSING if pd.isna(number) else f"{number:.2f} ×" if number < 10 else f"{number:.1f} ×"


def gigabytes(number: float) -> str:
    return MISSING if pd.isna(number) else f"{number:.2f} GB"


def per_second(number: float) -> str:
    return MISSING if pd.isna(number) else f"{number:,.0f} cases/s"


def percent(number: float) -> str:
    return MISSING if pd.isna(number) else f"{100 * number:.1f} %"


def markdown(rows: list[dict[str, str]]) -> str:
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)


def growth_table(results: pd.DataFrame) -> str:
    """The trm step of both sides for every size of the catalogue."""
    rows = []
    for items, cell in by_catalogue(results):
        ours, half, reference = (
            (value(cell, "step alone", side=side), value(cell, "peak of training", side=side))
            for side in ("ours", "bfloat16", "reference")
        )
        row = {"items": f"{items:,}", "recore": seconds(ours[0]), "in bfloat16": seconds(half[0])}
        row |= {"rendition": seconds(reference[0]), "ratio": times(reference[0] / ours[0])}
        row |= {"peak of recore": gigabytes(ours[1]), "peak in bfloat16": gigabytes(half[1])}
        row |= {"peak of the rendition": gigabytes(reference[1])}
        rows.append({name: "not run" if text == MISSING else text for name, text in row.items()})
    return markdown(rows)


def by_catalogue(results: pd.DataFrame) -> list[tuple[int, pd.DataFrame]]:
    """The rows of each size of the catalogue at Diginetica's session lengths."""
    return [(int(items), cell) for items, cell in results[results["prefix_length"].isna()].groupby("items")]


def length_table(results: pd.DataFrame) -> str:
    """Our trm step where all sessions are equally long; the rendition pads, so length does not matter to it."""
    rows = []
    for length, cell in results.groupby("prefix_length"):
        row = {"clicks of every session": f"{length:.0f}", "items": f"{cell['items'].iloc[0]:,}"}
        row |= {"recore": seconds(value(cell, "step alone"))}
        rows.append(row | {"peak memory": gigabytes(value(cell, "peak of training"))})
    return markdown(rows)


DIGINETICA = 634_088  # training cases


def limit_sentence(results: pd.DataFrame) -> str:
    """What an epoch of Diginetica's size would take at the two largest catalogues."""
    parts = []
    for items, cell in by_catalogue(results)[-2:]:
        step, batch = value(cell, "step alone"), cell["batch"].iloc[0]
        memory, hours = gigabytes(value(cell, "peak of training")), step * DIGINETICA / batch / 3600
        parts.append(
            f"{items:,} items a step of {batch} cases takes {seconds(step)} and {memory}, an epoch {hours:.1f} h"
        )
    return f"With {'; with '.join(parts)} ({DIGINETICA:,} cases, as many as Diginetica trains on)."
