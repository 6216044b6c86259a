"""CORE without its consistent encoding: the transformer's state at the last click is the session, as in SASRec.

Of SASRec (Kang and McAuley, ICDM 2018) is that the last state of causal self-attention stands for the session. All else
is CORE-trm's: its post-norm blocks, unit vectors under a temperature, and cross-entropy over the whole catalogue, where
SASRec has pre-norm blocks, dot products, and a binary loss with one sampled negative a click. So last − trm is the
encoding alone.
"""

from typing import Any

from torch import Tensor, nn

from recore.models.core import Core, item_space, transformer
from recore.models.encoders import Encoding
from recore.models.packing import Packing


class LastState(nn.Module):
    """hₛ = norm(f_last)."""

    def __init__(self, settings: dict[str, Any]):
        super().__init__()
        self.transformer = transformer(settings)

    def forward(self, vectors: Tensor, undropped: Tensor, packing: Packing) -> Encoding:
        """Item vectors (T, D), after and before session dropout, to sessions (B, D)."""
        return Encoding(self.transformer(vectors, packing)[packing.last])


def build(settings: dict[str, Any], n_items: int) -> Core:
    """The encoder above in CORE's frame."""
    return Core(item_space(settings, n_items), LastState(settings))
