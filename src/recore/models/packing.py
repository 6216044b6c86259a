"""Sessions without padding: the clicks of a batch stand one after another, sessions ordered by length.

Nothing is computed for positions that do not exist, so padding cannot change a result: there is none (but the little
that ``attention`` adds behind short sessions). Mean prefixes have 4 clicks where the published code pads to 50.

T is the number of clicks of the batch, the sum of its B lengths.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from recore.models.device import moved, put


class Packing:
    """Where each of the T clicks of B sessions belongs.

    ``lengths`` (B,) is ascending, each at least 1; ValueError otherwise.
    """

    def __init__(self, lengths: np.ndarray, device: torch.device | str = "cpu"):
        if len(lengths) == 0 or lengths[0] < 1 or np.any(lengths[1:] < lengths[:-1]):
            raise ValueError("lengths must be ascending and at least 1")
        self.lengths = lengths  # (B,) on the host
        last = np.cumsum(lengths) - 1
        clicks = int(last[-1]) + 1
        # Two numbers a session travel to the device; what is as long as the clicks is made there.
        self.length, self.last = moved(np.stack([lengths, last]), device)  # (B,) ``lengths``; where the last click is
        self.first = self.last - self.length + 1  # (B,)
        self.row = torch.repeat_interleave(self.length, output_size=clicks)  # (T,) session of a click
        self.click = torch.arange(clicks, device=device)  # (T,)
        self.position = self.click - self.first[self.row]  # (T,) from 0

    def softmax(self, scores: Tensor) -> Tensor:
        """Scores (T,) to weights (T,) that sum to 1 within each session."""
        return _Softmax.apply(scores, self)

    def pool(self, weights: Tensor, vectors: Tensor) -> Tensor:
        """Weighted sum of each session's vectors: (T,), (T, D) -> (B, D). Eq. 2."""
        return _Pool.apply(weights, vectors, self)

    def mean(self, vectors: Tensor) -> Tensor:
        """Mean of each session's vectors: (T, D) -> (B, D). Eq. 2 with the weights of Eq. 3."""
        return self.pool((1 / self.length.to(vectors.dtype))[self.row], vectors)

    def grid(self, values: Tensor, empty: float = 0.0) -> Tensor:
        """Values (T,) or (T, D) to one row a session, (B, L) or (B, L, D): L of the longest, ``empty`` behind the last.

        For layers that want padding; ``from_grid`` takes their answer back.
        """
        grid = values.new_full((len(self.lengths), int(self.lengths[-1]), *values.shape[1:]), empty)
        return put(grid, (self.row, self.position), values)

    def from_grid(self, grid: Tensor) -> Tensor:
        """What stands on the clicks of a ``grid``: (B, L) or (B, L, D) to (T,) or (T, D)."""
        return grid[self.row, self.position]

    def sequence(self, vectors: Tensor) -> PackedSequence:
        """Vectors (T, D) as nn.GRU and its like take them, whose last hidden states come back in the order of B."""
        lengths = torch.from_numpy(self.lengths)
        return pack_padded_sequence(self.grid(vectors), lengths, batch_first=True, enforce_sorted=False)


class _Softmax(torch.autograd.Function):
    """On a padded grid: it holds one number a click, so its padding costs next to nothing."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, packing: Packing) -> Tensor:
        weights = packing.from_grid(packing.grid(scores, -math.inf).softmax(dim=1))
        ctx.packing = packing
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (weights,) = ctx.saved_tensors
        weighted = weights * grad
        return weighted - weights * ctx.packing.grid(weighted, 0.0).sum(dim=1)[ctx.packing.row], None


class _Pool(torch.autograd.Function):
    """PyTorch's bag of embeddings with the vectors for a table, whose own gradient is written for any order of rows."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, vectors: Tensor, packing: Packing) -> Tensor:
        ctx.row = packing.row
        ctx.save_for_backward(weights, vectors)
        return functional.embedding_bag(packing.click, vectors, packing.first, mode="sum", per_sample_weights=weights)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        weights, vectors = ctx.saved_tensors
        of_click = grad[ctx.row]  # (T, D)
        of_weights = torch.linalg.vecdot(of_click, vectors) if ctx.needs_input_grad[0] else None
        return of_weights, of_click.mul_(weights[:, None]), None


def resident(clicks: np.ndarray, device: torch.device | str) -> Tensor:
    """The item numbers of a whole split (clicks,), on the device; ``clicks`` may be read-only."""
    return torch.from_numpy(np.array(clicks)).to(device)


def gather(clicks: Tensor, lengths: np.ndarray, ends: np.ndarray) -> tuple[Tensor, Packing, Tensor]:
    """A batch's item numbers (T,), their packing and its targets (B,), from the split's ``clicks`` where these are.

    ``lengths`` (B,) is ascending; ``ends`` (B,) is where each target stands in ``clicks``, right behind its prefix.
    """
    packing = Packing(lengths, clicks.device)
    ends = moved(ends, clicks.device)
    places = (ends - packing.length)[packing.row] + packing.position
    return clicks[places].long(), packing, clicks[ends].long()
