"""Mining among candidates that are refreshed now and then, beside exact mining and a pool: overlap, age, metric, cost.

    PYTHONPATH=src python benchmarks/cached.py SPLIT [--epochs 6] [--batch 256] [--seeds 2] [--steps 24]

SPLIT is a folder of data/split. CORE-HN is trained on it with the settings of params.yaml, its K = 5 hardest chosen

- exact: among the whole catalogue;
- pool M: among M items drawn for the step (``hard_neg_pool``);
- visit C: among the C that ranked highest when the case was seen last, an epoch ago (in the first: exactly);
- R steps C: among the C that ranked highest at the last refresh, which was at most R - 1 steps ago and without dropout.

Every choice is held against the exact one of the same step: the overlap is the share of the K that both have. The same
is done on generated sessions over a large catalogue, and the choice is timed for catalogues of three sizes.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from mining import CATALOGUES, K, in_turns, told
from torch import Tensor
from workload import CPU, MODEL, PARAMS, TRAIN, generate

from recore import artifacts
from recore.data.cases import Batch, Cases
from recore.data.sessions import Sessions
from recore.evaluation.best import best
from recore.evaluation.expected import expected_gains
from recore.evaluation.metrics import VALIDATED
from recore.evaluation.ranking import rank
from recore.models.core import Core
from recore.models.mining import EVERY, Candidates, mine, top_k
from recore.models.objectives import Objective
from recore.models.packing import gather, resident
from recore.models.scorer import CoreScorer
from recore.training.adam import Adam
from recore.training.loop import train_step
from recore.training.seeding import attach_streams, batch_order, initialise, pools
from recore.variants import hn

LARGE, TIMED = 100_000, 64  # items of the generated catalogue; cases whose choice is timed
SIZE, POOL = 100, 1024  # candidates of a case and of a step, where the choice is timed


@dataclass(frozen=True)
class Way:
    """How candidates come about. ``size``: of a case, or of the pool; ``every``: steps between refreshes."""

    kind: str
    size: int = 0
    every: int = 0

    def __str__(self) -> str:
        name = f"{self.every} steps" if self.kind == "refresh" else self.kind
        return f"{name} {self.size}" if self.size else name


@dataclass
class Choice:
    """Stands in for ``mine`` in the loss, and counts how much of the exact choice it makes.

    ``held`` (C, B): the candidates of each case of the batch, rows of the catalogue; None: those of the step.
    """

    size: int = 0
    held: Tensor | None = None
    hardest: Tensor | None = None  # (C, B) of the step, with its dropout, for the case's next visit
    overlaps: list[float] = field(default_factory=list)

    def __call__(
        self, z: Tensor, targets: tuple[Tensor, Tensor], k: int, skipped: int, candidates: Candidates
    ) -> tuple[Tensor, Tensor]:
        _, exact = mine(z, targets, k, skipped, EVERY)  # and leaves -∞ at the targets
        self.hardest = top_k(z, self.size)[1] if self.size else None
        if self.held is None:
            values, rows = mine(z, targets, k, skipped, candidates)
        else:
            values, at = z.gather(0, self.held).topk(k, dim=0)
            rows = self.held.gather(0, at)
        same = (rows[:, None] == exact[None]).any(dim=0)
        self.overlaps.append(float(same.float().mean()))
        return values, rows


def train(
    way: Way, parts: tuple[Cases, Cases | None], n_items: int, epochs: int, batch_size: int, seed: int, steps: int = 0
) -> tuple[list[float], list[list[float]]]:
    """Validation MRR@20 of every epoch (none without validation cases), and the overlap of every step of each.

    steps: of an epoch, all where it is 0.
    """
    cases, valid = parts
    model = hn.build(MODEL, n_items)
    initialise(model, seed)
    attach_streams(model, seed, CPU)
    optimizer, clicks = Adam(model.parameters(), TRAIN["learning_rate"]), resident(cases.items, CPU)
    objective = Objective(K, PARAMS["hard_neg_lambda"], hard_neg_pool=way.size if way.kind == "pool" else 0)
    seen: dict[int, np.ndarray] = {}  # what ranked highest for a case at its last visit or refresh
    metric, overlaps = [], []
    for epoch in range(1, epochs + 1):
        model.train()
        order = batch_order(seed, epoch, len(cases))
        batches = [cases.batch(order[start : start + batch_size]) for start in range(0, len(order), batch_size)]
        drawn = pools(seed, epoch, n_items, objective.hard_neg_pool)
        choice = Choice(way.size if way.kind == "visit" else 0)
        with patch("recore.models.fused.mine", choice):
            for step, batch in enumerate(batches[: steps or None]):
                if way.kind == "refresh" and step % way.every == 0:
                    seen = refreshed(model, clicks, batches[step : step + way.every], way.size)
                known = bool(seen) and all(case in seen for case in batch.cases.tolist())
                choice.held = held(seen, batch) if known else None
                train_step(model, optimizer, clicks, batch, objective, pool=next(drawn))
                if choice.hardest is not None:
                    seen |= zip(batch.cases.tolist(), choice.hardest.T.numpy(), strict=True)
        overlaps.append(choice.overlaps)
        if valid is not None:
            ranks = rank(CoreScorer(model), valid, batch_size, CPU)
            gains = expected_gains(VALIDATED, ranks.above, ranks.tied, [20])
            metric.append(100 * float(gains["mrr@20"].mean()))
    return metric, overlaps


def held(seen: dict[int, np.ndarray], batch: Batch) -> Tensor:
    return torch.from_numpy(np.stack([seen[case] for case in batch.cases.tolist()], axis=1))


def refreshed(model: Core, clicks: Tensor, batches: list[Batch], size: int) -> dict[int, np.ndarray]:
    """The rows (size,) that rank highest for each case of the batches now, without dropout."""
    scorer, found = CoreScorer(model), {}
    with torch.inference_mode():
        for batch in batches:
            items, packing, _ = gather(clicks, batch.lengths, batch.ends)
            highest, _ = best(scorer(items, packing), len(batch.cases), scorer.n_items, size, CPU)
            found |= zip(batch.cases.tolist(), highest.numpy() - 1, strict=True)
    model.train()
    return found


def by_age(overlaps: list[list[float]], every: int) -> str:
    """Mean overlap of the first step after a refresh and of the last before the next one."""
    ages = {age: [each for epoch in overlaps for each in epoch[age::every]] for age in (0, every - 1)}
    return ", ".join(f"age {age} {100 * np.mean(found):.0f} %" for age, found in ages.items())


def on_split(folder: Path, epochs: int, batch_size: int, seeds: int) -> Iterator[str]:
    train_part, valid_part = (Cases(Sessions.load(folder, part), MODEL["max_length"]) for part in ("train", "valid"))
    n_items = artifacts.read_json(folder / "stats.json")["items"]
    yield f"{folder.name}: {n_items:,} items, {len(train_part):,} training cases, {epochs} epochs, {seeds} seeds"
    ways = [Way("exact"), Way("pool", n_items // 8), Way("visit", 20)]
    ways += [Way("refresh", size, 30) for size in (20, 100)]
    for way in ways:
        runs = [train(way, (train_part, valid_part), n_items, epochs, batch_size, seed) for seed in range(1, seeds + 1)]
        best_of = [max(metric) for metric, _ in runs]
        later = [epoch for _, overlaps in runs for epoch in overlaps[1:]]  # the first of ``visit`` is exact
        kept = 100 * np.mean([each for epoch in later for each in epoch])
        ages = f" ({by_age(later, way.every)})" if way.every else ""
        values = ", ".join(f"{value:.2f}" for value in best_of)
        yield f"{way}: MRR@20 {np.mean(best_of):.2f} ({values}), overlap from epoch 2 on {kept:.0f} %{ages}"


def on_large(items: int, batch_size: int, steps: int) -> Iterator[str]:
    cases = Cases(generate(items, 20_000), MODEL["max_length"])
    yield f"generated, {items:,} items: {steps} steps of {batch_size} cases"
    for way in (Way("pool", POOL), Way("refresh", SIZE, 20)):
        _, overlaps = train(way, (cases, None), items, 1, batch_size, 1, steps)
        ages = f" ({by_age(overlaps, way.every)})" if way.every else ""
        yield f"{way}: overlap {100 * np.mean(overlaps):.0f} %{ages}"


def costs(items: int, rounds: int) -> dict[str, float]:
    """CPU seconds of the choice for ``TIMED`` cases from scores that are there, and of a refresh, which makes them."""
    rng = np.random.default_rng(0)
    z, catalogue = torch.rand(items, TIMED), torch.rand(items, MODEL["embedding_size"])
    session = catalogue[:TIMED].T.contiguous()
    pool, candidates = (torch.from_numpy(rng.choice(items, n, replace=False)) for n in (POOL, SIZE))
    candidates = candidates[:, None].expand(-1, TIMED).contiguous()
    at = torch.from_numpy(rng.integers(items, size=TIMED)), torch.arange(TIMED)
    ways = {
        "exact": lambda: mine(z, at, K, 0, EVERY),
        "pool": lambda: mine(z, at, K, 0, Candidates(pool)),
        "cached": lambda: z.gather(0, candidates).topk(K, dim=0),
        "refresh": lambda: top_k(catalogue @ session, SIZE),
        "one pass": lambda: z.sum(dim=0),
    }
    return in_turns(ways, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("split", type=Path, help="a folder of data/split")
    defaults = {"epochs": 6, "batch": 256, "seeds": 2, "steps": 24, "rounds": 5, "threads": 1}
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    started = time.process_time()
    for line in on_split(chosen.split, chosen.epochs, chosen.batch, chosen.seeds):
        print(line, flush=True)
    for line in on_large(LARGE, chosen.batch, chosen.steps):
        print(line, flush=True)
    for items in CATALOGUES:
        print(f"{items:,} items, {TIMED} cases: {told(costs(items, chosen.rounds), 'one pass')}", flush=True)
    print(f"{time.process_time() - started:.0f} CPU seconds")


if __name__ == "__main__":
    main()
