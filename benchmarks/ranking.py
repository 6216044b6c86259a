"""Seconds from encoded sessions to ranks: counting, against the first 20 by topk and against a full sort.

    python benchmarks/ranking.py [--threads 2] [--batch 2048] [--items 42861] [--rounds 5] [--quick]

Every way starts with the product of sessions and items, which is timed alone beside them. Writes
benchmarks/results/ranking.csv; see docs/BENCHMARKS.md.
"""

from children import measure, options, write
from tables import ranking_table, read, source

DEFAULTS = {"threads": 2, "batch": 2048, "items": 42_861, "rounds": 5}
QUICK = {"threads": 1, "batch": 32, "items": 400, "rounds": 2}


def main() -> None:
    chosen = options(__doc__.splitlines()[0], DEFAULTS, QUICK)
    size = {"items": chosen.items, "batch": chosen.batch, "rounds": chosen.rounds}
    results = read(write(measure("rankings", chosen.threads, **size), "ranking", chosen.quick))
    print(source(results), ranking_table(results), sep="\n\n")


if __name__ == "__main__":
    main()
