"""A scorer that also counts what it would recommend: the first items of every case, as its scores pass by.

Ranking sees the same scores in the same buffer, so no rank depends on who counts. Of items that are level at the last
place of a list the first of the catalogue are taken.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from recore.evaluation.ranking import Scorer, Scores
from recore.evaluation.recommended import Recommended
from recore.models.packing import Packing

BLOCKS = (16, 8)  # rows of a block, then blocks of a block: of some pairs the fastest for 20 of 42,861


class Counted:
    """``scorer`` with its lists counted in ``recommended``."""

    def __init__(self, scorer: Scorer, recommended: Recommended):
        self.scorer, self.recommended = scorer, recommended
        self.n_items = scorer.n_items

    def __call__(self, items: Tensor, packing: Packing) -> "CountedScores":
        scores = self.scorer(items, packing)
        return CountedScores(scores, self.recommended, scores.gate)


@dataclass(frozen=True)
class CountedScores:
    scores: Scores
    recommended: Recommended
    gate: Tensor | None

    def fill(self, out: Tensor, chosen: slice) -> None:
        self.scores.fill(out, chosen)
        self.recommended.add(first(out, self.recommended.length).cpu().numpy())


def first(scores: Tensor, length: int) -> Tensor:
    """Rows (length, C) of the highest scores (n, C) of each column, in no particular order; length is at most n."""
    if length == len(scores):
        return torch.arange(length, device=scores.device)[:, None].expand(scores.shape)
    # One more than the list: where it is level with the last, the list is not the only one.
    values, rows = highest(scores, length + 1)
    rows = rows[:length]
    for column in torch.nonzero(values[length - 1] == values[length]).ravel().tolist():
        own, last = scores[:, column], values[length, column]
        higher, level = torch.nonzero(own > last).ravel(), torch.nonzero(own == last).ravel()
        rows[:, column] = torch.cat([higher, level])[:length]
    return rows


def highest(scores: Tensor, k: int, sizes: tuple[int, ...] = BLOCKS) -> tuple[Tensor, Tensor]:
    """The k largest of each column of scores (n, C), k at most n: values and rows (k, C), the highest first.

    The k blocks of rows with the largest maxima contain the k largest rows, and are found in the same way among the
    maxima: the scores are read once, and what a selection sees is short.
    """
    n, columns = scores.shape
    if not sizes or n <= 4 * k * sizes[0]:  # a plain selection is then as fast
        values, rows = scores.topk(k, dim=0)
        return values, rows
    size, *others = sizes
    whole = n - n % size
    maxima = scores[:whole].view(-1, size, columns).amax(dim=1)
    _, blocks = highest(maxima, k, tuple(others))
    inside = torch.arange(size, device=scores.device)[None, :, None]
    rest = torch.arange(whole, n, device=scores.device)[:, None].expand(-1, columns)
    candidates = torch.cat([(blocks[:, None, :] * size + inside).reshape(-1, columns), rest])
    values, chosen = scores.gather(0, candidates).topk(k, dim=0)
    return values, candidates.gather(0, chosen)
