"""The plain padded rendition of the published step: what recore's speed and memory are compared with.

Written from the paper's equations alone, the way they are usually coded: sessions padded to 50 clicks, every
position computed and masked afterwards, all B × V logits at once, PyTorch's own dropout, cross-entropy and Adam. It is
not the published code. Its loss equals recore's for equal weights without dropout (a test), so both compute one
function; like recore it leaves the padding row out of the softmax, where the published code counts it.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recore.data.cases import Batch

CUTOFF = 20  # how far down its evaluation looks for the target


def padded(batch: Batch, max_length: int) -> tuple[Tensor, Tensor]:
    """A batch as item numbers (B, 50), 0 behind the last click, and targets (B,)."""
    sessions = np.zeros((len(batch.lengths), max_length), np.int64)
    sessions[np.arange(max_length) < batch.lengths[:, None]] = batch.items
    return torch.from_numpy(sessions), torch.from_numpy(batch.targets.astype(np.int64))


class PaddedAttention(nn.Module):
    """Multi-head self-attention over (B, L, D) with an additive mask (B, 1, L, L)."""

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        batch, length, width = hidden.shape
        query, key, value = (
            layer(hidden).view(batch, length, self.heads, -1).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        scores = query @ key.transpose(2, 3) / math.sqrt(width // self.heads) + mask
        context = self.dropout(scores.softmax(dim=3)) @ value
        return self.output(context.transpose(1, 2).reshape(batch, length, width))


class PaddedBlock(nn.Module):
    """norm(x + attention), then norm(x + feed-forward)."""

    def __init__(self, settings: dict[str, Any]):
        super().__init__()
        width, inner, eps = settings["embedding_size"], settings["inner_size"], settings["layer_norm_eps"]
        self.attention = PaddedAttention(width, settings["heads"], settings["attention_dropout"])
        self.expand, self.contract = nn.Linear(width, inner), nn.Linear(inner, width)
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(width, eps), nn.LayerNorm(width, eps)
        self.dropout = nn.Dropout(settings["hidden_dropout"])

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        hidden = self.attention_norm(hidden + self.dropout(self.attention(hidden, mask)))
        inner = self.contract(functional.gelu(self.expand(hidden)))
        return self.feed_forward_norm(hidden + self.dropout(inner))


class PaddedTransformer(nn.Module):
    """F of Eq. 4 for every one of the 50 positions."""

    def __init__(self, settings: dict[str, Any]):
        super().__init__()
        width = settings["embedding_size"]
        self.positions = nn.Embedding(settings["max_length"], width)
        self.norm = nn.LayerNorm(width, settings["layer_norm_eps"])
        self.dropout = nn.Dropout(settings["hidden_dropout"])
        self.blocks = nn.ModuleList(PaddedBlock(settings) for _ in range(settings["layers"]))

    def forward(self, vectors: Tensor, real: Tensor) -> Tensor:
        """Vectors (B, L, D) and which positions are clicks (B, L)."""
        length = real.shape[1]
        seen = real[:, None, None, :] & torch.ones(length, length, dtype=torch.bool).tril()
        mask = torch.zeros(seen.shape).masked_fill(~seen, -torch.inf)
        hidden = self.dropout(self.norm(vectors + self.positions(torch.arange(length))))
        for block in self.blocks:
            hidden = block(hidden, mask)
        return hidden


class PaddedCore(nn.Module):
    """CORE-ave (Eq. 3), CORE-trm (Eq. 4) or the encoder of CORE-DAHN (Eq. 6 to 10): ``variant`` ave, trm or dahn."""

    def __init__(self, variant: str, n_items: int, settings: dict[str, Any]):
        super().__init__()
        width = settings["embedding_size"]
        self.variant, self.temperature = variant, settings["temperature"]
        self.items = nn.Embedding(n_items + 1, width, padding_idx=0)
        self.session_dropout = nn.Dropout(settings["session_dropout"])
        self.item_dropout = nn.Dropout(settings["item_dropout"])
        if variant != "ave":
            self.transformer = PaddedTransformer(settings)
            self.global_scorer = nn.Linear(width, 1) if variant == "trm" else _mlp(width, 1)
        if variant == "dahn":
            self.recent_scorer, self.gate = _mlp(width, 1), _mlp(width, 2)
        self._draw(settings["init_std"])

    def _draw(self, std: float) -> None:
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, 0, std)
        bound = 1 / math.sqrt(self.items.embedding_dim)
        nn.init.uniform_(self.items.weight, -bound, bound)
        with torch.no_grad():
            self.items.weight[0] = 0

    def encode(self, sessions: Tensor) -> Tensor:
        """Item numbers (B, L) to unit session vectors (B, D)."""
        real = sessions > 0
        vectors = self.session_dropout(self.items(sessions))
        uniform = _pool((real / real.sum(dim=1, keepdim=True)), vectors)
        if self.variant == "ave":
            return functional.normalize(uniform, dim=1)
        states = self.transformer(vectors, real)
        if self.variant == "trm":
            session = _pool(_weights(self.global_scorer(states), real), vectors)
        else:
            session = self._dual(states, vectors, real) + uniform  # Eq. 10
        return functional.normalize(session, dim=1)

    def _dual(self, states: Tensor, vectors: Tensor, real: Tensor) -> Tensor:
        """Eq. 6 to 9."""
        positions = self.transformer.positions.weight.expand_as(states)
        last = states[torch.arange(len(states)), real.sum(dim=1) - 1][:, None].expand_as(states)
        overall = _pool(_weights(self.global_scorer(torch.cat([states, positions], dim=2)), real), vectors)
        recent = _pool(_weights(self.recent_scorer(torch.cat([states, last], dim=2)), real), vectors)
        shares = self.gate(torch.cat([overall, recent], dim=1)).softmax(dim=1)
        return shares[:, :1] * overall + shares[:, 1:] * recent

    def loss(self, sessions: Tensor, targets: Tensor, k: int, lam: float) -> Tensor:
        """Eq. 12, or with λ > 0 Algorithm 1 with K hard negatives."""
        catalogue = functional.normalize(self.item_dropout(self.items.weight[1:]), dim=1)
        logits = self.encode(sessions) @ catalogue.T / self.temperature  # (B, V - 1)
        rows = targets[:, None] - 1
        cross_entropy = nn.CrossEntropyLoss()(logits, rows.squeeze(1))
        if lam == 0:
            return cross_entropy
        others = logits.detach().clone().scatter_(1, rows, -torch.inf)
        negatives = logits.gather(1, others.topk(k, dim=1).indices)
        pairwise = functional.softplus(negatives - logits.gather(1, rows)).mean()
        return (1 - lam) * cross_entropy + lam * pairwise

    @torch.no_grad()
    def target_positions(self, sessions: Tensor, targets: Tensor) -> Tensor:
        """Place (B,) of each target among all items, from 0; ``CUTOFF`` where it is not in the first ``CUTOFF``."""
        scores = self.encode(sessions) @ functional.normalize(self.items.weight, dim=1).T / self.temperature
        scores[:, 0] = -torch.inf
        return places_by_topk(scores, targets)


def places_by_topk(scores: Tensor, columns: Tensor) -> Tensor:
    """The sort-based way to rank: look for the target's column among the ``CUTOFF`` best of scores (B, V)."""
    hits = scores.topk(min(CUTOFF, scores.shape[1]), dim=1).indices == columns[:, None]
    return torch.where(hits.any(dim=1), hits.int().argmax(dim=1), CUTOFF)


def places_by_sort(scores: Tensor, columns: Tensor) -> Tensor:
    """Place of each target's column among all of scores (B, V), from 0, read off the sorted row."""
    return (scores.argsort(dim=1, descending=True) == columns[:, None]).int().argmax(dim=1)


def _mlp(width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, outputs))


def _weights(scores: Tensor, real: Tensor) -> Tensor:
    """Scores (B, L, 1) to weights (B, L), 0 on padding."""
    return scores.squeeze(2).masked_fill(~real, -torch.inf).softmax(dim=1)


def _pool(weights: Tensor, vectors: Tensor) -> Tensor:
    """Eq. 2."""
    return (weights[:, :, None] * vectors).sum(dim=1)
