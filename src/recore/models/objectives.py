"""The training objectives, in the plain form: readable, slow, the reference for ``fused``.

Algorithm 1 of the paper: L = (1 - λ)·CE + λ·BPR, the mean over the batch. The same dropped-out, τ-scaled
scores z serve both terms and the mining; the selection itself carries no gradient. λ = 0 is CORE's loss.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from recore import RecoreError
from recore.models.items import scores
from recore.models.lift import Lift


@dataclass(frozen=True)
class Objective:
    """K hard negatives a case with weight λ; λ = 0 is plain cross-entropy, whatever K."""

    hard_neg_k: int
    hard_neg_lambda: float

    def check(self, n_items: int) -> None:
        """Raises RecoreError where the catalogue has fewer than K items beside the target."""
        beside = n_items - 1
        if self.hard_neg_lambda == 0 or self.hard_neg_k <= beside:
            return
        if beside == 0:
            raise RecoreError(
                "a catalogue of 1 item has no hard negative; set hard_neg_lambda to 0, or leave the variants out that "
                "train with hard negatives"
            )
        raise RecoreError(
            f"hard_neg_k is {self.hard_neg_k}, but a catalogue of {n_items} items has only {beside} beside the target; "
            f"lower hard_neg_k to {beside} or less"
        )


CROSS_ENTROPY = Objective(hard_neg_k=0, hard_neg_lambda=0.0)


def plain_loss(
    session: Tensor,
    catalogue: Tensor,
    targets: Tensor,
    temperature: float,
    objective: Objective,
    lift: Lift | None = None,
) -> Tensor:
    """Mean loss of a batch.

    ``session`` (B, D) and ``catalogue`` (V - 1, D) are unit vectors; ``targets`` (B,) are item numbers
    from 1, so that item v is row v - 1.
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
        negatives = others.topk(objective.hard_neg_k, dim=1).indices
    # Eq. 14; softplus would do, but PyTorch's is linear beyond 20, which is seen in float64.
    pairwise = -functional.logsigmoid(target - z.gather(1, negatives)).mean()
    return (1 - objective.hard_neg_lambda) * cross_entropy + objective.hard_neg_lambda * pairwise
