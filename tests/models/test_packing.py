"""Sums over sessions that stand one after another, against each session by itself."""

import numpy as np
import pytest
import torch
from builders import SESSIONS
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from recore.models.packing import Packing


@pytest.mark.parametrize("lengths", [[], [0, 1], [2, 1]])
def test_lengths_that_cannot_be_laid_out_are_refused(lengths):
    with pytest.raises(ValueError, match="ascending and at least 1"):
        Packing(np.array(lengths, int))


def test_where_each_click_belongs():
    packing = Packing(np.array([1, 3]))
    assert packing.row.tolist() == [0, 1, 1, 1]
    assert packing.position.tolist() == [0, 0, 1, 2]
    assert packing.first.tolist() == [0, 1]
    assert packing.last.tolist() == [0, 3]


def test_by_hand():
    packing = Packing(np.array([1, 2]))
    weights = packing.softmax(torch.tensor([7.0, 0.0, float(np.log(3.0))]))
    assert_close(weights, torch.tensor([1.0, 0.25, 0.75]))
    vectors = torch.tensor([[5.0, 6.0], [4.0, 0.0], [0.0, 8.0]])
    assert_close(packing.pool(weights, vectors), torch.tensor([[5.0, 6.0], [1.0, 6.0]]))
    assert_close(packing.mean(vectors), torch.tensor([[5.0, 6.0], [2.0, 4.0]]))


def test_a_grid_and_a_sequence_by_hand():
    packing = Packing(np.array([1, 2, 3]))
    vectors = torch.arange(1.0, 13.0).view(6, 2).requires_grad_()
    grid = packing.grid(vectors)
    assert grid[:, :, 0].tolist() == [[1, 0, 0], [3, 5, 0], [7, 9, 11]]
    assert packing.grid(vectors[:, 1], -1.0).tolist() == [[2, -1, -1], [4, 6, -1], [8, 10, 12]]
    (gradient,) = torch.autograd.grad((packing.from_grid(grid) * torch.arange(12.0).view(6, 2)).sum(), vectors)
    assert torch.equal(packing.from_grid(grid), vectors)
    assert gradient.flatten().tolist() == list(range(12))
    padded, lengths = torch.nn.utils.rnn.pad_packed_sequence(packing.sequence(vectors), batch_first=True)
    assert torch.equal(padded, grid)
    assert lengths.tolist() == [1, 2, 3]


@given(sessions=SESSIONS, seed=st.integers(0, 50))
@settings(deadline=None, max_examples=40)
def test_value_and_gradient_are_those_of_each_session_by_itself(sessions, seed):
    lengths = [len(session) for session in sessions]
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(sum(lengths), generator=generator, dtype=torch.float64)
    vectors, of_click = torch.randn(2, sum(lengths), 3, generator=generator, dtype=torch.float64)
    of_session = torch.randn(len(lengths), 3, generator=generator, dtype=torch.float64)

    def together(scores, vectors):
        packing = Packing(np.array(lengths))
        weights = packing.softmax(scores)
        return weights, packing.pool(weights, vectors), packing.mean(vectors)

    def one_by_one(scores, vectors):
        weights = [part.softmax(dim=0) for part in scores.split(lengths)]
        parts = vectors.split(lengths)
        pooled = torch.stack([weight @ part for weight, part in zip(weights, parts, strict=True)])
        return torch.cat(weights), pooled, torch.stack([part.mean(dim=0) for part in parts])

    results = []
    for implementation in (together, one_by_one):
        leaves = [scores.clone().requires_grad_(), vectors.clone().requires_grad_()]
        weights, pooled, means = implementation(*leaves)
        loss = (weights * of_click[:, 0]).sum() + ((pooled + means.square()) * of_session).sum()
        results.append((weights, pooled, means, *torch.autograd.grad(loss, leaves)))
    assert_close(*results, rtol=1e-12, atol=1e-12)


def test_a_session_takes_nothing_from_the_others():
    """Not even a score that no softmax survives."""
    packing = Packing(np.array([1, 2, 3]))
    scores = torch.tensor([torch.nan, 1.0, 2.0, 80.0, -80.0, 0.0], requires_grad=True)
    weights = packing.softmax(scores)
    assert weights.isnan().tolist() == [True] + 5 * [False]
    weights[1:].square().sum().backward()
    assert scores.grad[1:].isfinite().all()
    assert_close(weights[1:3], scores[1:3].softmax(dim=0))
