"""Ordered clicks, flat: the one shape in which every floor below the readers sees data.

A case is a position in this array, so prefixes are never copied out: S sessions with C clicks hold
C - S cases (every click but a session's first is the target of the clicks before it).
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from recore import artifacts


@dataclass(frozen=True, eq=False)
class Sessions:
    """S sessions of C clicks; session s is ``items[offsets[s]:offsets[s + 1]]``, in the order of the clicks.

    items: (C,) integers. Before the split they are positions in the source's vocabulary, after it
        item ids from 1 (0 is padding).
    offsets: (S + 1,) int64, from 0 to C.
    ids: (S,) int64, a session's number by first appearance in the source, kept through every stage.
    times: (S,) int64, UTC milliseconds of a session's last row; its position where a source has no clock.
    """

    items: np.ndarray
    offsets: np.ndarray
    ids: np.ndarray
    times: np.ndarray

    @property
    def n_sessions(self) -> int:
        return len(self.ids)

    @property
    def n_clicks(self) -> int:
        return len(self.items)

    @property
    def n_cases(self) -> int:
        """Prefixes with a target; every session holds at least one click."""
        return self.n_clicks - self.n_sessions

    @property
    def lengths(self) -> np.ndarray:
        """(S,) int64 clicks of each session."""
        return np.diff(self.offsets)

    def take(self, chosen: np.ndarray) -> "Sessions":
        """The sessions at the positions (or under the mask) ``chosen``, in that order."""
        starts, lengths = self.offsets[:-1][chosen], self.lengths[chosen]
        offsets = offsets_of(lengths)
        positions = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return Sessions(self.items[positions], offsets, self.ids[chosen], self.times[chosen])

    def keep_clicks(self, keep: np.ndarray) -> "Sessions":
        """Without the clicks where ``keep`` (C,) is false; a session may become empty."""
        kept_before = np.concatenate(([0], np.cumsum(keep, dtype=np.int64)))
        return replace(self, items=self.items[keep], offsets=kept_before[self.offsets])

    def drop_short(self, min_length: int) -> "Sessions":
        """Without the sessions of fewer than ``min_length`` clicks."""
        long_enough = self.lengths >= min_length
        return self if long_enough.all() else self.take(long_enough)

    def with_items(self, items: np.ndarray) -> "Sessions":
        """The same clicks under other item numbers; ``items`` is (C,)."""
        return replace(self, items=items)

    def save(self, folder: Path, name: str) -> None:
        """Writes ``name``.items.npy, .offsets.npy, .sessions.npy and .times.npy into an existing folder."""
        for part, array in zip(_PARTS, (self.items, self.offsets, self.ids, self.times), strict=True):
            np.save(_file(folder, name, part), array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, name: str, mmap: bool = True) -> "Sessions":
        """What ``save`` wrote; with ``mmap`` the arrays are read-only and stay on disk until they are touched.

        Raises RecoreError where a file is missing or torn.
        """
        return cls(*(_loaded(_file(folder, name, part), mmap) for part in _PARTS))


_PARTS = ("items", "offsets", "sessions", "times")


def clicks_hash(split: Path) -> str | None:
    """SHA-256 of the training clicks in a folder under data/split: it tells of which split a model is. None without."""
    file = _file(split, "train", "items")
    return artifacts.sha256(file) if file.exists() else None


def offsets_of(lengths: np.ndarray) -> np.ndarray:
    """(S + 1,) int64 offsets of sessions with these lengths."""
    return np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))


def _loaded(path: Path, mmap: bool) -> np.ndarray:
    with artifacts.reading(path):
        return np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)


def _file(folder: Path, name: str, part: str) -> Path:
    return folder / f"{name}.{part}.npy"
