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
from recore.models.scorer import CoreScorer, Cosines

CPU = torch.device("cpu")


def test_counts_equal_brute_force():
    generator = torch.Generator().manual_seed(0)
    # Coarse vectors make many exact ties.
    catalogue = torch.randint(-1, 2, (300, 3), generator=generator).float()
    session = torch.randint(-1, 2, (40, 3), generator=generator).float()
    targets = torch.randint(1, 301, (40,), generator=generator)
    above, tied = count_above_and_tied(Cosines(session, catalogue), len(catalogue), targets)
    for row in range(40):
        scores = [sum(a * b for a, b in zip(session[row].tolist(), item.tolist(), strict=True)) for item in catalogue]
        own = scores[targets[row] - 1]
        assert above[row] == sum(score > own for score in scores)
        assert tied[row] == sum(score == own for score in scores)


def test_counts_do_not_depend_on_the_pieces(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    catalogue, session = (torch.randint(-1, 2, (n, 3), generator=generator).float() for n in (300, 40))
    targets = torch.randint(1, 301, (40,), generator=generator)
    whole = count_above_and_tied(Cosines(session, catalogue), len(catalogue), targets)
    for height in (1, 7, 299):
        monkeypatch.setitem(ranking.PIECE, "cpu", height)
        found = count_above_and_tied(Cosines(session, catalogue), len(catalogue), targets)
        assert all(map(torch.equal, found, whole))


def test_a_constant_scorer_ties_everything_and_an_oracle_nothing():
    catalogue = torch.eye(5)
    above, tied = count_above_and_tied(Cosines(torch.zeros(2, 5), catalogue), 5, torch.tensor([1, 4]))
    assert (above.tolist(), tied.tolist()) == ([0, 0], [5, 5])
    above, tied = count_above_and_tied(Cosines(torch.eye(5)[[0, 3]], catalogue), 5, torch.tensor([1, 4]))
    assert (above.tolist(), tied.tolist()) == ([0, 0], [1, 1])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_score_that_is_not_finite_is_no_rank(bad):
    """Of an item, or of a session: here the first position's vector, which the catalogue does not hold."""
    for name, place in (("items.table", (2, 1)), ("encoder.transformer.positions", (0, 0))):
        built = model("trm")
        with torch.no_grad():
            built.get_parameter(name)[place] = bad
        with pytest.raises(RecoreError, match="not finite"):
            rank(CoreScorer(built), Cases(flat([[1, 3]]), 10), 8, CPU)


class LastIsNext:
    """Scores that no vector made: item i is worth i after a session of any clicks, and 100 if it was clicked last."""

    n_items = 4
    gate = None

    def __call__(self, items, packing):
        self.scores = torch.arange(1.0, 5.0).repeat(len(packing.lengths), 1)
        self.scores[torch.arange(len(packing.lengths)), items[packing.last] - 1] = 100
        return self

    def fill(self, out, chosen):
        out.copy_(self.scores[chosen].T)


def test_any_scorer_can_be_ranked():
    """After 1: 4, 3, 2 behind the 100 of 1. After 2: 4, 3, 1. Cases in file order, whatever their lengths."""
    ranks = rank(LastIsNext(), Cases(flat([[1, 2, 2], [2, 1, 4]]), 10), 8, CPU)
    assert (ranks.above.tolist(), ranks.tied.tolist(), ranks.gate) == ([3, 0, 3, 1], [1, 1, 1, 1], None)


@pytest.mark.parametrize("variant", [*VARIANTS, "mi", "graph", "repeat"])
def test_ranks_do_not_depend_on_the_batch_size(variant):
    built = model(variant, n_items=30)
    cases = Cases(flat(random_sessions(20, 30)), 10)
    whole = rank(CoreScorer(built), cases, 1000, CPU)
    assert whole.above.shape == (len(cases),)
    assert whole.above.min() >= 0
    assert whole.tied.min() >= 1
    for size in (1, 7):
        parts = rank(CoreScorer(built), cases, size, CPU)
        np.testing.assert_array_equal(parts.above, whole.above)
        np.testing.assert_array_equal(parts.tied, whole.tied)
        if whole.gate is not None:
            np.testing.assert_allclose(parts.gate, whole.gate, rtol=1e-5)


@pytest.mark.parametrize("variant", ["da", "mi", "graph", "repeat"])
def test_ranks_do_not_depend_on_the_chunk(monkeypatch, variant):
    built = model(variant, n_items=30)
    cases = Cases(flat(random_sessions(20, 30)), 10)
    whole = rank(CoreScorer(built), cases, 1000, CPU)
    monkeypatch.setitem(ranking.CHUNK, "cpu", 3)
    np.testing.assert_array_equal(rank(CoreScorer(built), cases, 1000, CPU).above, whole.above)


def test_a_target_that_is_the_session_ranks_first():
    """One click, its own item as target: the cosine is 1, and nothing can be above."""
    built = model("ave", n_items=30)
    ranks = rank(CoreScorer(built), Cases(flat([[i, i] for i in range(1, 31)]), 10), 64, CPU)
    assert (ranks.above <= 0).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("variant", [*VARIANTS, "mi", "graph", "repeat"])
def test_a_gpu_ranks_as_the_cpu_does(variant):
    built = model(variant, n_items=30)
    cases = Cases(flat(random_sessions(20, 30)), 10)
    on_cpu = rank(CoreScorer(built), cases, 64, CPU)
    on_gpu = rank(CoreScorer(built.to("cuda")), cases, 64, torch.device("cuda"))
    assert np.mean(on_cpu.above == on_gpu.above) > 0.95  # near ties may swap


def test_random_vectors_give_every_rank_alike():
    """The mean number of items above a random target is half of the others."""
    generator = torch.Generator().manual_seed(1)
    session, catalogue = (normalize(torch.randn(n, 8, generator=generator), dim=1) for n in (2000, 101))
    targets = torch.randint(1, 102, (2000,), generator=generator)
    above, _ = count_above_and_tied(Cosines(session, catalogue), len(catalogue), targets)
    assert abs(above.mean().item() - 50) < 3
