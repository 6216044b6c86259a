"""The fused loss in bfloat16 against the plain one in full: how far it may be off, and what is not rounded at all.

A number of bfloat16 is off by U of itself at the most. The factors of a score are rounded and the score is, which moves
it by 3 U/τ at the most, since |z| ≤ 1/τ; an exponential is rounded once more. A loss is a mean of the targets' exact
scores and of averages of the others (a softmax, the K largest), so it moves no further than one score can.
"""

import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import logsigmoid, normalize

from recore.models import fused, mining
from recore.models.fused import fused_loss
from recore.models.objectives import CROSS_ENTROPY, Objective, plain_loss

U = 2**-8
OBJECTIVES = [CROSS_ENTROPY, Objective(5, 0.2), Objective(64, 0.2), Objective(5, 1.0), Objective(64, 1.0)]
half = partial(fused_loss, precision="bfloat16")


def inputs(batch, n_items, width=100, near=0.0, seed=0):
    """Unit vectors of single precision, the sessions drawn to their targets by ``near``; and the targets."""
    generator = torch.Generator().manual_seed(seed)
    catalogue = normalize(torch.randn(n_items, width, generator=generator), dim=1)
    targets = torch.randint(1, n_items + 1, (batch,), generator=generator)
    drawn = torch.randn(batch, width, generator=generator) / width**0.5
    session = normalize(drawn + near * catalogue[targets - 1], dim=1)
    return session.requires_grad_(), catalogue.requires_grad_(), targets


def value_and_gradients(implementation, session, catalogue, *rest):
    loss = implementation(session, catalogue, *rest)
    return loss.detach(), *torch.autograd.grad(loss, (session, catalogue))


def off(a, b):
    return float(torch.linalg.vector_norm(a - b) / torch.linalg.vector_norm(b))


@pytest.fixture
def mined(monkeypatch):
    """The negatives of every chunk (K, c) that ``fused`` looked for, each checked to be the highest that it saw."""
    found = []

    def top_k(z, k):
        values, rows = exact_top_k(z, k)
        assert torch.equal(values.sort(0, descending=True).values, z.float().topk(k, dim=0).values.to(z.dtype))
        found.append(rows)
        return values, rows

    exact_top_k = mining.top_k
    monkeypatch.setattr(mining, "top_k", top_k)
    return found


def loss_of(negatives, session, catalogue, targets, temperature, objective):
    """The plain loss with a choice of negatives (K, B) that is given."""
    z = session @ catalogue.T / temperature
    target = z.gather(1, targets[:, None] - 1)
    pairwise = 0 if negatives is None else -logsigmoid(target - z.gather(1, negatives.T)).mean()
    share = 0 if negatives is None else objective.hard_neg_lambda
    return (1 - share) * (z.logsumexp(dim=1, keepdim=True) - target).mean() + share * pairwise


@given(
    batch=st.integers(1, 40),
    n_items=st.integers(2, 300),
    k=st.integers(1, 299),
    lam=st.sampled_from([0.0, 0.2, 1.0]),
    temperature=st.sampled_from([0.005, 0.07, 1.0]),
    near=st.sampled_from([0.0, 1.0]),
    chunk=st.sampled_from([1, 7, 256]),
    piece=st.sampled_from([1, 50, 4096]),
    seed=st.integers(0, 100),
)
@settings(deadline=None, max_examples=40)
def test_no_loss_moves_further_than_a_score_can(batch, n_items, k, lam, temperature, near, chunk, piece, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(fused.CHUNK, "cpu", chunk)
        patch.setitem(fused.PIECE, "cpu", piece)
        given_inputs = inputs(batch, n_items, 8, near, seed)
        objective = Objective(min(k, n_items - 1), lam)
        loss, *gradients = value_and_gradients(half, *given_inputs, temperature, objective)
        exact = plain_loss(*given_inputs, temperature, objective).item()
    assert abs(loss.item() - exact) <= 3 * U / temperature + U + 1e-5 * (1 + 1 / temperature)
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(
    ("temperature", "near", "loss_off", "gradients_off"),
    [
        (0.07, 0.0, 1e-4, 2 * U),
        (0.07, 1.0, 3e-4, 2 * U),  # sure of most targets: what is left of the loss keeps its digits
        (0.005, 0.0, 1e-4, 6 * U),
        (0.005, 0.3, 2e-3, 6 * U),
    ],
)
def test_roundings_of_either_sign_mostly_cancel(temperature, near, loss_off, gradients_off, objective, mined):
    """Among the 100 products of a score and the 2000 items of a case. 300 cases are no multiple of a chunk of 128.

    Scores of up to 200, at the small temperature, are rounded to steps of up to 1, which the gradients feel.
    The negatives of the reference are those of the rounded scores: of two that are level, either may be mined.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(fused.CHUNK, "cpu", 128)
        given_inputs = inputs(300, 2000, near=near)
        loss, *gradients = value_and_gradients(half, *given_inputs, temperature, objective)
    negatives = torch.cat(mined, dim=1) if mined else None
    session, catalogue, targets = (
        tensor.detach().double().requires_grad_() if tensor.is_floating_point() else tensor for tensor in given_inputs
    )
    exact, *expected = value_and_gradients(
        partial(loss_of, negatives), session, catalogue, targets, temperature, objective
    )
    assert len(mined) == (3 if objective.hard_neg_lambda else 0)
    assert off(loss, exact) <= loss_off
    assert all(off(a, b) <= gradients_off for a, b in zip(gradients, expected, strict=True))


@pytest.mark.parametrize("objective", [CROSS_ENTROPY, Objective(5, 0.2)])
def test_the_same_bits_when_made_again_and_not_those_of_float32(objective):
    given_inputs = (*inputs(300, 2000), 0.07, objective)
    first, again, full = (value_and_gradients(loss, *given_inputs) for loss in (half, half, fused_loss))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first, full, strict=True))


def test_the_score_of_the_target_is_not_rounded():
    """With one other item, of score 0, and λ = 1 the loss is softplus(-z); that of z in bfloat16 is a hundredth off."""
    session, catalogue = torch.tensor([[1.0, 0.0]]), torch.eye(2)
    loss = half(session.requires_grad_(), catalogue.requires_grad_(), torch.tensor([1]), 0.07, Objective(1, 1.0))
    assert loss.item() == pytest.approx(math.log1p(math.exp(-1 / 0.07)), rel=1e-5)


def test_sums_are_not_rounded():
    """1003 items of score 0 sum to 1003, for which bfloat16 has 1004."""
    session, catalogue = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]).expand(1003, 2).contiguous()
    loss = half(session.requires_grad_(), catalogue.requires_grad_(), torch.tensor([7]), 0.07, CROSS_ENTROPY)
    assert loss.item() == pytest.approx(math.log(1003), rel=1e-6)
