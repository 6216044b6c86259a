"""Cases are positions in one flat array of clicks; their prefixes are never stored.

Every click of a session but its first is the target of one case, and its prefix is the last
``max_length`` clicks before it. A batch gathers the prefixes it needs, ordered by length.
"""

from dataclasses import dataclass

import numpy as np

from recore.data.sessions import Sessions


@dataclass(frozen=True)
class Batch:
    """B cases ordered by length; T is the sum of their lengths."""

    cases: np.ndarray  # (B,) index of each case in its split
    lengths: np.ndarray  # (B,) clicks of each prefix, ascending
    items: np.ndarray  # (T,) item numbers of the prefixes, one after another
    targets: np.ndarray  # (B,)


class Cases:
    """The N cases of a split, in file order: by session, then by position."""

    def __init__(self, sessions: Sessions, max_length: int):
        self.items = np.asarray(sessions.items)
        lengths = np.diff(sessions.offsets)
        self.session = np.repeat(np.asarray(sessions.ids), lengths - 1)  # (N,) session id
        first = np.repeat(np.asarray(sessions.offsets[:-1]), lengths - 1)  # (N,) where the session begins
        n_before = np.cumsum(lengths - 1) - (lengths - 1)
        self.position = np.arange(len(first)) - np.repeat(n_before, lengths - 1) + 1  # (N,) clicks before the target
        self._target_at = first + self.position
        self.length = np.minimum(self.position, max_length)  # (N,) clicks of the prefix that are read

    def __len__(self) -> int:
        return len(self.position)

    @property
    def target(self) -> np.ndarray:
        """Item numbers (N,)."""
        return self.items[self._target_at]

    def batch(self, cases: np.ndarray) -> Batch:
        """The given cases (B,), ordered by length, ties in the order given."""
        cases = cases[np.argsort(self.length[cases], kind="stable")]
        lengths = self.length[cases]
        ends = self._target_at[cases]
        row_starts = np.cumsum(lengths) - lengths
        clicks = np.arange(lengths.sum()) + np.repeat(ends - lengths - row_starts, lengths)
        return Batch(cases, lengths, self.items[clicks].astype(np.int64), self.items[ends].astype(np.int64))
