"""recore: a reproducible benchmark that revisits CORE for session-based recommendation."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recore.recommender import Recommender

# The tensors that a step frees are as large as its clicks, a little more or less than the next one can use, and glibc
# keeps them all: 3.8 GB after ten epochs of Diginetica. With large tensors on huge pages memory stays level, at 0.7 GB
# (docs/LOG.md). PyTorch reads this at its first allocation, so it stands where everything of recore begins.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


class RecoreError(Exception):
    """A fault of the input, not of the program: one sentence that names the value and the way out.

    Every stage prints it and exits with status 1.
    """


def load(dataset: str, variant: str, seed: int, device: str = "auto") -> "Recommender":
    """A trained model, to be called in the folder of params.yaml; its ``recommend`` takes and gives the log's own ids.

    ``recore.load("demo", "trm", 2020).recommend([[81, 31]], k=20)``; ``device`` is auto, cpu or cuda. Raises
    RecoreError where the run has left no model, naming those that there are.
    """
    from recore import recommender  # here, because a stage starts faster without what it does not need

    return recommender.load(dataset, variant, seed, device)
