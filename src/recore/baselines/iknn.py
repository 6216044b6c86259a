"""Item-based nearest neighbours of the last click (Hidasi et al. 2016), itself left out.

    score(v) = n(last, v) / √((n(last) + shrink)·(n(v) + shrink))

where n counts the training sessions that have the item, or both.
"""

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from recore.baselines.method import Method, NoSettings, holdings, last_clicks
from recore.data.cases import Batch
from recore.data.sessions import Sessions

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Settings(NoSettings):
    shrink: Annotated[float, Field(ge=0, le=1e12)] = (
        20.0  # sessions added to every item, so that a rare pair is no proof
    )


def fit(train: Sessions, n_items: int, settings: Settings) -> Method:
    held = holdings(train, n_items)
    by_item = held.T.tocsr()
    support = np.diff(by_item.indptr) + settings.shrink

    def score(batch: Batch) -> "csr_array":
        # Together on demand: all pairs of a session at once would be the square of its length.
        lasts, case = np.unique(last_clicks(batch), return_inverse=True)
        together = by_item[lasts] @ held
        last = np.repeat(lasts, np.diff(together.indptr))
        together.data /= np.sqrt(support[last] * support[together.indices])
        together.data[together.indices == last] = 0.0
        return together[case]

    return score
