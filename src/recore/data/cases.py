"""Cases are positions in one flat array of clicks; their prefixes are never stored.

Every click of a session but its first is the target of one case, and its prefix is the last
``max_length`` clicks before it. A batch says where in that array its prefixes lie, ordered by length; they are gathered
where the array is, which may be another device.
"""

from dataclasses import dataclass

import numpy as np

from recore.data.sessions import Sessions


@dataclass(frozen=True)
class Batch:
    """B cases ordered by length; T is the sum of their lengths."""

    cases: np.ndarray  # (B,) index of each case in its split
    lengths: np.ndarray  # (B,) clicks of each prefix, ascending
    ends: np.ndarray  # (B,) where the target of each case stands in ``clicks``, right behind its prefix
    clicks: np.ndarray  # the item numbers of the whole split

    @property
    def items(self) -> np.ndarray:
        """Item numbers of the prefixes (T,), one after another."""
        begins_at = self.ends - self.lengths - (np.cumsum(self.lengths) - self.lengths)
        return self.clicks[np.arange(self.lengths.sum()) + np.repeat(begins_at, self.lengths)]

    @property
    def targets(self) -> np.ndarray:
        """Item numbers (B,)."""
        return self.clicks[self.ends]


class Cases:
    """The N cases of a split, in file order: by session, then by position."""

    def __init__(self, sessions: Sessions, max_length: int):
        self.items = np.asarray(sessions.items)
        self.offsets = np.asarray(sessions.offsets)  # (S + 1,) where each session begins in ``items``
        lengths = np.diff(self.offsets)
        self.session = np.repeat(np.asarray(sessions.ids), lengths - 1)  # (N,) session id
        first = np.repeat(self.offsets[:-1], lengths - 1)  # (N,) where the session begins
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
        return Batch(cases, self.length[cases], self._target_at[cases], self.items)
