"""Vectors scaled to norm 1, as both sides of a cosine are."""

from typing import Any

import torch
from torch import Tensor

from recore.models.device import put

EPS = 1e-12  # a vector shorter than this is divided by it: a row that dropout emptied stays 0


def unit(vectors: Tensor, mask: Tensor | None = None, first: int = 0) -> Tensor:
    """Rows ``first``, ``first`` + 1, … of ``vectors`` (N, D), times ``mask`` (N - first, D), over their norms.

    PyTorch's ``normalize`` of a product of a slice, with fewer passes over the gradient: for a whole catalogue they are
    most of what it costs.
    """
    return _Unit.apply(vectors, mask, first)


def chosen_and_unit(vectors: Tensor, chosen: Tensor, mask: Tensor | None, first: int) -> tuple[Tensor, Tensor]:
    """Rows ``chosen`` (T,) of ``vectors`` (N, D) as they are, and ``unit(vectors, mask, first)``.

    Their gradients are added up in one tensor (N, D). Two functions would make one each, of which that of the chosen
    rows is nearly all zeros.
    """
    return _ChosenAndUnit.apply(vectors, chosen, mask, first)


def _scale(vectors: Tensor, mask: Tensor | None, first: int) -> tuple[Tensor, Tensor]:
    """The unit rows and the norms that they were divided by."""
    rows = vectors[first:]
    masked = rows if mask is None else rows * mask
    norms = torch.linalg.vector_norm(masked, dim=1, keepdim=True).clamp_min_(EPS)
    return masked / norms if mask is None else masked.div_(norms), norms


def _gradient(grad: Tensor, units: Tensor, norms: Tensor, mask: Tensor | None, first: int) -> Tensor:
    """Of the vectors, from that of the unit rows: what lies along a unit vector does not change it."""
    of_vectors = grad.new_empty(first + len(grad), grad.shape[1])
    of_vectors[:first] = 0
    of_rows = of_vectors[first:]
    along = torch.mul(grad, units, out=of_rows).sum(dim=1, keepdim=True)
    torch.addcmul(grad, units, along, value=-1, out=of_rows).div_(norms)
    if mask is not None:
        of_rows.mul_(mask)
    return of_vectors


class _Unit(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, vectors: Tensor, mask: Tensor | None, first: int) -> Tensor:
        units, norms = _scale(vectors, mask, first)
        ctx.save_for_backward(units, norms, mask)
        ctx.first = first
        return units

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return _gradient(grad, *ctx.saved_tensors, ctx.first), None, None


class _ChosenAndUnit(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, vectors: Tensor, chosen: Tensor, mask: Tensor | None, first: int) -> tuple[Tensor, Tensor]:
        units, norms = _scale(vectors, mask, first)
        ctx.save_for_backward(chosen, units, norms, mask)
        ctx.first = first
        return vectors.index_select(0, chosen), units

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, of_chosen: Tensor, of_units: Tensor) -> tuple[Tensor | None, ...]:
        chosen, *saved = ctx.saved_tensors
        of_vectors = _gradient(of_units, *saved, ctx.first)
        return put(of_vectors, (chosen,), of_chosen, accumulate=True), None, None, None
