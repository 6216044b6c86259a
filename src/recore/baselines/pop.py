"""Popularity: the clicks of an item in training, whatever was clicked in the session."""

from typing import TYPE_CHECKING

import scipy

from recore.baselines.method import Method
from recore.baselines.method import NoSettings as Settings
from recore.data.cases import Batch
from recore.data.sessions import Sessions

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def fit(train: Sessions, n_items: int, settings: Settings) -> Method:
    def score(batch: Batch) -> "csr_array":
        # No score at all: ranking then goes by popularity.
        return scipy.sparse.csr_array((len(batch.lengths), n_items + 1))

    return score
