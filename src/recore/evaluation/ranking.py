"""Ranks by counting: how many items of the whole catalogue score above the target, and how many tie.

No sort: the scores and two comparisons per chunk of cases, in fp32. The target's score is read from the same
buffer as the others, so it always ties with itself (tied ≥ 1) and items of equal scores tie exactly. Seen items are not
removed and padding is no item, as in CORE.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from recore.data.cases import Cases
from recore.models.device import cases_at_once
from recore.models.packing import Packing, gather, resident

# Cases whose scores are in memory at once, if they fit. On a CPU 64 are as fast as 256, at a quarter of the memory; on
# a GPU a chunk more is a dozen launches more (no GPU has been measured).
CHUNK = {"cpu": 64, "cuda": 2048}
# Items whose scores are compared while a CPU has them in its cache: a pass of its own over all would wait for memory.
PIECE = {"cpu": 2048, "cuda": sys.maxsize}


class Scores(Protocol):
    """B cases that are ready to be scored, a chunk at a time, so that nobody has to hold all their scores."""

    gate: Tensor | None  # (B,) the share given to the recent branch, where the model has one

    def fill(self, out: Tensor, chosen: slice) -> None:
        """The scores of the C ``chosen`` cases into ``out`` (n, C), all finite; row i is item i + 1."""


class Scorer(Protocol):
    """All that evaluation knows of a model."""

    n_items: int

    def __call__(self, items: Tensor, packing: Packing) -> Scores:
        """Item numbers (T,) of B cases, on the device that ranks, to their scores; RecoreError where it has none."""


@dataclass(frozen=True)
class Ranks:
    """Per case of a split, in its order: counts of items, and the gate where the model has one."""

    above: np.ndarray  # (N,) int32, items scored strictly above the target
    tied: np.ndarray  # (N,) int32, items with exactly the target's score, the target included
    gate: np.ndarray | None  # (N,) float32, the share given to the recent branch


def count_above_and_tied(scores: Scores, n_items: int, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The scores of B cases, and their targets (B,) from 1 -> two float counts (B,)."""
    device, n_cases = targets.device, len(targets)
    width, height = cases_at_once(CHUNK, device, n_items), min(PIECE[device.type], n_items)
    ones = torch.ones(height, device=device)
    buffer = torch.empty((n_items + height) * min(width, n_cases), device=device)
    above, tied = torch.zeros(2, n_cases, device=device)
    for start in range(0, n_cases, width):
        chunk = slice(start, start + width)
        rows = targets[chunk] - 1
        own, flags = buffer[: (n_items + height) * len(rows)].view(-1, len(rows)).split((n_items, height))
        scores.fill(own, chunk)
        target = own[rows, torch.arange(len(rows), device=device)]
        # Counts as products with ones: exact in fp32 below 2^24 items, and the fastest sum there is.
        for piece in own.split(height):
            n = len(piece)
            above[chunk].addmv_(torch.gt(piece, target, out=flags[:n]).T, ones[:n])
            tied[chunk].addmv_(torch.eq(piece, target, out=flags[:n]).T, ones[:n])
    return above, tied


@torch.inference_mode()
def rank(
    scorer: Scorer,
    cases: Cases,
    batch_size: int,
    device: torch.device,
    on_batch: Callable[[int], None] = lambda n: None,
) -> Ranks:
    """Ranks of all cases; ``on_batch`` is told how many cases each batch had."""
    clicks = resident(cases.items, device)
    above, tied = np.empty((2, len(cases)), np.int32)
    gate: np.ndarray | None = None
    for start in range(0, len(cases), batch_size):
        batch = cases.batch(np.arange(start, min(start + batch_size, len(cases))))
        items, packing, targets = gather(clicks, batch.lengths, batch.ends)
        scores = scorer(items, packing)
        counts = count_above_and_tied(scores, scorer.n_items, targets)
        above[batch.cases], tied[batch.cases] = (count.cpu().numpy() for count in counts)
        if scores.gate is not None:
            gate = np.empty(len(cases), np.float32) if gate is None else gate
            gate[batch.cases] = scores.gate.cpu().numpy()
        on_batch(len(batch.cases))
    return Ranks(above, tied, gate)
