"""VMIS-kNN (Kersbergen, Sprangers and Schelter 2022): VS-kNN with a linear decay and rare items preferred.

As in ``neighbours``, with w(i) = i and decay(d) = max(1 - d/10, 0); then score(v) · (1 + idf · log(S/n(v))), S training
sessions, n(v) of them with v.
"""

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from recore.baselines.method import MOST, Method, with_own
from recore.baselines.neighbours import Nearest, NearestSettings
from recore.data.cases import Batch
from recore.data.sessions import Sessions

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Settings(NearestSettings):
    idf: Annotated[float, Field(ge=0, le=MOST)] = 1.0  # how much more a rare item counts; 0: no more


def fit(train: Sessions, n_items: int, settings: Settings) -> Method:
    # Tenths: whole numbers have no rounding that could break a tie.
    nearest = Nearest(train, n_items, settings, lambda i: i, lambda d: np.maximum(10.0 - d, 0.0))
    sessions = np.bincount(nearest.held.indices, minlength=n_items + 1)
    factor = 1 + settings.idf * np.log(train.n_sessions / np.maximum(sessions, 1))

    def score(batch: Batch) -> "csr_array":
        scores = nearest(batch)
        scores.data *= factor[scores.indices]
        return with_own(scores, batch, settings.own)

    return score
