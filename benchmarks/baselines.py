"""Cases a second of the simple baselines, from prefixes to ranks, on Diginetica's shapes; goal: 2,000 on 2 cores.

    PYTHONPATH=src python benchmarks/baselines.py [--items 42861] [--sessions 164000] [--cases 20000] [--quick]

``vmis`` also as a plain loop over dicts, one case after the other, on the first of the cases. CPU time, of one thread:
on a busy machine it says more than the clock.
"""

import importlib
import time
from collections import Counter, defaultdict

import numpy as np
from children import options
from workload import MODEL, generate

from recore.baselines.ranking import Popularity, rank
from recore.data.cases import Cases
from recore.data.sessions import Sessions

DEFAULTS = {"items": 42_861, "sessions": 164_000, "cases": 20_000, "plain": 2000}
QUICK = {"items": 300, "sessions": 400, "cases": 60, "plain": 20}
NAMES = ("pop", "spop", "recent", "sr", "iknn", "vsknn", "vmis")
GOAL = 2000  # cases a second


def lists(sessions: Sessions) -> list[list[int]]:
    return [part.tolist() for part in np.split(sessions.items, sessions.offsets[1:-1])]


def plain_vmis(train: Sessions, n_items: int, prefixes: list[list[int]], targets: list[int]) -> list[tuple[int, int]]:
    """above and tied of each case, with the default settings."""
    held = [set(session) for session in lists(train)]
    having = defaultdict(list)
    for s, items in enumerate(held):
        for item in items:
            having[item].append(s)
    clicks = np.bincount(train.items, minlength=n_items + 1)
    idf = {item: 1 + np.log(len(held) / len(sessions)) for item, sessions in having.items()}
    found = []
    for prefix, target in zip(prefixes, targets, strict=True):
        position = {item: i for i, item in enumerate(prefix, start=1)}
        candidates = sorted({s for item in position for s in having[item][-1000:]})[-1000:]
        shared = {s: [position[item] for item in held[s] & position.keys()] for s in candidates}
        scores: Counter[int] = Counter()
        for s in sorted(candidates, key=lambda s: (sum(shared[s]), s), reverse=True)[:100]:
            weight = sum(shared[s]) * max(10 - (len(prefix) - max(shared[s]) + 1), 0)
            for item in held[s]:
                scores[item] += weight * idf[item]
        dense = np.zeros(n_items + 1, np.float32)
        dense[list(scores)] = list(scores.values())
        more, level = dense > dense[target], dense == dense[target]
        above = more | (level & (clicks > clicks[target]))
        found.append((int(above[1:].sum()), int((level & (clicks == clicks[target]))[1:].sum())))
    return found


def first(cases: Cases, n: int) -> tuple[list[list[int]], list[int]]:
    """Prefixes and targets of the first n cases."""
    prefixes, targets = [], []
    for case in range(n):
        batch = cases.batch(np.array([case]))
        prefixes.append(batch.items.tolist())
        targets.append(int(batch.targets[0]))
    return prefixes, targets


def main() -> None:
    chosen = options(__doc__.splitlines()[0], DEFAULTS, QUICK)
    made = generate(chosen.items, chosen.sessions)
    n_tested = int(np.searchsorted(np.cumsum(made.lengths[::-1] - 1), chosen.cases)) + 1
    train, test = (made.take(part) for part in np.split(np.arange(chosen.sessions), [chosen.sessions - n_tested]))
    cases, popularity = Cases(test, MODEL["max_length"]), Popularity.of(train.items, chosen.items)
    for name in NAMES:
        module = importlib.import_module(f"recore.baselines.{name}")
        started = time.process_time()
        method = module.fit(train, chosen.items, module.Settings())
        fitted = time.process_time()
        rank(method, cases, popularity)
        taken = time.process_time() - fitted
        print(f"{name}: fitted in {fitted - started:.2f} s, {len(cases) / taken:,.0f} cases/s (goal {GOAL:,})")
    prefixes, targets = first(cases, chosen.plain)
    started = time.process_time()
    plain_vmis(train, chosen.items, prefixes, targets)
    print(f"vmis as a plain loop: {len(targets) / (time.process_time() - started):,.0f} cases/s, its index included")


if __name__ == "__main__":
    main()
