"""CORE-trm with a learned probability that the next click repeats one of the session's own.

    z(v|s) = (cos(hₛ, h'ᵥ) + δₛ·[v ∈ s])/τ          scores; s: the items of the prefix that is read, each once
    δₛ = β·tanh(τ·(u·f_last + c)/β)                  the lift of own clicks: near 0 it is u·f_last + c in nats
    ℓ = Eq. 12 (or Algorithm 1) of these z           in training, over the whole catalogue
    rank by cos(hₛ, h'ᵥ) + δₛ·[v ∈ s]                in evaluation: z without τ, which changes no order

The softmax of z is P(v|s) (Eq. 12), so that

    P(repeat|s) = Σ_{v ∈ s} P(v|s),   logit P(repeat|s) = δₛ/τ + logit P_CORE(repeat|s),

where P_CORE has δ = 0: δₛ/τ are the log odds by which this session differs from what CORE's own scores say. Since δ is
the same for all own clicks, it changes neither P(v|s, repeat) nor P(v|s, new), and -log P(v₊|s) is the sum of -log
P(repeat|s) and -log P(v₊|s, repeat) where v₊ is an own click, and of the same of ``new`` where it is not: under Eq. 12
δ learns from the first summand alone, as a logistic regression does. RepeatNet (Ren et al., AAAI 2019) has the two
modes with a decoder each; here both share CORE's cosines.

CORE ranks the only click of a session first, whatever it learned: cos(hₛ, h₁) = 1. Here δₛ < 0 can put it behind
others. β is ``repeat_bound``: with 2, the width of a cosine, own clicks can stand first or last. β = 0 is CORE-trm, bit
for bit.
"""

from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from recore.models.core import Core, item_space, transformer
from recore.models.encoders import Encoding
from recore.models.layers import linear
from recore.models.packing import Packing

SETTINGS = {"repeat_bound": Annotated[float, Field(ge=0, le=2)]}  # β, 2 where the row has none


class RepeatOrNew(nn.Module):
    """CORE-trm's session, under the same names, and δₛ beside it."""

    def __init__(self, settings: dict[str, Any]):
        super().__init__()
        width, std = settings["embedding_size"], settings["init_std"]
        self.bound, self.temperature = settings.get("repeat_bound", 2.0), settings["temperature"]
        self.transformer = transformer(settings)
        self.global_scorer = linear(width, 1, std)
        self.repeat = linear(width, 1, std)

    def forward(self, vectors: Tensor, undropped: Tensor, packing: Packing) -> Encoding:
        """Item vectors (T, D), after and before session dropout, to sessions (B, D) and lifts (B,)."""
        states = self.transformer(vectors, packing)
        session = packing.pool(packing.softmax(self.global_scorer(states).squeeze(1)), vectors)
        return Encoding(session, lift=self.lift(states[packing.last]))

    def lift(self, last: Tensor) -> Tensor:
        """δ (B,) of the states of the last clicks (B, D)."""
        nats = self.repeat(last).squeeze(1)
        return self.bound * torch.tanh(self.temperature * nats / self.bound) if self.bound else 0 * nats


def build(settings: dict[str, Any], n_items: int) -> Core:
    """The encoder above in CORE's frame."""
    return Core(item_space(settings, n_items), RepeatOrNew(settings))
