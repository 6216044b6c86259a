"""What own clicks score beside their cosine: one number a session, added at the places of its items."""

import numpy as np
import torch
from torch import Tensor

from recore.models.device import put
from recore.models.packing import Packing


class Lift:
    """``value`` (B,), from -2 to 2, is added to the cosines of what each of B sessions clicked, once an item.

    ``items`` (T,) are the clicks; the catalogue has ``n_items``.
    """

    def __init__(self, value: Tensor, items: Tensor, packing: Packing, n_items: int):
        self.value = value
        self.rows, self.case = items - 1, packing.row  # (T,) places in the catalogue and the batch
        key, order = (self.case * n_items + self.rows).sort(stable=True)
        first = torch.ones_like(key, dtype=torch.bool)
        first[1:] = key[1:] != key[:-1]
        self.once = put(torch.empty_like(first), (order,), first)  # (T,) no earlier click of the session has this item
        self._starts = np.concatenate(([0], np.cumsum(packing.lengths))).tolist()  # on the host

    def add(self, scores: Tensor, chosen: slice, factor: float = 1.0) -> None:
        """Adds the lifts of the C ``chosen`` cases times ``factor`` to their ``scores`` (V - 1, C), in place."""
        places, clicks = self._places(chosen)
        values = (self.value * factor)[self.case[clicks]] * self.once[clicks]
        put(scores, places, values.to(scores.dtype), accumulate=True)

    def gradient(self, scores: Tensor, chosen: slice) -> Tensor:
        """The sum (C,) of what stands at the own clicks of each of the ``chosen`` cases in ``scores`` (V - 1, C)."""
        places, clicks = self._places(chosen)
        values = scores[places].to(self.value.dtype) * self.once[clicks]
        return put(values.new_zeros(scores.shape[1]), places[1:], values, accumulate=True)

    def of(self, items: Tensor) -> Tensor:
        """What one item of each session, ``items`` (B,), has more than its cosine: (B,), 0 where it was not clicked."""
        found = (self.rows == (items - 1)[self.case]) & self.once
        return put(torch.zeros_like(self.value), (self.case,), self.value[self.case] * found, accumulate=True)

    def _places(self, chosen: slice) -> tuple[tuple[Tensor, Tensor], slice]:
        """Row and column of each click of the ``chosen`` cases, and which of the T these are."""
        start, stop, _ = chosen.indices(len(self.value))
        clicks = slice(self._starts[start], self._starts[stop])
        return (self.rows[clicks], self.case[clicks] - start), clicks
