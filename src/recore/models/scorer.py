"""A CORE model as a scorer, which is all that evaluation asks of any model (``recore.evaluation.ranking.Scorer``)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from recore import RecoreError
from recore.models.core import Core
from recore.models.lift import Lift
from recore.models.packing import Packing

# Items whose scores by another vector of a session are held beside the buffer; on a GPU a piece more is launches more.
PIECE = {"cpu": 8192, "cuda": 2**18}


class CoreScorer:
    """Scores by cosine: Eq. 11 without its temperature, which changes no order. Of several vectors the best one scores.

    Raises RecoreError for a vector that is not finite: no rank would be true.
    """

    @torch.inference_mode()
    def __init__(self, model: Core):
        self.model = model.eval()
        self.catalogue = _finite(model.items.catalogue())  # (V - 1, D)
        self.n_items = len(self.catalogue)

    def __call__(self, items: Tensor, packing: Packing) -> "Cosines":
        """Item numbers (T,) of B sessions to their scores."""
        encoding = self.model(items, packing)
        lift = encoding.lift
        lift = None if lift is None else Lift(_finite(lift), items, packing, self.n_items)
        return Cosines(_finite(encoding.session), self.catalogue, encoding.gate, lift)


@dataclass(frozen=True)
class Cosines:
    """B sessions (B, D) against the catalogue (V - 1, D), all of norm 1.

    Of K vectors a session, (B, K, D), an item takes the highest cosine. Own clicks have their ``lift`` more.
    """

    session: Tensor
    catalogue: Tensor
    gate: Tensor | None = None
    lift: Lift | None = None

    def fill(self, out: Tensor, chosen: slice) -> None:
        """The scores of the C ``chosen`` sessions into ``out`` (V - 1, C)."""
        sessions = self.session[chosen]
        first, *others = (sessions,) if sessions.dim() == 2 else sessions.transpose(0, 1).contiguous()
        torch.mm(self.catalogue, first.T, out=out)
        size = PIECE[out.device.type]
        for session in others:
            for items, scores in zip(self.catalogue.split(size), out.split(size), strict=True):
                torch.maximum(scores, torch.mm(items, session.T), out=scores)
        if self.lift is not None:
            self.lift.add(out, chosen)


def _finite(vectors: Tensor) -> Tensor:
    # Both ends are finite where all numbers are (NaN is both), and are found in one pass without a copy.
    if not torch.stack(vectors.aminmax()).isfinite().all():
        raise RecoreError(
            "the model's scores are not finite, so nothing can be ranked; train it with a lower learning_rate"
        )
    return vectors
