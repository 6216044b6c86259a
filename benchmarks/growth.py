"""Seconds and peak memory of the trm step against the size of the catalogue and the length of the sessions.

    python benchmarks/growth.py [--threads 2] [--batch 512] [--rounds 5] [--cap 16] [--quick]

Every cell is a process of its own. The plain padded rendition runs where it is estimated to fit ``--cap`` GB. Writes
benchmarks/results/growth.csv and growth.png; see docs/BENCHMARKS.md.
"""

from children import measure, options, write
from tables import growth_table, length_table, read, source

CATALOGUES = (10_000, 40_000, 200_000, 1_000_000)
LENGTHS = (5, 20, 50)
LENGTH_ITEMS = 40_000
LARGE, LARGE_ROUNDS = 1_000_000, 3  # a step of many seconds
WIDTH = 100
DEFAULTS = {"threads": 2, "batch": 512, "rounds": 5, "cap": 16}
QUICK = {"threads": 1, "batch": 16, "rounds": 1}


def reference_gb(items: int, batch: int) -> float:
    """Estimated peak of the rendition: 4 matrices of scores, 10 of the item table's size, the rest."""
    return 4 * (4 * batch * items + 10 * items * WIDTH) / 1e9 + 1


def not_run(like: list[dict]) -> list[dict]:
    """The rows of a cell that was not run: no value, n = 0."""
    return [row | {"side": "reference", "value": "", "n": 0} for row in like]


def main() -> None:
    chosen = options(__doc__.splitlines()[0], DEFAULTS, QUICK)
    scale = 100 if chosen.quick else 1
    common = {"threads": chosen.threads, "label": "trm", "batch": chosen.batch}
    rows = []
    for items in (items // scale for items in CATALOGUES):
        rounds = min(chosen.rounds, LARGE_ROUNDS) if items >= LARGE else chosen.rounds
        ours = measure("alone", side="ours", items=items, rounds=rounds, **common)
        fits = reference_gb(items, chosen.batch) <= chosen.cap
        cell = {"side": "reference", "items": items, "rounds": rounds} | common
        rows += ours + measure("alone", side="bfloat16", items=items, rounds=rounds, **common)
        rows += measure("alone", **cell) if fits else not_run(ours)
    for length in LENGTHS:
        cell = {"items": LENGTH_ITEMS // scale, "rounds": chosen.rounds, "prefix_length": length} | common
        rows += measure("alone", side="ours", **cell)
    results = read(write(rows, "growth", chosen.quick))
    print(source(results), growth_table(results), length_table(results), sep="\n\n")


if __name__ == "__main__":
    main()
