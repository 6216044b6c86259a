"""Nearest training sessions of a prefix, and the items that they hold: what ``vsknn`` and ``vmis`` share.

With i the newest position of a shared item in a prefix of n clicks (n = the newest click), d = n - i + 1 its distance:

    candidates    the ``m`` most recent sessions that share an item with the prefix
    sim(s)        Σ w(i) over the shared items; a factor that is the same for all s changes no order and is left out
    neighbours    the ``k`` candidates with the largest sim, of equals the more recent
    score(v)      Σ sim(s) · decay(d of the newest shared item of s) over the neighbours that have v

``own`` adds the session's own clicks at the end (``method.with_own``).

As matrix products, linear in the clicks of the candidates. A session among the m most recent of a union is among the m
most recent of every item that it shares, so it is enough to keep those of each item.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import numpy as np
import scipy
from pydantic import Field

from recore.baselines.method import OwnClicks, holdings, own_clicks
from recore.data.cases import Batch
from recore.data.sessions import Sessions

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Count = Annotated[int, Field(ge=1)]
Weights = Callable[[np.ndarray], np.ndarray]


class NearestSettings(OwnClicks):
    k: Count = 100  # neighbours
    m: Count = 1000  # candidates
    # Clicks of the prefix that count, the last ones. No more: their distances are the bits of a float64.
    clicks: Annotated[int, Field(ge=1, le=50)] = 50


class Nearest:
    """Fitted on the training sessions; ``weight`` maps positions, ``decay`` distances, neither below 0."""

    def __init__(self, train: Sessions, n_items: int, settings: NearestSettings, weight: Weights, decay: Weights):
        self.settings, self.weight, self.decay, self.n_items = settings, weight, decay, n_items
        self.held = holdings(train, n_items)  # (S, V)
        self.sharing = _most_recent(self.held.T.tocsr(), settings.m)  # (V, S)

    def __call__(self, batch: Batch) -> "csr_array":
        """Scores (B, V)."""
        batch = replace(batch, lengths=np.minimum(batch.lengths, self.settings.clicks))
        position, _ = own_clicks(batch, self.n_items)
        length = np.repeat(batch.lengths, np.diff(position.indptr))
        similar = _with(position, self.weight(position.data)) @ self.sharing  # (B, S)
        # No two items have one distance: in Σ 2^-d they are single bits, and the highest is that of the newest.
        bits = _with(position, np.exp2(position.data - length)) @ self.sharing
        _, exponent = np.frexp(bits.data)
        near = _nearest(similar, self.settings.m, self.settings.k)
        similar.data *= self.decay(2 - exponent)
        return _chosen(similar, near) @ self.held


def _most_recent(sharing: "csr_array", m: int) -> "csr_array":
    """The last m sessions of each item, (V, S)."""
    sharing.sort_indices()
    ends = np.repeat(sharing.indptr[1:], np.diff(sharing.indptr))
    return _chosen(sharing, np.arange(sharing.nnz) >= ends - m)


def _nearest(similar: "csr_array", m: int, k: int) -> np.ndarray:
    """Which entries of (B, S) are of the k nearest of the m most recent sessions of their row."""
    chosen = np.ones(similar.nnz, bool)
    for row in np.flatnonzero(np.diff(similar.indptr) > min(m, k)):
        entries = slice(*similar.indptr[row : row + 2])
        sim, session = similar.data[entries], similar.indices[entries]
        left = np.arange(len(session)) if len(session) <= m else np.argpartition(session, -m)[-m:]
        if len(left) > k:
            bound = np.partition(sim[left], -k)[-k]
            more, level = left[sim[left] > bound], left[sim[left] == bound]
            most = k - len(more)
            left = np.concatenate([more, level[np.argpartition(session[level], -most)[-most:]]])
        chosen[entries] = False
        chosen[entries.start + left] = True
    return chosen


def _chosen(matrix: "csr_array", entries: np.ndarray) -> "csr_array":
    """The matrix with only the entries under the mask."""
    starts = np.concatenate([[0], np.cumsum(entries)])[matrix.indptr]
    return scipy.sparse.csr_array((matrix.data[entries], matrix.indices[entries], starts), shape=matrix.shape)


def _with(pattern: "csr_array", data: np.ndarray) -> "csr_array":
    return scipy.sparse.csr_array((data, pattern.indices, pattern.indptr), shape=pattern.shape)
