"""Vectors scaled to norm 1, as both sides of a cosine are."""

from typing import Any

import torch
from torch import Tensor

EPS = 1e-12  # a vector shorter than this is divided by it: a row that dropout emptied stays 0


def unit(vectors: Tensor) -> Tensor:
    """Vectors (N, D) over their norms. PyTorch's ``normalize`` with a third of its passes over the gradient."""
    return _Unit.apply(vectors)


class _Unit(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, vectors: Tensor) -> Tensor:
        norms = torch.linalg.vector_norm(vectors, dim=1, keepdim=True).clamp_min_(EPS)
        units = vectors / norms
        ctx.save_for_backward(units, norms)
        return units

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        units, norms = ctx.saved_tensors
        along = (grad * units).sum(dim=1, keepdim=True)
        return torch.addcmul(grad, units, along, value=-1).div_(norms)
