"""Sessions a second from ids to the ids of the 20 best items, on Diginetica's shapes; goal: 4,000 on 2 cores.

    PYTHONPATH=src python benchmarks/recommend.py [--threads 2] [--items 42861] [--sessions 4096] [--rounds 5] [--quick]

In turns with two plain ways, which encode the same sessions in the same batches and then, in each batch, make one
product with the whole catalogue and select session by session. CPU time is that of all threads: on a busy machine it
says more than the clock.
"""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from children import options
from torch import Tensor
from workload import CPU, MODEL, OurStep, generate

from recore.models.packing import Packing
from recore.models.scorer import CoreScorer
from recore.recommender import BATCH, Recommender

DEFAULTS = {"threads": 2, "items": 42_861, "sessions": 4096, "k": 20, "rounds": 5}
QUICK = {"threads": 1, "items": 400, "sessions": 50, "k": 5, "rounds": 1}
GOAL = 4000  # sessions a second


def by_topk(scores: Tensor, k: int) -> list[np.ndarray]:
    return [row.topk(k).indices.numpy() for row in scores]


def by_argsort(scores: Tensor, k: int) -> list[np.ndarray]:
    return [np.argsort(-row)[:k] for row in scores.numpy()]


@torch.inference_mode()
def plain(scorer: CoreScorer, sessions: list[list[int]], k: int, select: Callable) -> list[np.ndarray]:
    """The ids (k,) of each session, which here are the item numbers, in the order of the sessions' lengths."""
    answers = []
    ordered = sorted((session[-MODEL["max_length"] :] for session in sessions), key=len)
    for start in range(0, len(ordered), BATCH):
        batch = ordered[start : start + BATCH]
        items = torch.tensor([item for session in batch for item in session])
        encoded = scorer.model(items, Packing(np.array([len(session) for session in batch]))).session
        answers += [rows + 1 for rows in select(encoded @ scorer.catalogue.T, k)]
    return answers


def measured(items: int, sessions: int, k: int, rounds: int) -> dict[str, tuple[list[float], list[float]]]:
    """Of each way the seconds by the clock and of the CPU in every round after a first that is not counted."""
    made = generate(items, sessions)
    asked = [clicks.tolist() for clicks in np.split(made.items, made.offsets[1:-1])]
    scorer = CoreScorer(OurStep("trm", items).model)
    recommender = Recommender(scorer, np.arange(1, items + 1), MODEL["max_length"], CPU)
    ways = {
        "recore": lambda: recommender.recommend(asked, k),
        "product and torch.topk": lambda: plain(scorer, asked, k, by_topk),
        "product and numpy.argsort": lambda: plain(scorer, asked, k, by_argsort),
    }
    taken: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ways}
    for i in range(rounds + 1):
        for name in list(ways)[:: 1 if i % 2 else -1]:
            clock, cpu = time.perf_counter(), time.process_time()
            ways[name]()
            if i:
                taken[name][0].append(time.perf_counter() - clock)
                taken[name][1].append(time.process_time() - cpu)
    return taken


def main() -> None:
    chosen = options(__doc__.splitlines()[0], DEFAULTS, QUICK)
    torch.set_num_threads(chosen.threads)
    taken = measured(chosen.items, chosen.sessions, chosen.k, chosen.rounds)
    ours = median(taken["recore"][1])
    for name, (clock, cpu) in taken.items():
        print(
            f"{name}: {chosen.sessions / median(clock):,.0f} sessions/s by the clock (goal {GOAL:,}); "
            f"{1e3 * median(cpu) / chosen.sessions:.3f} ms of CPU a session, {median(cpu) / ours:.1f} × recore's"
        )


if __name__ == "__main__":
    main()
