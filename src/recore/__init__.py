"""recore: a reproducible benchmark that revisits CORE for session-based recommendation."""

import os

# The tensors that a step frees are as large as its clicks, a little more or less than the next one can use, and glibc
# keeps them all: 3.8 GB after ten epochs of Diginetica. With large tensors on huge pages memory stays level, at 0.7 GB
# (docs/LOG.md). PyTorch reads this at its first allocation, so it stands where everything of recore begins.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


class RecoreError(Exception):
    """A fault of the input, not of the program: one sentence that names the value and the way out.

    Every stage prints it and exits with status 1; nothing else is caught.
    """
