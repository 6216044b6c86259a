"""The k items that score highest, without sorting the catalogue."""

import torch
from torch import Tensor

from recore.evaluation.lists import first
from recore.evaluation.ranking import CHUNK, Scores
from recore.models.device import cases_at_once


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
    rows = first(z, k).sort(dim=0).values
    values, order = z.gather(0, rows).sort(dim=0, descending=True, stable=True)
    return rows.gather(0, order), values
