"""Session popularity: the clicks of an item in the prefix, then its popularity."""

from typing import TYPE_CHECKING

from recore.baselines.method import Method, own_clicks
from recore.baselines.method import NoSettings as Settings
from recore.data.cases import Batch
from recore.data.sessions import Sessions

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def fit(train: Sessions, n_items: int, settings: Settings) -> Method:
    def score(batch: Batch) -> "csr_array":
        _, counts = own_clicks(batch, n_items)
        return counts

    return score
