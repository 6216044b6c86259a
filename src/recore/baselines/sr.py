"""Sequential rules (Ludewig and Jannach 2018): what followed the last click in training, the nearer the more.

    score(v) = Σ 1/gap   over the times that v came gap clicks after the last click of the prefix, gap ≤ steps

``own`` adds the session's own clicks (``method.with_own``).
"""

from typing import TYPE_CHECKING, Annotated

import numpy as np
import scipy
from pydantic import Field

from recore.baselines.method import Method, OwnClicks, last_clicks, with_own
from recore.data.cases import Batch
from recore.data.sessions import Sessions

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Settings(OwnClicks):
    steps: Annotated[int, Field(ge=1)] = 10  # clicks apart, at most


def fit(train: Sessions, n_items: int, settings: Settings) -> Method:
    session = np.repeat(np.arange(train.n_sessions), train.lengths)
    rules = scipy.sparse.csr_array((n_items + 1, n_items + 1))
    for gap in range(1, min(settings.steps, max(train.lengths) - 1) + 1):
        pairs = np.flatnonzero(session[:-gap] == session[gap:])
        before, after = train.items[pairs], train.items[pairs + gap]
        rules += scipy.sparse.csr_array((np.full(len(pairs), 1 / gap), (before, after)), shape=rules.shape)

    def score(batch: Batch) -> "csr_array":
        return with_own(rules[last_clicks(batch)], batch, settings.own)

    return score
