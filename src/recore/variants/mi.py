"""Several interests a session in CORE's item space: K sets of weights over the same clicks.

    eᵢₖ = wₖ·fᵢ + bₖ                               K linear scorers over CORE-trm's states F (Eq. 4 has one)
    hₖ = norm(Σᵢ Aₖᵢ ĥᵢ), Aₖ = softmax(e₁ₖ, …)      every hₖ a combination of the session's own items (Eq. 2)
    z(v|s) = maxₖ cos(hₖ, h'ᵥ)/τ                   in ranking: an item belongs to the interest nearest it
    ℓ = Eq. 12 (or Algorithm 1) with h_k*          in training: k* = argmaxₖ cos(hₖ, h'ᵥ₊), of the target alone

The scorers are the structured self-attention of Lin et al. (ICLR 2017, without its hidden layer, since F is attended
already), and training the interest that the target is nearest to is that of MIND (Li et al., CIKM 2019) and ComiRec
(Cen et al., KDD 2020). MIND's and ComiRec's interests are sums of transformed items; here they stay in the item space.
k* is chosen without a gradient, among the dropped-out vectors of the step, and its loss sees h_k* alone. Nothing keeps
the K apart: where one wins every case, the others are left as they are. K = 1 is CORE-trm, bit for bit.
"""

from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from recore.models.core import Core, item_space, transformer
from recore.models.encoders import Encoding
from recore.models.layers import linear
from recore.models.packing import Packing

SETTINGS = {"interests": Annotated[int, Field(ge=1, le=16)]}  # K, 4 where the row has none


class Interests(nn.Module):
    """K sessions hₖ, one for each column of the scorer."""

    def __init__(self, settings: dict[str, Any]):
        super().__init__()
        self.transformer = transformer(settings)
        # Named as CORE-trm's, so that one interest starts as its scorer does.
        self.global_scorer = linear(settings["embedding_size"], settings.get("interests", 4), settings["init_std"])

    def forward(self, vectors: Tensor, undropped: Tensor, packing: Packing) -> Encoding:
        """Item vectors (T, D), after and before session dropout, to sessions (B, K, D)."""
        scores = self.global_scorer(self.transformer(vectors, packing))  # (T, K)
        return Encoding(torch.stack([packing.pool(packing.softmax(e), vectors) for e in scores.unbind(1)], dim=1))


def build(settings: dict[str, Any], n_items: int) -> Core:
    """The encoder above in CORE's frame."""
    return Core(item_space(settings, n_items), Interests(settings))
