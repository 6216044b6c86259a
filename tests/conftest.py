"""What holds for every test."""

import os
import sys

import pytest

# Before PyTorch is loaded, here or in a process of a test: models this small gain nothing from a second thread, and
# wait for it where another job has the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # and where a test takes two, they do not spin


@pytest.fixture(autouse=True)
def _one_thread_again():
    """A stage takes as many as params.yaml says, and this process keeps them."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
