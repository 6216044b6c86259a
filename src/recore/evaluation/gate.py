"""What the gate of dual attention (Eq. 9) is worth: ranks with its share held, and how near its two branches are.

Counterfactuals of a trained model, of which nothing is trained again: the share of the recent branch is 0, 1 or the
mean that the gate gives to the test cases of two clicks and more, the same for all. With one click both branches
are that click, and the gate changes nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recore.data.cases import Cases
from recore.data.lengths import LABELS, group_of
from recore.evaluation.expected import VALIDATED, expected_gains
from recore.evaluation.ranking import Ranks, rank
from recore.models.core import Core
from recore.models.encoders import Gate
from recore.models.packing import Packing
from recore.models.scorer import CoreScorer, Cosines


def counterfactuals(
    model: Core, test: Cases, ranks: Ranks, cutoff: int, batch_size: int, device: torch.device
) -> dict[str, Any] | None:
    """``mean``, the share held last, and a row for each group of prefix lengths from two clicks on: ``group``,
    ``cases``, ``cosine`` of the branches h⁽ᵍ⁾ and h⁽ʳ⁾, ``mrr``, the MRR@cutoff of ``ranks``, which are the model's
    own, and what it changes by with the share held: ``global`` (0), ``recent`` (1), ``mean``. Means over the cases.

    None where the model has no such gate, or there is no such case.
    """
    group = group_of(test.position)
    several = group > 0
    if ranks.gate is None or not isinstance(getattr(model.encoder, "gate", None), Gate) or not several.any():
        return None
    mean = float(ranks.gate[several].astype(np.float64).mean())
    own = _reciprocal(ranks, cutoff)
    held = {}
    for name, share in (("global", 0.0), ("recent", 1.0), ("mean", mean)):
        with _held(model, share) as scorer:
            other = rank(scorer, test, batch_size, device)
        held[name] = _reciprocal(other, cutoff) - own
    values = {"cosine": other.gate.astype(np.float64), "mrr": own, **held}
    rows = []
    for number in np.unique(group[several]).tolist():
        chosen = group == number
        means = {name: float(value[chosen].mean()) for name, value in values.items()}
        rows.append({"group": LABELS[number], "cases": int(chosen.sum()), **means})
    return {"cutoff": cutoff, "mean": mean, "rows": rows}


def _reciprocal(ranks: Ranks, cutoff: int) -> np.ndarray:
    return expected_gains({"mrr": VALIDATED["mrr"]}, ranks.above, ranks.tied, [cutoff])[f"mrr@{cutoff}"]


class _Held(nn.Module):
    """Stands where the gate does, and keeps how near the branches were that it was last given."""

    def __init__(self, recent: float):
        super().__init__()
        self.recent = recent
        self.cosine: Tensor | None = None  # (B,)

    def forward(self, overall: Tensor, recent: Tensor) -> Tensor:
        self.cosine = functional.cosine_similarity(overall, recent)
        shares = overall.new_tensor([1 - self.recent, self.recent])
        return shares.expand(len(overall), 2)


class _Scorer:
    """A model with a held gate; what its scores say of the gate is the cosine of the branches."""

    def __init__(self, model: Core, gate: _Held):
        self._scorer, self._gate = CoreScorer(model), gate
        self.n_items = self._scorer.n_items

    def __call__(self, items: Tensor, packing: Packing) -> Cosines:
        return replace(self._scorer(items, packing), gate=self._gate.cosine)


@contextmanager
def _held(model: Core, share: float) -> Iterator[_Scorer]:
    gate = model.encoder.gate
    model.encoder.gate = _Held(share)
    try:
        yield _Scorer(model, model.encoder.gate)
    finally:
        model.encoder.gate = gate
