"""What a catalogue of millions takes: a trm step, the ranking of a batch, the choice of hard negatives, memory.

    python benchmarks/large.py [--threads 1] [--batch 512] [--rounds 1] [--quick]

Every cell is a process of its own; the largest needs 16 GB. CPU seconds of all threads, which on a busy machine say
more than the clock. Writes benchmarks/results/large.csv; see
docs/BENCHMARKS.md, which page.py renders.
"""

import pandas as pd
from children import measure, options, write
from tables import gigabytes, markdown, read, seconds, source, times, value

CATALOGUES = (200_000, 1_000_000, 5_000_000)
CASES, POOL = 64, 1024  # whose choice is timed, and among so many
CHOICES = {"all": "whole", "a pool": "pool"}
PEAKS = ("peak of training", "peak of ranking")
DEFAULTS = {"threads": 1, "batch": 512, "rounds": 1}
QUICK = {"threads": 1, "batch": 16, "rounds": 1}


def main() -> None:
    chosen = options(__doc__.splitlines()[0], DEFAULTS, QUICK)
    rows = []
    for items in (items // (100 if chosen.quick else 1) for items in CATALOGUES):
        common = {"threads": chosen.threads, "items": items, "rounds": chosen.rounds}
        rows += measure("large_step", batch=chosen.batch, **common)
        rows += measure("large_ranking", batch=chosen.batch, **common)
        rows += measure("choice", cases=CASES, pool=POOL, **common)
    results = read(write(rows, "large", chosen.quick))
    print(source(results), large_table(results), large_growth(results), sep="\n\n")


def large_table(results: pd.DataFrame) -> str:
    """A row for each catalogue."""
    rows = []
    for items, cell in results.groupby("items"):
        row = {"items": f"{items:,}", "step": seconds(value(cell, "large step"))}
        row |= {"peak of training": gigabytes(value(cell, "peak of training"))}
        row |= {"ranking of a batch": seconds(value(cell, "large ranking"))}
        row |= {"peak of ranking": gigabytes(value(cell, "peak of ranking"))}
        row |= {f"choice among {way}": f"{1000 * mined(cell, side):.2f} ms" for way, side in CHOICES.items()}
        rows.append(row)
    return markdown(rows)


def mined(cell: pd.DataFrame, side: str) -> float:
    """CPU seconds of a choice of hard negatives."""
    return value(cell, "choice", variant="hn", side=side)


def large_growth(results: pd.DataFrame) -> str:
    """By how much each figure grows between the two largest catalogues."""
    (small, before), (large, after) = [*results.groupby("items")][-2:]
    grown = {
        "a step": value(after, "large step") / value(before, "large step"),
        "the ranking of a batch": value(after, "large ranking") / value(before, "large ranking"),
        **{f"the choice among {way}": mined(after, side) / mined(before, side) for way, side in CHOICES.items()},
    }
    memory = [(value(after, what) - value(before, what)) / (large - small) for what in PEAKS]
    return (
        f"From {small:,} to {large:,} items, {times(large / small)}, time grows by "
        f"{', '.join(f'{times(by)} ({what})' for what, by in grown.items())}; memory by "
        f"{1e6 * memory[0]:.1f} KB an item in training and {1e6 * memory[1]:.1f} KB in ranking."
    )


if __name__ == "__main__":
    main()
