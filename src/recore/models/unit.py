"""Vectors scaled to norm 1, as both sides of a cosine are."""

from typing import Any

import torch
from torch import Tensor

EPS = 1e-12  # a vector shorter than this is divided by it: a row that dropout emptied stays 0


def unit(vectors: Tensor, mask: Tensor | None = None, first: int = 0) -> Tensor:
    """Rows ``first``, ``first`` + 1, … of ``vectors`` (N, D), times ``mask`` (N - first, D), over their norms.

    PyTorch's ``normalize`` of a product of a slice, with fewer passes over the gradient: for a whole catalogue they are
    most of what it costs.
    """
    return _Unit.apply(vectors, mask, first)


class _Unit(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, vectors: Tensor, mask: Tensor | None, first: int) -> Tensor:
        rows = vectors[first:]
        masked = rows if mask is None else rows * mask
        norms = torch.linalg.vector_norm(masked, dim=1, keepdim=True).clamp_min_(EPS)
        units = masked / norms if mask is None else masked.div_(norms)
        ctx.save_for_backward(units, norms, mask)
        ctx.first = first
        return units

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        units, norms, mask = ctx.saved_tensors
        of_vectors = grad.new_empty(ctx.first + len(grad), grad.shape[1])
        of_vectors[: ctx.first] = 0
        of_rows = of_vectors[ctx.first :]
        along = torch.mul(grad, units, out=of_rows).sum(dim=1, keepdim=True)
        torch.addcmul(grad, units, along, value=-1, out=of_rows).div_(norms)
        if mask is not None:
            of_rows.mul_(mask)
        return of_vectors, None, None
