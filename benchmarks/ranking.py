"""Seconds from encoded sessions to ranks: counting, against the first 20 by topk and against a full sort.

    python benchmarks/ranking.py [--threads 2] [--batch 2048] [--items 42861] [--rounds 5] [--quick]

Every way starts with the product of sessions and items, which is timed alone beside them. Writes
benchmarks/results/ranking.csv; see docs/BENCHMARKS.md.
"""

import pandas as pd
from children import measure, options, write
from step_tables import Goal
from tables import markdown, read, seconds, source, times, value

DEFAULTS = {"threads": 2, "batch": 2048, "items": 42_861, "rounds": 5}
QUICK = {"threads": 1, "batch": 32, "items": 400, "rounds": 2}


RANKINGS = {
    "counting": "recore: counts of items above and level",
    "lists": "recore: the same, and who is in the first 20",
    "topk": "the first 20, by topk",
    "sort": "the whole row, by a sort",
    "product": "(the product alone, all scores at once)",
    "product in chunks": "(the product alone, in recore's chunks)",
}


def ranking_table(results: pd.DataFrame) -> str:
    """Ways to rank one batch, and the product that each begins with."""
    taken = {way: value(results, "ranks", side=way) for way in RANKINGS}
    return markdown(
        [
            {"way": name, "time": seconds(taken[way]), "over recore": times(taken[way] / taken["counting"])}
            for way, name in RANKINGS.items()
        ]
    )


def ranking_goals(results: pd.DataFrame) -> str:
    """What was aimed at, against either way by sorting."""
    taken = {way: value(results, "ranks", side=way) for way in ("counting", "topk", "sort")}
    names = {"sort": "the whole row by a sort / recore", "topk": "the first 20 by topk / recore"}
    goals = [Goal(name, 3, taken[way] / taken["counting"], times, at_least=True) for way, name in names.items()]
    return markdown([goal.row() for goal in goals])


def main() -> None:
    chosen = options(__doc__.splitlines()[0], DEFAULTS, QUICK)
    size = {"items": chosen.items, "batch": chosen.batch, "rounds": chosen.rounds}
    results = read(write(measure("rankings", chosen.threads, **size), "ranking", chosen.quick))
    print(source(results), ranking_table(results), ranking_goals(results), sep="\n\n")


if __name__ == "__main__":
    main()
