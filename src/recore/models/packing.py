"""Sessions without padding: the clicks of a batch stand one after another, sessions ordered by length.

All sessions of one length then form a *block* that reshapes to (rows, length, …) without a copy and
without a mask. Nothing is computed for positions that do not exist, so padding cannot change a result:
there is none (but the little that ``attention`` adds behind short sessions). Mean prefixes have 4 clicks
where the published code pads to 50.

T is the number of clicks of the batch, the sum of its B lengths.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from recore.models.device import moved


class Block(NamedTuple):
    """The sessions of one length."""

    rows: int
    length: int


class Packing:
    """Where each of the T clicks of B sessions belongs.

    ``lengths`` (B,) is ascending, each at least 1; ValueError otherwise.
    """

    def __init__(self, lengths: np.ndarray, device: torch.device | str = "cpu"):
        if len(lengths) == 0 or lengths[0] < 1 or np.any(lengths[1:] < lengths[:-1]):
            raise ValueError("lengths must be ascending and at least 1")
        self.lengths = lengths  # (B,) on the host, where the blocks are decided
        last = np.cumsum(lengths) - 1
        clicks = int(last[-1]) + 1
        distinct, counts = np.unique(lengths, return_counts=True)
        self.blocks = tuple(Block(int(rows), int(length)) for length, rows in zip(distinct, counts, strict=True))
        # Two numbers a session travel to the device; what is as long as the clicks is made there.
        self.length, self.last = moved(np.stack([lengths, last]), device)  # (B,) ``lengths``; where the last click is
        self.first = self.last - self.length + 1  # (B,)
        self.row = torch.repeat_interleave(self.length, output_size=clicks)  # (T,) session of a click
        self.position = torch.arange(clicks, device=device) - self.first[self.row]  # (T,) from 0

    def split(self, values: Tensor) -> list[Tensor]:
        """Values (T, …) to one (rows, length, …) a block, without a copy.

        One split and not a slice a block: a slice's gradient is as large as the whole, and nearly all of it zero.
        """
        parts = values.split([block.rows * block.length for block in self.blocks])
        return [part.view(*block, *part.shape[1:]) for block, part in zip(self.blocks, parts, strict=True)]

    def softmax(self, scores: Tensor) -> Tensor:
        """Scores (T,) to weights (T,) that sum to 1 within each session."""
        return torch.cat([part.softmax(dim=1).flatten() for part in self.split(scores)])

    def pool(self, weights: Tensor, vectors: Tensor) -> Tensor:
        """Weighted sum of each session's vectors: (T,), (T, D) -> (B, D). Eq. 2."""
        pairs = zip(self.split(weights), self.split(vectors), strict=True)
        return torch.cat([torch.bmm(weight.unsqueeze(1), part) for weight, part in pairs]).squeeze(1)

    def mean(self, vectors: Tensor) -> Tensor:
        """Mean of each session's vectors: (T, D) -> (B, D). Eq. 2 with the weights of Eq. 3."""
        return torch.cat([part.mean(dim=1) for part in self.split(vectors)])
