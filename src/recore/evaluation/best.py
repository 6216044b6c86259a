"""The k items that score highest, without sorting the catalogue."""

import torch
from torch import Tensor

from recore.evaluation.ranking import CHUNK, Scores
from recore.models.device import cases_at_once
from recore.models.mining import top_k


def best(scores: Scores, n_cases: int, n_items: int, k: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The scores of B cases -> item numbers (B, k) from 1 and their scores (B, k), the highest first.

    Items of equal scores stand in the order of the catalogue. k is at most ``n_items``.
    """
    width = cases_at_once(CHUNK, device, n_items)
    buffer = torch.empty(n_items * min(width, n_cases), device=device)
    items = torch.empty(n_cases, k, dtype=torch.long, device=device)
    values = torch.empty(n_cases, k, device=device)
    for start in range(0, n_cases, width):
        chunk = slice(start, min(start + width, n_cases))
        size = chunk.stop - start
        z = buffer[: n_items * size].view(n_items, size)
        scores.fill(z, chunk)
        rows, highest = _best_rows(z, k)
        items[chunk], values[chunk] = rows.T + 1, highest.T
    return items, values


def _best_rows(z: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Rows (k, c) of the k largest of each column of z (n, c), in order, and their values (k, c)."""
    values, rows = top_k(z, min(k + 1, len(z)))
    rows, order = rows.sort(dim=0)
    values, order = values.gather(0, order).sort(dim=0, descending=True, stable=True)
    rows = rows.gather(0, order)
    if k < len(z):  # where the next is level with the last, the selection took any of those that are
        for column in (values[k - 1] == values[k]).nonzero().flatten().tolist():
            rows[:k, column] = z[:, column].sort(descending=True, stable=True).indices[:k]
    return rows[:k], values[:k]
