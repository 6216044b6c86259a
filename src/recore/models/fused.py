"""The same objectives, with the scores of a chunk of the batch in memory at a time (Algorithm 1, lines 4 to 8).

The batch is walked in chunks of ``CHUNK`` cases over one buffer, laid out (catalogue, cases) for the
matrix products: scores are computed into it, the K hardest negatives are read off it, it is
exponentiated in place, the sparse terms of the gradient are added in place, and it is multiplied out
into the two gradients before the next chunk overwrites it. Forward and backward are thus one pass, and
memory is O(CHUNK · V) for any K and any batch.

Scaling a column of the buffer by its softmax denominator is left to the narrow factor of each product
(c × D instead of V × c numbers), which saves one pass over the buffer.
"""

import math
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from recore.models.device import cases_at_once, put
from recore.models.lift import Lift
from recore.models.mining import EVERY, Candidates, mine
from recore.models.objectives import Objective

# Cases in the buffer, where memory allows. On a CPU wider ones fall out of the cache and narrower ones make poor matrix
# products; on a GPU a chunk more is a dozen launches more (no GPU has been measured).
CHUNK = {"cpu": 384, "cuda": 2048}
# Rows of the buffer that are summed as soon as they are exponentiated, while a CPU has them in its cache: a sum of its
# own over the whole buffer waits for memory. On a GPU a piece more is launches more.
PIECE = {"cpu": 4096, "cuda": sys.maxsize}


class Numbers(NamedTuple):
    """What scores are held in: a score s is s · ``unit`` nats, of which ``power`` makes e^(s · unit) in place."""

    dtype: torch.dtype
    power: Callable[[Tensor], Tensor]
    unit: float


def _numbers(precision: str, given: torch.dtype) -> Numbers:
    if precision == "bfloat16":  # powers of 2, which take a CPU half as long there as those of e
        return Numbers(torch.bfloat16, Tensor.exp2_, math.log(2))
    return Numbers(given, Tensor.exp_, 1.0)


def fused_loss(
    session: Tensor,
    catalogue: Tensor,
    targets: Tensor,
    temperature: float,
    objective: Objective,
    precision: str = "float32",
    candidates: Candidates = EVERY,
    mined: list[Tensor] | None = None,
    lift: Lift | None = None,
) -> Tensor:
    """As ``objectives.plain_loss``, equal to rounding in value and gradients; second derivatives are not defined.

    To ``mined``, if given, are added the rows of the hard negatives that were chosen, (K, c) of every chunk of c cases.

    With ``precision`` ``bfloat16`` the rounding is that of bfloat16 for the wide products, the exponentials and the
    coefficients of the gradients. The target's score, its term of the loss and the sums over the catalogue and over
    chunks are not rounded so.
    """
    numbers, value = _numbers(precision, session.dtype), None if lift is None else lift.value
    return _FusedLoss.apply(
        session, catalogue, targets, temperature, objective, numbers, candidates, mined, lift, value
    )


class _FusedLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        session: Tensor,
        catalogue: Tensor,
        targets: Tensor,
        temperature: float,
        objective: Objective,
        numbers: Numbers,
        candidates: Candidates,
        mined: list[Tensor] | None,
        lift: Lift | None,
        value: Tensor | None,
    ) -> Tensor:
        batch, n_items = len(session), len(catalogue)
        width = cases_at_once(CHUNK, session.device, n_items)
        scaled = session / (temperature * numbers.unit)
        rows = targets - 1
        exact = numbers.dtype == session.dtype
        own = None if exact else torch.linalg.vecdot(scaled, catalogue[rows])  # (B,) the targets' scores
        factor = catalogue.to(numbers.dtype)
        buffer = factor.new_empty(n_items * min(width, batch))
        grad_lift = None if lift is None else torch.empty_like(lift.value)
        if lift is not None and own is not None:
            own += lift.of(targets) / (temperature * numbers.unit)
        grad_session = torch.empty_like(session)
        grad_catalogue = _aligned_zeros(catalogue)
        shift = not _exp_is_safe((1 if lift is None else 3) / temperature, n_items * batch, session.dtype)
        loss = session.new_zeros(())
        for start in range(0, batch, width):
            cases = slice(start, start + width)
            chunk = scaled[cases]
            z = buffer[: n_items * len(chunk)].view(n_items, len(chunk))
            torch.mm(factor, chunk.T.to(numbers.dtype), out=z)
            if lift is not None:
                lift.add(z, cases, 1 / (temperature * numbers.unit))
            target = None if own is None else own[cases]
            allowed = candidates.of(cases)
            losses, scale, negatives = _scores_to_gradient(
                z, target, rows[cases], objective, allowed, batch, shift, numbers
            )
            if mined is not None and negatives is not None:
                mined.append(negatives)
            loss += losses.sum()
            if lift is not None:
                grad_lift[cases] = lift.gradient(z, cases) * scale / temperature
            _add_product(grad_catalogue, z, chunk * (scale * numbers.unit)[:, None])
            grad_session[cases] = torch.mm(z.T, factor)
            grad_session[cases].mul_(scale[:, None] / temperature)
        ctx.save_for_backward(grad_session, grad_catalogue, grad_lift)
        return loss / batch

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        grad_session, grad_catalogue, grad_lift = ctx.saved_tensors
        of_lift = None if grad_lift is None else grad * grad_lift
        return grad * grad_session, grad * grad_catalogue, *[None] * 7, of_lift


