"""The session's own clicks, the newest first; then popularity. It finds every repeat and nothing else."""

from typing import TYPE_CHECKING

from recore.baselines.method import Method, own_clicks
from recore.baselines.method import NoSettings as Settings
from recore.data.cases import Batch
from recore.data.sessions import Sessions

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def fit(train: Sessions, n_items: int, settings: Settings) -> Method:
    def score(batch: Batch) -> "csr_array":
        newest, _ = own_clicks(batch, n_items)
        return newest

    return score
