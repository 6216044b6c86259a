"""Causal multi-head self-attention over packed clicks.

Attention is the one layer that needs a session's clicks side by side. Sessions of similar length share a *tile*: the
shorter ones repeat their last click until they are as long as the longest. What is repeated stands behind every real
click, where a causal attention never looks, and is not taken back, so it changes nothing (tests hold this to
rounding); it is there because another product costs more than a little padding.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from recore.models.device import moved, put
from recore.models.layers import Dropout, linear
from recore.models.packing import Packing

# Slots of padding (of rows · length²) that a tile may hold: on a CPU these are cheaper than the operations of another
# tile; on a GPU all sessions share one, since a launch costs more than any padding (no GPU has been measured).
SLACK = {"cpu": 4096, "cuda": math.inf}


class Tile(NamedTuple):
    """Neighbouring sessions, padded to the same length."""

    rows: int
    length: int


class Tiling:
    """The tiles of one batch, and which slot of them belongs to which click.

    A slot is one head's vector of one place: slots stand in the order of tile, session, head, place. N is their number,
    H that of the heads.
    """

    def __init__(self, packing: Packing, heads: int):
        device = packing.row.device
        self.tiles = tuple(_tiles(packing.lengths, SLACK[device.type]))
        rows, length = np.array(self.tiles).T
        padded = np.repeat(length, rows)
        slots = heads * int(padded.sum())
        start = heads * (np.cumsum(padded) - padded)
        tile_length, first_slot = moved(np.stack([padded, start]), device)  # (B,) of each session
        session = torch.repeat_interleave(heads * tile_length, output_size=slots)  # (N,)
        inside = torch.arange(slots, device=device) - first_slot[session]
        head, place = inside // tile_length[session], inside % tile_length[session]
        click = packing.first[session] + torch.minimum(place, packing.length[session] - 1)
        self.source = click * heads + head  # (N,) the click and head of each slot, among the T · H of them
        of_head = torch.arange(heads, device=device) * tile_length[packing.row, None]
        of_click = first_slot[packing.row] + packing.position
        self.home = (of_click[:, None] + of_head).flatten()  # (T · H,) the slot of each head of a click


def _tiles(lengths: np.ndarray, slack: float) -> list[Tile]:
    """Whole lengths from the longest down, as many to a tile as ``slack`` allows; in ascending order."""
    distinct, counts = np.unique(lengths, return_counts=True)
    tiles = [Tile(0, int(distinct[-1]))]
    padding = 0
    for length, rows in zip(distinct[::-1].tolist(), counts[::-1].tolist(), strict=True):
        padding += rows * (tiles[-1].length ** 2 - length**2)
        if padding <= slack:
            tiles[-1] = Tile(tiles[-1].rows + rows, tiles[-1].length)
        else:
            tiles.append(Tile(rows, length))
            padding = 0
    return tiles[::-1]


class _Spread(torch.autograd.Function):
    """Vectors (T · H, d) to slots (N, d). A repeated click has gradient 0, so only the real slot gives it back."""

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, tiling: Tiling) -> Tensor:
        ctx.home = tiling.home
        return vectors.index_select(0, tiling.source)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return grad.index_select(0, ctx.home), None


class _Collect(torch.autograd.Function):
    """Slots (N, d) to vectors (T · H, d); what stands in repeated clicks is dropped."""

    @staticmethod
    def forward(ctx: Any, slots: Tensor, tiling: Tiling) -> Tensor:
        ctx.home, ctx.slots = tiling.home, len(slots)
        return slots.index_select(0, tiling.home)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return put(grad.new_zeros(ctx.slots, grad.shape[1]), (ctx.home,), grad), None


class CausalAttention(nn.Module):
    """Multi-head attention in which a click sees itself and the clicks before it."""

    def __init__(self, width: int, heads: int, dropout: float, std: float):
        super().__init__()
        self.heads = heads
        self.query = linear(width, width, std)
        self.key = linear(width, width, std)
        self.value = linear(width, width, std)
        self.output = linear(width, width, std)
        self.dropout = Dropout(dropout)

    def forward(self, hidden: Tensor, tiling: Tiling) -> Tensor:
        """Clicks (T, D) to clicks (T, D)."""
        size = hidden.shape[1] // self.heads
        counts = [tile.rows * self.heads * tile.length for tile in tiling.tiles]
        inputs = (
            _Spread.apply(layer(hidden).view(-1, size), tiling).split(counts)
            for layer in (self.query, self.key, self.value)
        )
        # One draw for the whole batch: the tiles take slices of it.
        scores = [count * tile.length for count, tile in zip(counts, tiling.tiles, strict=True)]
        mask = self.dropout.mask(hidden.new_empty(sum(scores)))
        masks = [None] * len(scores) if mask is None else mask.split(scores)
        longest = tiling.tiles[-1].length
        future = hidden.new_full((longest, longest), -math.inf).triu(1)
        slots = [
            _attend(query, key, value, future[: tile.length, : tile.length], dropped)
            for tile, query, key, value, dropped in zip(tiling.tiles, *inputs, masks, strict=True)
        ]
        return self.output(_Collect.apply(torch.cat(slots), tiling).view_as(hidden))


def _attend(query: Tensor, key: Tensor, value: Tensor, future: Tensor, dropped: Tensor | None) -> Tensor:
    """One tile's slots (n · length, d) each to slots of the same shape, n = rows · heads."""
    query, key, value = (slots.view(-1, len(future), slots.shape[1]) for slots in (query, key, value))
    scores = torch.baddbmm(future, query, key.transpose(1, 2), alpha=1 / math.sqrt(query.shape[2]))
    weights = scores.softmax(dim=2)
    if dropped is not None:
        weights = weights * dropped.view_as(weights)
    return torch.bmm(weights, value).flatten(0, 1)
