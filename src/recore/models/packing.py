"""Sessions without padding: the clicks of a batch stand one after another, sessions ordered by length.

All sessions of one length then form a *block* that reshapes to (rows, length, …) without a copy and
without a mask. Nothing is computed for positions that do not exist, so padding cannot change a result:
there is none. Mean prefixes have 4 clicks where the published code pads to 50.

T is the number of clicks of the batch, the sum of its B lengths.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Block:
    """The sessions of one length: their slice of the B sessions and of the T clicks."""

    rows: int
    length: int
    sessions: slice
    clicks: slice


class Packing:
    """Where each of the T clicks of B sessions belongs.

    ``lengths`` (B,) is ascending, each at least 1; ValueError otherwise.
    """

    def __init__(self, lengths: np.ndarray, device: torch.device | str = "cpu"):
        if len(lengths) == 0 or lengths[0] < 1 or np.any(lengths[1:] < lengths[:-1]):
            raise ValueError("lengths must be ascending and at least 1")
        last = np.cumsum(lengths) - 1
        first = last - lengths + 1
        clicks = int(last[-1]) + 1
        self.blocks = tuple(_blocks(lengths))
        self.row = torch.from_numpy(np.repeat(np.arange(len(lengths)), lengths)).to(device)  # (T,) session of a click
        self.position = torch.from_numpy(np.arange(clicks) - np.repeat(first, lengths)).to(device)  # (T,) from 0
        self.last = torch.from_numpy(last).to(device)  # (B,) the last click of a session

    def softmax(self, scores: Tensor) -> Tensor:
        """Scores (T,) to weights (T,) that sum to 1 within each session."""
        weights = [scores[b.clicks].view(b.rows, b.length).softmax(dim=1).flatten() for b in self.blocks]
        return torch.cat(weights)

    def pool(self, weights: Tensor, vectors: Tensor) -> Tensor:
        """Weighted sum of each session's vectors: (T,), (T, D) -> (B, D). Eq. 2."""
        sums = [
            torch.bmm(weights[b.clicks].view(b.rows, 1, b.length), vectors[b.clicks].view(b.rows, b.length, -1))
            for b in self.blocks
        ]
        return torch.cat(sums).squeeze(1)

    def mean(self, vectors: Tensor) -> Tensor:
        """Mean of each session's vectors: (T, D) -> (B, D). Eq. 2 with the weights of Eq. 3."""
        return torch.cat([vectors[b.clicks].view(b.rows, b.length, -1).mean(dim=1) for b in self.blocks])


def _blocks(lengths: np.ndarray) -> Iterator[Block]:
    session = click = 0
    for length, rows in zip(*np.unique(lengths, return_counts=True), strict=True):
        length, rows = int(length), int(rows)
        clicks = rows * length
        yield Block(rows, length, slice(session, session + rows), slice(click, click + clicks))
        session, click = session + rows, click + clicks
