"""Ranks by counting: how many items of the whole catalogue score above the target, and how many tie.

No sort: one product and two comparison passes per chunk of cases, in fp32. The target's score is read
from the same product as the others, so it always ties with itself (tied ≥ 1) and equal items tie
exactly. Seen items are not removed and padding is no item, as in CORE.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recore import RecoreError
from recore.data.cases import Batch, Cases
from recore.models.core import Core
from recore.models.device import cases_at_once, moved
from recore.models.packing import Packing

# Cases whose scores are in memory at once, if they fit. On a CPU 64 are as fast as 256, at a quarter of the memory; on
# a GPU a chunk more is a dozen launches more (no GPU has been measured).
CHUNK = {"cpu": 64, "cuda": 2048}


@dataclass(frozen=True)
class Ranks:
    """Per case of a split, in its order: counts of items, and the gate where the model has one."""

    above: np.ndarray  # (N,) int32, items scored strictly above the target
    tied: np.ndarray  # (N,) int32, items with exactly the target's score, the target included
    gate: np.ndarray | None  # (N,) float32, the share given to the recent branch


def count_above_and_tied(session: Tensor, catalogue: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Sessions (B, D), catalogue (V - 1, D), targets (B,) from 1 -> two float counts (B,).

    Raises RecoreError for a non-finite vector: no rank would be true.
    """
    # Both ends are finite where all numbers are (NaN is both), and are found in one pass without a copy.
    if not torch.stack([*session.aminmax(), *catalogue.aminmax()]).isfinite().all():
        raise RecoreError(
            "the model's scores are not finite, so nothing can be ranked; train it with a lower learning_rate"
        )
    n_items = len(catalogue)
    width = cases_at_once(CHUNK, session.device, n_items)
    ones = catalogue.new_ones(n_items)
    buffer = catalogue.new_empty(2, n_items * min(width, len(session)))
    above, tied = session.new_empty(len(session)), session.new_empty(len(session))
    for start in range(0, len(session), width):
        chunk = slice(start, start + width)
        cases = session[chunk]
        scores, flags = buffer[:, : n_items * len(cases)].view(2, n_items, len(cases))
        torch.mm(catalogue, cases.T, out=scores)
        target = scores[targets[chunk] - 1, torch.arange(len(cases), device=scores.device)]
        # Counts as products with ones: exact in fp32 below 2^24 items, and the fastest sum there is.
        torch.mv(torch.gt(scores, target, out=flags).T, ones, out=above[chunk])
        torch.mv(torch.eq(scores, target, out=flags).T, ones, out=tied[chunk])
    return above, tied


@torch.inference_mode()
def rank(
    model: Core, cases: Cases, batch_size: int, device: torch.device, on_batch: Callable[[int], None] = lambda n: None
) -> Ranks:
    """Ranks of all cases; ``on_batch`` is told how many cases each batch had."""
    model.eval()
    clicks, catalogue = resident(cases, device), model.items.catalogue()
    above, tied = np.empty((2, len(cases)), np.int32)
    gate: np.ndarray | None = None
    for start in range(0, len(cases), batch_size):
        batch = cases.batch(np.arange(start, min(start + batch_size, len(cases))))
        items, packing, targets = gather(clicks, batch)
        encoding = model(items, packing)
        counts = count_above_and_tied(encoding.session, catalogue, targets)
        above[batch.cases], tied[batch.cases] = (count.cpu().numpy() for count in counts)
        if encoding.gate is not None:
            gate = np.empty(len(cases), np.float32) if gate is None else gate
            gate[batch.cases] = encoding.gate.cpu().numpy()
        on_batch(len(batch.cases))
    return Ranks(above, tied, gate)


def resident(cases: Cases, device: torch.device) -> Tensor:
    """The item numbers of a whole split (clicks,), on the device."""
    return torch.from_numpy(np.array(cases.items)).to(device)


def gather(clicks: Tensor, batch: Batch) -> tuple[Tensor, Packing, Tensor]:
    """A batch's item numbers (T,), their packing and its targets (B,), from the split's ``clicks`` where these are."""
    packing = Packing(batch.lengths, clicks.device)
    ends = moved(batch.ends, clicks.device)
    places = (ends - packing.length)[packing.row] + packing.position
    return clicks[places].long(), packing, clicks[ends].long()
