"""How much is held at once, and writes at indices that nobody checks."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from recore import RecoreError
from recore.models.device import cases_at_once, prepare, put


@pytest.mark.parametrize(
    ("kind", "n_items", "cases"),
    [
        ("cpu", 42_861, 384),
        ("cuda", 42_861, 2048),
        ("cuda", 2**20, 256),  # 2^28 scores of 4 bytes are 1 GiB
        ("cpu", 2**22, 64),
        ("cpu", 1_000_000, 256),  # 268 would fit
        ("cpu", 2**29, 16),
    ],
)
def test_no_more_cases_than_a_gibibyte_of_scores_in_whole_cache_lines(kind, n_items, cases):
    assert cases_at_once({"cpu": 384, "cuda": 2048}, torch.device(kind), n_items) == cases


def test_put_writes_in_place_and_adds_where_asked():
    values = torch.zeros(3, 2)
    rows, columns = torch.tensor([[2, 0], [1, 0]]), torch.tensor([0, 1])
    put(values, (rows, columns), torch.tensor([[1.0, 2.0], [3.0, 4.0]]), accumulate=True)
    assert values.tolist() == [[0, 6], [3, 0], [1, 0]]
    put(values, (torch.tensor([1]),), torch.tensor([[7.0, 8.0]]))
    assert values.tolist() == [[0, 6], [7, 8], [1, 0]]


def test_a_device_that_is_not_there_is_one_sentence():
    with pytest.raises(RecoreError, match=r"--device is 'tpu'; it can be auto, cpu or cuda"):
        prepare("tpu", 1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_gpu_that_is_not_there_is_one_sentence():
    with pytest.raises(RecoreError, match="torch sees no GPU here; use --device auto"):
        prepare("cuda", 1)


@pytest.mark.slow
def test_the_first_exponentials_of_a_process_are_those_of_every_other():
    """Without what ``prepare`` does, 7 in 1,000 processes had others (with PyTorch's MKL and two threads)."""
    command = [sys.executable, Path(__file__).with_name("first_exponential.py")]
    assert subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout == b"1\n"
