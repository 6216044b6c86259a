"""Groups of prefix lengths, wherever something is shown by them."""

import numpy as np

# First and last prefix length (clicks) of each group: fine where the cases are, wide where they thin out.
LENGTHS = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 6), (7, 9), (10, None))


def _label(first: int, last: int | None) -> str:
    if last is None:
        return f"{first}+"
    return str(first) if first == last else f"{first}-{last}"


LABELS = tuple(_label(*bounds) for bounds in LENGTHS)


def group_of(lengths: np.ndarray) -> np.ndarray:
    """The group of each prefix length (N,), as its position in ``LABELS``."""
    return np.searchsorted([first for first, _ in LENGTHS], lengths, side="right") - 1
