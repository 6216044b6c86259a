"""Ranks by counting against sorting, known answers and refusals."""

import numpy as np
import pytest
import torch
from builders import VARIANTS, flat, model, random_sessions
from torch.nn.functional import normalize

from recore import RecoreError
from recore.data.cases import Cases
from recore.evaluation import ranking
from recore.evaluation.ranking import count_above_and_tied, rank

CPU = torch.device("cpu")


def test_counts_equal_brute_force():
    generator = torch.Generator().manual_seed(0)
    # Coarse vectors make many exact ties.
    catalogue = torch.randint(-1, 2, (300, 3), generator=generator).float()
    session = torch.randint(-1, 2, (40, 3), generator=generator).float()
    targets = torch.randint(1, 301, (40,), generator=generator)
    above, tied = count_above_and_tied(session, catalogue, targets)
    for row in range(40):
        scores = [sum(a * b for a, b in zip(session[row].tolist(), item.tolist(), strict=True)) for item in catalogue]
        own = scores[targets[row] - 1]
        assert above[row] == sum(score > own for score in scores)
        assert tied[row] == sum(score == own for score in scores)


def test_a_constant_scorer_ties_everything_and_an_oracle_nothing():
    catalogue = torch.eye(5)
    above, tied = count_above_and_tied(torch.zeros(2, 5), catalogue, torch.tensor([1, 4]))
    assert (above.tolist(), tied.tolist()) == ([0, 0], [5, 5])
    above, tied = count_above_and_tied(torch.eye(5)[[0, 3]], catalogue, torch.tensor([1, 4]))
    assert (above.tolist(), tied.tolist()) == ([0, 0], [1, 1])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_score_that_is_not_finite_is_no_rank(bad):
    catalogue = torch.eye(3)
    catalogue[1, 1] = bad
    with pytest.raises(RecoreError, match="not finite"):
        count_above_and_tied(torch.ones(1, 3), catalogue, torch.tensor([1]))


@pytest.mark.parametrize("variant", VARIANTS)
def test_ranks_do_not_depend_on_the_batch_size(variant):
    built = model(variant, n_items=30)
    cases = Cases(flat(random_sessions(20, 30)), 10)
    whole = rank(built, cases, 1000, CPU)
    assert whole.above.shape == (len(cases),)
    assert whole.above.min() >= 0
    assert whole.tied.min() >= 1
    for size in (1, 7):
        parts = rank(built, cases, size, CPU)
        np.testing.assert_array_equal(parts.above, whole.above)
        np.testing.assert_array_equal(parts.tied, whole.tied)
        if whole.gate is not None:
            np.testing.assert_allclose(parts.gate, whole.gate, rtol=1e-5)


def test_ranks_do_not_depend_on_the_chunk(monkeypatch):
    built = model("da", n_items=30)
    cases = Cases(flat(random_sessions(20, 30)), 10)
    whole = rank(built, cases, 1000, CPU)
    monkeypatch.setitem(ranking.CHUNK, "cpu", 3)
    np.testing.assert_array_equal(rank(built, cases, 1000, CPU).above, whole.above)


def test_a_target_that_is_the_session_ranks_first():
    """One click, its own item as target: the cosine is 1, and nothing can be above."""
    built = model("ave", n_items=30)
    ranks = rank(built, Cases(flat([[i, i] for i in range(1, 31)]), 10), 64, CPU)
    assert (ranks.above <= 0).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_gpu_ranks_as_the_cpu_does(variant):
    built = model(variant, n_items=30)
    cases = Cases(flat(random_sessions(20, 30)), 10)
    on_cpu = rank(built, cases, 64, CPU)
    on_gpu = rank(built.to("cuda"), cases, 64, torch.device("cuda"))
    assert np.mean(on_cpu.above == on_gpu.above) > 0.95  # near ties may swap


def test_random_vectors_give_every_rank_alike():
    """The mean number of items above a random target is half of the others."""
    generator = torch.Generator().manual_seed(1)
    session, catalogue = (normalize(torch.randn(n, 8, generator=generator), dim=1) for n in (2000, 101))
    above, _ = count_above_and_tied(session, catalogue, torch.randint(1, 102, (2000,), generator=generator))
    assert abs(above.mean().item() - 50) < 3
