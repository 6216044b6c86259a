"""The item space: one table that encodes and decodes (CORE, Hou et al. 2022).

    ℓ = −log( exp(cos(hₛ, h'ᵥ₊)/τ) / Σᵥ exp(cos(hₛ, h'ᵥ)/τ) )   h' after item dropout, v₊ the next item (Eq. 5)
    z(v|s) = cos(hₛ, h'ᵥ)/τ                                      (Eq. 11)

Sessions are linear combinations of rows of the table, and items are scored by cosine similarity over a
temperature, both in the same space. Row 0 is padding. CORE fills it with random numbers, counts it in
the softmax and trains it; here it is zero, never scored and never trained (docs/DEVIATIONS.md).
"""

import math

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from recore.models.layers import Dropout, parameter
from recore.models.unit import chosen_and_unit, unit


class ItemSpace(nn.Module):
    """The item table (V, D) with V = catalogue + padding row 0, its dropouts and its temperature τ."""

    def __init__(
        self,
        n_items: int,
        *,
        embedding_size: int,
        temperature: float,
        session_dropout: float,
        item_dropout: float,
    ):
        super().__init__()
        self.temperature = temperature
        self.table = parameter(n_items + 1, embedding_size, draw=_draw_table)
        self.session_dropout = Dropout(session_dropout)
        self.item_dropout = Dropout(item_dropout)

    def embed(self, items: Tensor) -> Tensor:
        """Item numbers (T,) to their vectors (T, D), before any dropout."""
        return functional.embedding(items, self.table, padding_idx=0)

    def embed_with_catalogue(self, items: Tensor) -> tuple[Tensor, Tensor]:
        """``embed(items)`` and ``catalogue()``, as a training step needs both: the table's gradient is made once."""
        return chosen_and_unit(self.table, items, self._item_mask(), first=1)

    def catalogue(self) -> Tensor:
        """Unit vectors (V - 1, D) of the whole catalogue; row i is item i + 1. Item dropout in training."""
        return unit(self.table, self._item_mask(), first=1)

    def _item_mask(self) -> Tensor | None:
        return self.item_dropout.mask(self.table[1:])


def _draw_table(table: Tensor, generator: Generator) -> None:
    bound = 1 / math.sqrt(table.shape[1])
    table.uniform_(-bound, bound, generator=generator)
    table[0] = 0


def scores(session: Tensor, catalogue: Tensor, temperature: float) -> Tensor:
    """z(v|s) of Eq. 11: unit sessions (B, D) against unit items (V - 1, D) -> (B, V - 1)."""
    return torch.matmul(session, catalogue.T) / temperature
