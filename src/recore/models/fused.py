"""The same objectives without ever holding batch × catalogue scores (Algorithm 1, lines 4 to 8).

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
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from recore.models.device import cases_at_once, put
from recore.models.objectives import Objective

# Cases in the buffer, where memory allows. On a CPU wider ones fall out of the cache and narrower ones make poor matrix
# products; on a GPU a chunk more is a dozen launches more (no GPU has been measured).
CHUNK = {"cpu": 384, "cuda": 2048}
# Rows of the buffer that are summed as soon as they are exponentiated, while a CPU has them in its cache: a sum of its
# own over the whole buffer waits for memory. On a GPU a piece more is launches more.
PIECE = {"cpu": 4096, "cuda": sys.maxsize}


def fused_loss(session: Tensor, catalogue: Tensor, targets: Tensor, temperature: float, objective: Objective) -> Tensor:
    """As ``objectives.plain_loss``, equal to rounding in value and gradients; second derivatives are not defined."""
    return _FusedLoss.apply(session, catalogue, targets, temperature, objective)


class _FusedLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, session: Tensor, catalogue: Tensor, targets: Tensor, temperature: float, objective: Objective
    ) -> Tensor:
        batch, n_items = len(session), len(catalogue)
        width = cases_at_once(CHUNK, session.device, n_items)
        scaled = session / temperature
        rows = targets - 1
        buffer = catalogue.new_empty(n_items * min(width, batch))
        grad_session = torch.empty_like(session)
        grad_catalogue = _aligned_zeros(catalogue)
        shift = not _exp_is_safe(temperature, n_items * batch, session.dtype)
        loss = session.new_zeros(())
        for start in range(0, batch, width):
            chunk = scaled[start : start + width]
            z = torch.mm(catalogue, chunk.T, out=buffer[: n_items * len(chunk)].view(n_items, len(chunk)))
            losses, scale = _scores_to_gradient(z, rows[start : start + width], objective, batch, shift)
            loss += losses.sum()
            grad_catalogue.addmm_(z, chunk * scale[:, None])
            torch.mm(z.T, catalogue, out=grad_session[start : start + width])
            grad_session[start : start + width].mul_(scale[:, None] / temperature)
        ctx.save_for_backward(grad_session, grad_catalogue)
        return loss / batch

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        grad_session, grad_catalogue = ctx.saved_tensors
        return grad * grad_session, grad * grad_catalogue, None, None, None


def _aligned_zeros(like: Tensor) -> Tensor:
    """Zeros (n, D) whose rows start 64 bytes apart: a product accumulates into them a tenth faster."""
    n, width = like.shape
    step = 64 // like.element_size()
    return like.new_zeros(n, -(-width // step) * step)[:, :width]


def _exp_is_safe(temperature: float, n_scores: int, dtype: torch.dtype) -> bool:
    """|z| ≤ 1/τ: a batch of sums of exponentials then neither overflows nor loses the target's term to underflow."""
    return 1 / temperature + math.log(n_scores) < math.log(torch.finfo(dtype).max) - 1


def _scores_to_gradient(
    z: Tensor, rows: Tensor, objective: Objective, batch: int, shift: bool
) -> tuple[Tensor, Tensor]:
    """Turns scores z (n, c) in place into G with gradient = G · diag(scale); returns losses and ``scale`` (c,).

    ``total`` is the denominator of Eq. 12, ``negatives`` the choice of Eq. 13, ``pulls`` the slopes of Eq. 14.
    """
    columns = torch.arange(len(rows), device=z.device)
    target = z[rows, columns]
    weight = 1 - objective.hard_neg_lambda
    losses = z.new_zeros(len(rows))
    if objective.hard_neg_lambda > 0:
        put(z, (rows, columns), torch.full_like(target, -torch.inf))  # the target is never mined
        values, negatives = top_k(z, objective.hard_neg_k)
        put(z, (rows, columns), target)
        margins = values - target
        losses -= objective.hard_neg_lambda * functional.logsigmoid(-margins).mean(dim=0)
        pulls = torch.sigmoid(margins) * (objective.hard_neg_lambda / (objective.hard_neg_k * batch))
    if weight > 0:
        highest = z.amax(dim=0) if shift else z.new_zeros(len(rows))
        total = torch.zeros_like(highest)
        for piece in z.split(PIECE[z.device.type]):
            total += (piece.sub_(highest) if shift else piece).exp_().sum(dim=0)
        losses += weight * (total.log() + highest - target)
        scale = weight / (batch * total)
        put(z, (rows, columns), -total, accumulate=True)
    else:
        z.zero_()
        scale = z.new_ones(len(rows))
    if objective.hard_neg_lambda > 0:
        pulls /= scale
        put(z, (negatives, columns), pulls, accumulate=True)
        put(z, (rows, columns), -pulls.sum(dim=0), accumulate=True)
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
