"""What a simple baseline is: settings, a fit on the training sessions, and scores that are 0 for most items.

Each file beside this one has a ``Settings`` and a ``fit(train, n_items, settings)`` that returns a ``Method``. Sessions
stand in order of time, so that the later of two is the more recent; there is no other clock. SciPy is loaded when
something is fitted, not when ``params`` asks for the settings.
"""

from typing import TYPE_CHECKING, Annotated, Protocol

import numpy as np
import scipy
from pydantic import BaseModel, ConfigDict, Field

from recore.data.cases import Batch
from recore.data.sessions import Sessions

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class NoSettings(BaseModel):
    """Of a method that has nothing to set; the base of those that have."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


MOST = 1e6  # a weight beyond it says nothing more, and float32 has to hold the scores


class OwnClicks(NoSettings):
    """A method that can put forward what was already clicked in the session."""

    own: Annotated[float, Field(ge=0, le=MOST)] = 0.0  # how much; 1: the last click counts as much as the best item


class Method(Protocol):
    """All that ranking knows of a baseline."""

    def __call__(self, batch: Batch) -> "csr_array":
        """Scores (B, V) of the B cases, above 0 or absent, which is 0; column 0 is padding and stays empty."""


def holdings(sessions: Sessions, n_items: int) -> "csr_array":
    """(S, V) float64: 1 where a session has the item, however often."""
    session = np.repeat(np.arange(sessions.n_sessions), sessions.lengths)
    shape = (sessions.n_sessions, n_items + 1)
    found = scipy.sparse.csr_array((np.ones(sessions.n_clicks), (session, sessions.items)), shape=shape)
    found.sum_duplicates()
    found.data[:] = 1.0
    return found


def own_clicks(batch: Batch, n_items: int) -> tuple["csr_array", "csr_array"]:
    """Of every prefix its distinct items, (B, V) twice: the newest position of each, from 1 = the oldest click of the
    prefix to its length, and how often it was clicked.
    """
    n_cases, width = len(batch.lengths), n_items + 1
    case = np.repeat(np.arange(n_cases), batch.lengths)
    position = np.arange(len(case)) - np.repeat(np.cumsum(batch.lengths) - batch.lengths, batch.lengths) + 1
    # Backwards, so that the first click that is found of an item is the newest.
    places, newest, counts = np.unique((case * width + batch.items)[::-1], return_index=True, return_counts=True)
    starts = np.searchsorted(places, np.arange(n_cases + 1) * width)

    def of(values: np.ndarray) -> "csr_array":
        return scipy.sparse.csr_array((values.astype(float), places % width, starts), shape=(n_cases, width))

    return of(position[::-1][newest]), of(counts)


def with_own(scores: "csr_array", batch: Batch, own: float) -> "csr_array":
    """score(v) + own · (the highest score of the case)/d for the items of the prefix, d = 1 for the newest click."""
    if own == 0:
        return scores
    position, _ = own_clicks(batch, scores.shape[1] - 1)
    n_clicked = np.diff(position.indptr)
    highest = scores.max(axis=1).toarray()
    highest[highest == 0] = 1.0  # nothing else has a score
    distance = np.repeat(batch.lengths, n_clicked) - position.data + 1
    position.data = own * np.repeat(highest, n_clicked) / distance
    return (scores + position).tocsr()


def last_clicks(batch: Batch) -> np.ndarray:
    """The newest item of every prefix, (B,)."""
    return batch.clicks[batch.ends - 1]
