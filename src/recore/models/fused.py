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
    lift: Lift | None = None,
) -> Tensor:
    """As ``objectives.plain_loss``, equal to rounding in value and gradients; second derivatives are not defined.

    With ``precision`` ``bfloat16`` the rounding is that of bfloat16 for the wide products and the exponentials. The
    target's score and its terms, the sums over the catalogue and over chunks and what is returned are not rounded so.
    """
    numbers, value = _numbers(precision, session.dtype), None if lift is None else lift.value
    return _FusedLoss.apply(session, catalogue, targets, temperature, objective, numbers, lift, value)


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
            losses, scale = _scores_to_gradient(z, target, rows[cases], objective, batch, shift, numbers)
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
        return grad * grad_session, grad * grad_catalogue, *[None] * 5, of_lift


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
    z: Tensor, own: Tensor | None, rows: Tensor, objective: Objective, batch: int, shift: bool, numbers: Numbers
) -> tuple[Tensor, Tensor]:
    """Turns scores z (n, c) in place into G with gradient = G · diag(scale); returns losses and ``scale`` (c,).

    ``own`` (c,) are the targets' scores where z holds them rounded. ``total`` is the denominator of Eq. 12,
    ``negatives`` the choice of Eq. 13, ``pulls`` the slopes of Eq. 14.
    """
    at = rows, torch.arange(len(rows), device=z.device)
    target = z[at] if own is None else own
    weight = 1 - objective.hard_neg_lambda
    losses = torch.zeros_like(target)
    if objective.hard_neg_lambda > 0:
        put(z, at, z.new_full((len(rows),), -torch.inf))  # the target is never mined
        values, negatives = top_k(z, objective.hard_neg_k)
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
    if objective.hard_neg_lambda > 0:
        pulls /= scale
        put(z, (negatives, at[1]), pulls.to(z.dtype), accumulate=True)
        put(z, at, -pulls.sum(dim=0).to(z.dtype), accumulate=True)
    return losses, scale


def top_k(z: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k largest of each column of z (n, c): values and rows (k, c), exactly, in no particular order.

    In two stages, since a full selection reads the buffer several times: the k blocks of rows with the
    largest maxima contain the k largest rows.
    """
    n, columns = z.shape
    size = mining_block(k)
    blocks = n // size
    if blocks <= 8 * k:  # a plain selection is then as fast
        values, rows = z.topk(k, dim=0)
        return values, rows
    whole = z[: blocks * size].view(blocks, size, columns)
    best = whole.amax(dim=1).topk(k, dim=0).indices  # (k, c)
    inside = torch.arange(size, device=z.device)[None, :, None]
    candidates = (best[:, None, :] * size + inside).reshape(-1, columns)
    rest = torch.arange(blocks * size, n, device=z.device)[:, None].expand(-1, columns)
    candidates = torch.cat([candidates, rest])
    values, chosen = z.gather(0, candidates).topk(k, dim=0)
    return values, candidates.gather(0, chosen)


def mining_block(k: int) -> int:
    """Rows whose maximum stands for them in the first stage of ``top_k``: a power of 2 near 128/√k.

    The first stage selects among n/size rows, the second among k · size, so the best size falls with √k. Of 8, 16, …,
    128 it is 64 for k = 5 and 16 for k = 64, measured at n = 42,861.
    """
    return 2 ** max(round(7 - math.log2(k) / 2), 2)
