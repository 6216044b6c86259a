"""The lines of a block of a delimited file."""

import numpy as np

LF, CR = b"\n\r"


class Lines:
    """The bytes of a block of whole lines; line i is ``data[starts[i]:ends[i]]``, but for a CR before its LF.

    full: whether each line holds anything.
    """

    def __init__(self, block: bytes):
        self.data = np.frombuffer(block, np.uint8)
        at_end = self.data == LF
        if b"\r" in block:
            at_end |= (self.data == CR) & (np.append(self.data[1:], CR) != LF)
        self.ends = np.flatnonzero(at_end)
        if not len(self.ends) or self.ends[-1] != len(self.data) - 1:
            self.ends = np.append(self.ends, len(self.data))  # the last line of a file may have no end
        self.starts = np.concatenate(([0], self.ends[:-1] + 1))
        lengths = self.ends - self.starts
        self.full = (lengths > 1) | ((lengths == 1) & (self.data[self.starts] != CR))

    def columns(self, delimiters: np.ndarray) -> np.ndarray:
        """The columns of each line by the places of delimiters, quotes not regarded."""
        return np.diff(np.searchsorted(delimiters, self.ends), prepend=0) + 1


def counted(block: bytes) -> tuple[int, int]:
    """The lines of a block, and those of them that hold anything."""
    if b"\r" in block:
        full = Lines(block).full
        return len(full), int(np.count_nonzero(full))
    at_end = np.frombuffer(block, np.uint8) == LF
    ends = int(np.count_nonzero(at_end)) + (block[-1] != LF)
    return ends, ends - int(np.count_nonzero(at_end[1:] & at_end[:-1]) + at_end[0])