def _add_product(total: Tensor, left: Tensor, right: Tensor) -> None:
    """``total += left @ right``. PyTorch has no such product of bfloat16, so its own are added, a piece at a time."""
    if left.dtype == total.dtype:
        total.addmm_(left, right)
        return
    right = right.to(left.dtype)
    size = PIECE[left.device.type]
    for sums, piece in zip(total.split(size), left.split(size), strict=True):
        sums.add_(torch.mm(piece, right))


def _aligned_zeros(like: Tensor) -> Tensor:
    """Zeros (n, D) whose rows start 64 bytes apart: a product accumulates into them a tenth faster."""
    n, width = like.shape
    step = 64 // like.element_size()
    return like.new_zeros(n, -(-width // step) * step)[:, :width]


def _exp_is_safe(reach: float, n_scores: int, dtype: torch.dtype) -> bool:
    """|z| ≤ reach: a batch of sums of exponentials then neither overflows nor loses the target's term to underflow."""
    return reach + math.log(n_scores) < math.log(torch.finfo(dtype).max) - 1


def _scores_to_gradient(
    z: Tensor,
    own: Tensor | None,
    rows: Tensor,
    objective: Objective,
    candidates: Candidates,
    batch: int,
    shift: bool,
    numbers: Numbers,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Turns scores z (n, c) in place into G with gradient = G · diag(scale); returns losses, ``scale`` (c,) and what
    was mined (K, c), if anything.

    ``own`` (c,) are the targets' scores where z holds them rounded. ``total`` is the denominator of Eq. 12,
    ``negatives`` the choice of Eq. 13, ``pulls`` the slopes of Eq. 14.
    """
    at = rows, torch.arange(len(rows), device=z.device)
    target = z[at] if own is None else own
    weight = 1 - objective.hard_neg_lambda
    losses, negatives = torch.zeros_like(target), None
    if objective.hard_neg_lambda > 0:
        values, negatives = mine(z, at, objective.hard_neg_k, objective.hard_neg_skip, candidates)
        put(z, at, target.to(z.dtype))
        margins = (values - target) * numbers.unit
        losses -= objective.hard_neg_lambda * functional.logsigmoid(-margins).mean(dim=0)
        pulls = torch.sigmoid(margins) * (objective.hard_neg_lambda / (objective.hard_neg_k * batch))
    if weight > 0:
        highest = z.amax(dim=0).to(target.dtype) if shift else torch.zeros_like(target)
        total = torch.zeros_like(target)
        for piece in z.split(PIECE[z.device.type]):
            total += numbers.power(piece.sub_(highest) if shift else piece).sum(dim=0, dtype=total.dtype)
        term = z[at] if own is None else numbers.power(own - highest)  # the target's own, in full
        total += term - z[at]
        losses += weight * (total.log() + highest * numbers.unit - target * numbers.unit)
        scale = weight / (batch * total)
        put(z, at, (term - total).to(z.dtype))
    else:
        z.zero_()
        scale = torch.ones_like(target)
    if negatives is not None:
        pulls /= scale
        put(z, (negatives, at[1]), pulls.to(z.dtype), accumulate=True)
        put(z, at, -pulls.sum(dim=0).to(z.dtype), accumulate=True)
    return losses, scale, negatives
