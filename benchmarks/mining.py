"""CPU seconds of mining, among the whole catalogue and among a pool, by the size of the catalogue.

    PYTHONPATH=src python benchmarks/mining.py [--threads 2] [--cases 64] [--pool 1024] [--rounds 7] [--quick]

Scores of a chunk of cases are there already, as they are when a loss mines: what is measured is the choice of K = 5,
with own clicks left out and not. In turns with one pass over the same scores, which every loss makes several times. CPU
time is that of all threads: on a busy machine it says more than the clock. Then whole training steps under each
objective.
"""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from children import options
from workload import PARAMS, Feed, OurStep

from recore.models.mining import EVERY, Candidates, OwnClicks, mine
from recore.models.objectives import CROSS_ENTROPY, Objective
from recore.training.loop import train_step

DEFAULTS = {"threads": 2, "cases": 64, "pool": 1024, "batch": 256, "rounds": 7}
QUICK = {"threads": 1, "cases": 4, "pool": 50, "batch": 16, "rounds": 1}
CATALOGUES = (10_000, 100_000, 1_000_000)
CLICKS = 4  # of every prefix
K = 5


def in_turns(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median CPU seconds of each way, after a round that is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for i in range(rounds + 1):
        for name in list(ways)[:: 1 if i % 2 else -1]:
            start = time.process_time()
            ways[name]()
            if i:
                taken[name].append(time.process_time() - start)
    return {name: median(seconds) for name, seconds in taken.items()}


def choices(items: int, cases: int, size: int, rounds: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    z = torch.rand(items, cases)
    pool = torch.from_numpy(rng.choice(items, size, replace=False))
    clicks = torch.from_numpy(rng.integers(items, size=CLICKS * cases))
    own = OwnClicks(clicks, torch.arange(cases).repeat_interleave(CLICKS), CLICKS * np.arange(1, cases + 1))
    at = torch.from_numpy(rng.integers(items, size=cases)), torch.arange(cases)
    ways = {
        "whole": lambda: mine(z, at, K, 0, EVERY),
        "whole, own skipped": lambda: mine(z, at, K, 0, Candidates(None, own)),
        "pool": lambda: mine(z, at, K, 0, Candidates(pool)),
        "pool, own skipped": lambda: mine(z, at, K, 0, Candidates(pool, own)),
        "drawing a pool": lambda: rng.choice(items, size, replace=False, shuffle=False),
        "one pass": lambda: z.sum(dim=0),
    }
    return in_turns(ways, rounds)


def steps(items: int, batch: int, size: int, rounds: int) -> dict[str, float]:
    """One model, the same batch, under each objective."""
    step, weight = OurStep("trm", items), PARAMS["hard_neg_lambda"]
    given = Feed(items, batch).batch(0)
    clicks, pool = torch.from_numpy(given.clicks), np.random.default_rng(0).choice(items, size, replace=False)

    def under(objective: Objective) -> Callable[[], object]:
        drawn = pool if objective.hard_neg_pool else None
        return lambda: train_step(step.model, step.optimizer, clicks, given, objective, pool=drawn)

    objectives = {
        "trm": CROSS_ENTROPY,
        "whole": Objective(K, weight),
        "whole, own skipped": Objective(K, weight, "skip"),
        "pool": Objective(K, weight, hard_neg_pool=size),
    }
    return in_turns({name: under(objective) for name, objective in objectives.items()}, rounds)


def main() -> None:
    chosen = options(__doc__.splitlines()[0], DEFAULTS, QUICK)
    torch.set_num_threads(chosen.threads)
    for items in (items // (100 if chosen.quick else 1) for items in CATALOGUES):
        found = choices(items, chosen.cases, chosen.pool, chosen.rounds)
        print(f"{items:,} items, {chosen.cases} cases: " + told(found, "one pass"), flush=True)
        found = steps(items, chosen.batch, chosen.pool, min(chosen.rounds, 3))
        print(f"{items:,} items, a step of {chosen.batch} cases: " + told(found, "trm"), flush=True)


def told(seconds: dict[str, float], reference: str) -> str:
    parts = (f"{name} {1000 * s:.2f} ms ({s / seconds[reference]:.2f})" for name, s in seconds.items())
    return "; ".join(parts) + f"; in brackets, against {reference}"


if __name__ == "__main__":
    main()
