"""GRU4Rec's encoder in CORE's frame: a GRU reads the clicks, and its last state is the session.

Of GRU4Rec (Hidasi et al., ICLR 2016) is one GRU layer over the clicks, whose last state is scored against every item.
Ours, or CORE's: items have one table to encode and decode, the state is projected to its width, both sides have norm 1
under a temperature, and the loss is cross-entropy over the whole catalogue on every prefix of a session, where GRU4Rec
ranks the items of a session-parallel mini-batch (BPR or TOP1).
"""

from typing import Annotated, Any

from pydantic import Field
from torch import Tensor, nn

from recore.models.core import Core, item_space
from recore.models.encoders import Encoding
from recore.models.packing import Packing

SETTINGS = {"gru_size": Annotated[int, Field(ge=1)]}  # width of the state; without it that of the items


class LastOfGru(nn.Module):
    """hₛ = norm(W·s_last + b), s the states of the GRU."""

    def __init__(self, width: int, size: int):
        super().__init__()
        self.gru = nn.GRU(width, size)
        self.output = nn.Linear(size, width)

    def forward(self, vectors: Tensor, undropped: Tensor, packing: Packing) -> Encoding:
        """Item vectors (T, D), after and before session dropout, to sessions (B, D)."""
        _, last = self.gru(packing.sequence(vectors))  # (1, B, size)
        return Encoding(self.output(last[0]))


def build(settings: dict[str, Any], n_items: int) -> Core:
    """The encoder above in CORE's frame."""
    width = settings["embedding_size"]
    return Core(item_space(settings, n_items), LastOfGru(width, settings.get("gru_size", width)))
