"""What makes runs comparable: the same test cases in the same order."""

import hashlib

import numpy as np

CASES = ("session", "position", "target")


def cases_hash(session: np.ndarray, position: np.ndarray, target: np.ndarray) -> str:
    """SHA-256 over session, position and target (N,) of every case: runs are comparable where it is equal."""
    digest = hashlib.sha256()
    for values in (session, position, target):
        digest.update(np.ascontiguousarray(values, dtype="<i8").tobytes())
    return digest.hexdigest()
