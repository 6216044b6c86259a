"""Which items are mined as hard negatives: the choice of Eq. 13, and what is left out of it.

All of the catalogue but the target, less what the objective leaves out: the case's own clicks, which a session that is
a sum of them ranks first, and what was not drawn into the pool of the step, which is the same for all cases of a batch.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from recore.models.device import put


class OwnClicks(NamedTuple):
    """The clicks (T,) of a batch or of a part of it, case after case."""

    rows: Tensor  # (T,) of the catalogue: item v is row v - 1
    cases: Tensor  # (T,) the case of each, ascending
    ends: np.ndarray  # (B,) how many clicks stand up to the end of each case, on the host


@dataclass(frozen=True)
class Candidates:
    """What may be mined beside the target."""

    pool: Tensor | None = None  # (M,) distinct rows of the catalogue; None: all of them
    own: OwnClicks | None = None  # what is never mined; None: own clicks may be

    def of(self, cases: slice) -> "Candidates":
        """Those of a slice of the batch."""
        if self.own is None:
            return self
        start, stop, _ = cases.indices(len(self.own.ends))
        before = int(self.own.ends[start - 1]) if start else 0
        ends = self.own.ends[start:stop] - before
        clicks = slice(before, before + int(ends[-1]))
        return Candidates(self.pool, OwnClicks(self.own.rows[clicks], self.own.cases[clicks] - start, ends))


EVERY = Candidates()


def mine(
    z: Tensor, targets: tuple[Tensor, Tensor], k: int, skipped: int, candidates: Candidates
) -> tuple[Tensor, Tensor]:
    """The k hardest negatives but for the ``skipped`` hardest: values and rows (k, c) of scores z (n, c).

    Leaves -∞ in z at the ``targets`` (rows and columns), and elsewhere what stood there.
    """
    own = None if candidates.own is None else (candidates.own.rows, candidates.own.cases)
    if own is not None:
        held = z[own]
        put(z, own, torch.full_like(held, -torch.inf))
    put(z, targets, z.new_full((len(targets[0]),), -torch.inf))
    among = z if candidates.pool is None else z.index_select(0, candidates.pool)
    values, rows = (best[skipped:] for best in top_k(among, skipped + k))
    if own is not None:
        put(z, own, held)
        put(z, targets, z.new_full((len(targets[0]),), -torch.inf))  # which may be own clicks
    return values, rows if candidates.pool is None else candidates.pool[rows]


def top_k(z: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k largest of each column of z (n, c): values and rows (k, c), exactly, the largest first.

    In two stages, since a full selection reads the buffer several times: the k blocks of rows with the
    largest maxima contain the k largest rows.
    """
    n, columns = z.shape
    size = mining_block(k)
    blocks = n // size
    if blocks <= 8 * k:  # a plain selection is then as fast
        values, rows = z.topk(k, dim=0)
        return values, rows
    whole = z[: blocks * size].view(blocks, size, columns)
    best = whole.amax(dim=1).topk(k, dim=0).indices  # (k, c)
    inside = torch.arange(size, device=z.device)[None, :, None]
    inspected = (best[:, None, :] * size + inside).reshape(-1, columns)
    rest = torch.arange(blocks * size, n, device=z.device)[:, None].expand(-1, columns)
    inspected = torch.cat([inspected, rest])
    values, chosen = z.gather(0, inspected).topk(k, dim=0)
    return values, inspected.gather(0, chosen)


def mining_block(k: int) -> int:
    """Rows whose maximum stands for them in the first stage of ``top_k``: a power of 2 near 128/√k.

    The first stage selects among n/size rows, the second among k · size, so the best size falls with √k. Of 8, 16, …,
    128 it is 64 for k = 5 and 16 for k = 64, measured at n = 42,861.
    """
    return 2 ** max(round(7 - math.log2(k) / 2), 2)
