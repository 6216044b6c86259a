"""The self-attention blocks of CORE-trm: post-layer-norm, causal, learned positions.

As in CORE's code: input = dropout(layernorm(item + position)); each block is attention and a GELU
feed-forward network, both with dropout, residual and layer norm. All work is on real clicks (see
``packing``): the linear layers see (T, D), attention sees one block of equal lengths at a time.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from recore.models.layers import Dropout, layer_norm, linear, normal, parameter
from recore.models.packing import Packing


class Transformer(nn.Module):
    """L self-attention blocks with positional encodings: item vectors (T, D) to F (T, D) of Eq. 4."""

    def __init__(
        self,
        *,
        embedding_size: int,
        max_length: int,
        layers: int,
        heads: int,
        inner_size: int,
        hidden_dropout: float,
        attention_dropout: float,
        layer_norm_eps: float,
        init_std: float,
    ):
        super().__init__()
        self.positions = parameter(max_length, embedding_size, draw=normal(init_std))
        self.norm = layer_norm(embedding_size, layer_norm_eps)
        self.dropout = Dropout(hidden_dropout)
        self.blocks = nn.ModuleList(
            TransformerBlock(
                embedding_size, heads, inner_size, hidden_dropout, attention_dropout, layer_norm_eps, init_std
            )
            for _ in range(layers)
        )

    def forward(self, vectors: Tensor, packing: Packing) -> Tensor:
        hidden = self.dropout(self.norm(vectors + self.positions[packing.position]))
        for block in self.blocks:
            hidden = block(hidden, packing)
        return hidden


class TransformerBlock(nn.Module):
    """hidden = norm(hidden + attention); hidden = norm(hidden + feed-forward), dropout on both summands."""

    def __init__(
        self,
        width: int,
        heads: int,
        inner_size: int,
        hidden_dropout: float,
        attention_dropout: float,
        eps: float,
        std: float,
    ):
        super().__init__()
        self.attention = CausalAttention(width, heads, attention_dropout, std)
        self.attention_dropout = Dropout(hidden_dropout)
        self.attention_norm = layer_norm(width, eps)
        self.expand = linear(width, inner_size, std)
        self.contract = linear(inner_size, width, std)
        self.feed_forward_dropout = Dropout(hidden_dropout)
        self.feed_forward_norm = layer_norm(width, eps)

    def forward(self, hidden: Tensor, packing: Packing) -> Tensor:
        hidden = self.attention_norm(hidden + self.attention_dropout(self.attention(hidden, packing)))
        inner = self.contract(functional.gelu(self.expand(hidden)))
        return self.feed_forward_norm(hidden + self.feed_forward_dropout(inner))


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

    def forward(self, hidden: Tensor, packing: Packing) -> Tensor:
        # One draw for the whole batch: the blocks take slices of it.
        cells = [block.rows * self.heads * block.length**2 for block in packing.blocks]
        mask = self.dropout.mask(hidden.new_empty(sum(cells)))
        masks = [None] * len(cells) if mask is None else mask.split(cells)
        inputs = (packing.split(layer(hidden)) for layer in (self.query, self.key, self.value))
        context = [
            self._attend(query, key, value, dropped) for query, key, value, dropped in zip(*inputs, masks, strict=True)
        ]
        return self.output(torch.cat(context))

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, dropped: Tensor | None) -> Tensor:
        """One block: (rows, length, D) each to (rows · length, D)."""
        rows, length, width = query.shape
        query, key, value = (x.view(rows, length, self.heads, -1).transpose(1, 2) for x in (query, key, value))
        scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[3])  # (rows, heads, length, length)
        future = torch.ones(length, length, dtype=torch.bool, device=scores.device).triu(1)
        weights = scores.masked_fill(future, -math.inf).softmax(dim=3)
        if dropped is not None:
            weights = weights * dropped.view_as(weights)
        return (weights @ value).transpose(1, 2).reshape(rows * length, width)
