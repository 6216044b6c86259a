"""The training objectives, in the plain form: readable, slow, the reference for ``fused``.

Algorithm 1 of the paper: L = (1 - λ)·CE + λ·BPR, the mean over the batch. The same dropped-out, τ-scaled
scores z serve both terms and the mining; the selection itself carries no gradient. λ = 0 is CORE's loss.

What section 6.2 of the paper leaves open stands beside it, off by default: false negatives (``hard_neg_own``,
``hard_neg_pool``, ``hard_neg_skip``) and a schedule of λ (``hard_neg_warmup``).
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recore import RecoreError
from recore.models.items import scores
from recore.models.lift import Lift
from recore.models.mining import EVERY, Candidates, OwnClicks
from recore.models.packing import Packing


@dataclass(frozen=True)
class Objective:
    """K hard negatives a case with weight λ; λ = 0 is plain cross-entropy, whatever the others.

    Mined are the K items with the highest scores, of all but the target, and of these
    without the case's own clicks   ``hard_neg_own``: ``skip`` (``keep``: with them)
    among M items drawn uniformly   ``hard_neg_pool``: M, drawn anew every step (0: all are in it)
    without the r highest           ``hard_neg_skip``: r
    λ_e = λ·min(1, e/E)             ``hard_neg_warmup``: E, in epoch e from 1 (0: λ from the start)
    """

    hard_neg_k: int
    hard_neg_lambda: float
    hard_neg_own: str = "keep"
    hard_neg_pool: int = 0
    hard_neg_skip: int = 0
    hard_neg_warmup: int = 0

    def in_epoch(self, epoch: int) -> "Objective":
        """With the λ of an epoch, counted from 1."""
        if epoch >= self.hard_neg_warmup:
            return self
        return replace(self, hard_neg_lambda=self.hard_neg_lambda * epoch / self.hard_neg_warmup)

    def candidates(self, items: Tensor, packing: Packing, pool: Tensor | None = None) -> Candidates:
        """What may be mined in a batch of the clicks ``items`` (T,), item numbers; pool: rows (M,) drawn for its step.

        Raises ValueError where a pool is not of M rows.
        """
        if self.hard_neg_lambda == 0:
            return EVERY
        drawn = 0 if pool is None else len(pool)
        if drawn != self.hard_neg_pool:
            raise ValueError(f"a pool of {drawn} was drawn where hard_neg_pool is {self.hard_neg_pool}")
        if self.hard_neg_own == "keep":
            return Candidates(pool)
        return Candidates(pool, OwnClicks(items - 1, packing.row, np.cumsum(packing.lengths)))

    def check(self, n_items: int, longest: int = 0) -> None:
        """Raises RecoreError where a case could have fewer candidates than are mined.

        longest: clicks of the longest prefix, which may all be different items.
        """
        if self.hard_neg_lambda == 0:
            return
        if n_items == 1:
            raise RecoreError(
                "a catalogue of 1 item has no hard negative; set hard_neg_lambda to 0, or leave the variants out that "
                "train with hard negatives"
            )
        if self.hard_neg_pool > n_items:
            raise RecoreError(
                f"hard_neg_pool is {self.hard_neg_pool}, but the catalogue has only {n_items} items; lower it to "
                f"{n_items} or less, or set it to 0, which is all of them"
            )
        own = min(longest, n_items) if self.hard_neg_own == "skip" else 0
        beside = (self.hard_neg_pool or n_items) - 1 - own
        if self.hard_neg_k + self.hard_neg_skip > beside:
            raise RecoreError(self._too_few(n_items, own, max(beside, 0)))

    def _too_few(self, n_items: int, own: int, beside: int) -> str:
        mined = f"hard_neg_k is {self.hard_neg_k}"
        mined += f" and hard_neg_skip {self.hard_neg_skip}" if self.hard_neg_skip else ""
        among = f"a pool of {self.hard_neg_pool}" if self.hard_neg_pool else f"a catalogue of {n_items} items"
        among += f" has only {beside} beside the target" + (f" and {own} own clicks" if own else "")
        lower = f"lower {'their sum' if self.hard_neg_skip else 'hard_neg_k'} to {beside} or less"
        ways = [lower] if beside else []
        ways += ["set hard_neg_own to keep"] if own else []
        ways += ["raise hard_neg_pool, or set it to 0"] if self.hard_neg_pool else []
        return f"{mined}, but {among}; {', or '.join(ways)}"


CROSS_ENTROPY = Objective(hard_neg_k=0, hard_neg_lambda=0.0)


def plain_loss(
    session: Tensor,
    catalogue: Tensor,
    targets: Tensor,
    temperature: float,
    objective: Objective,
    candidates: Candidates = EVERY,
    lift: Lift | None = None,
) -> Tensor:
    """Mean loss of a batch.

    ``session`` (B, D) and ``catalogue`` (V - 1, D) are unit vectors; ``targets`` (B,) are item numbers
    from 1, so that item v is row v - 1. ``candidates``: those of the batch (see ``Objective.candidates``).
    """
    z = scores(session, catalogue, temperature)
    if lift is not None:
        own = torch.zeros_like(z).index_put((lift.case, lift.rows), torch.ones_like(z[0, 0]))
        z = z + own * lift.value[:, None] / temperature
    rows = targets - 1
    cross_entropy = functional.cross_entropy(z, rows)  # Eq. 12
    if objective.hard_neg_lambda == 0:
        return cross_entropy
    target = z.gather(1, rows[:, None])
    with torch.no_grad():  # Eq. 13: the choice is a constant
        others = z.scatter(1, rows[:, None], -torch.inf)
        if candidates.own is not None:
            others[candidates.own.cases, candidates.own.rows] = -torch.inf
        if candidates.pool is not None:
            others = others[:, candidates.pool]
        mined = objective.hard_neg_skip + objective.hard_neg_k
        negatives = others.topk(mined, dim=1).indices[:, objective.hard_neg_skip :]
        if candidates.pool is not None:
            negatives = candidates.pool[negatives]
    # Eq. 14; softplus would do, but PyTorch's is linear beyond 20, which is seen in float64.
    pairwise = -functional.logsigmoid(target - z.gather(1, negatives)).mean()
    return (1 - objective.hard_neg_lambda) * cross_entropy + objective.hard_neg_lambda * pairwise
