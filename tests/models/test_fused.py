"""The fused loss against the plain one: value and gradients, for any K, λ, chunk and temperature."""

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.nn.functional import normalize

from recore import RecoreError
from recore.models import fused
from recore.models.fused import fused_loss
from recore.models.mining import top_k
from recore.models.objectives import CROSS_ENTROPY, Objective, plain_loss


def inputs(batch, n_items, width=8, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    session = normalize(torch.randn(batch, width, dtype=dtype, generator=generator), dim=1).requires_grad_()
    catalogue = normalize(torch.randn(n_items, width, dtype=dtype, generator=generator), dim=1).requires_grad_()
    return session, catalogue, torch.randint(1, n_items + 1, (batch,), generator=generator)


def value_and_gradients(implementation, session, catalogue, targets, temperature, objective):
    loss = implementation(session, catalogue, targets, temperature, objective)
    return loss.detach(), *torch.autograd.grad(loss, (session, catalogue))


def assert_equal_to_plain(given_inputs, temperature, objective, tolerance):
    for a, b in zip(
        value_and_gradients(fused_loss, *given_inputs, temperature, objective),
        value_and_gradients(plain_loss, *given_inputs, temperature, objective),
        strict=True,
    ):
        # Where the model is sure, the gradient is a difference of nearly equal numbers of order 1/τ.
        floor = 1e-2 * tolerance / temperature
        assert torch.linalg.vector_norm(a - b) <= tolerance * torch.linalg.vector_norm(b) + floor


@given(
    batch=st.integers(1, 40),
    n_items=st.integers(2, 300),
    k=st.integers(1, 299),
    lam=st.sampled_from([0.0, 0.2, 0.7, 1.0]),
    temperature=st.sampled_from([0.005, 0.07, 1.0]),
    chunk=st.sampled_from([1, 7, 256]),
    piece=st.sampled_from([1, 50, 4096]),
    seed=st.integers(0, 100),
)
@settings(deadline=None, max_examples=80)
def test_equal_to_plain(batch, n_items, k, lam, temperature, chunk, piece, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(fused.CHUNK, "cpu", chunk)
        patch.setitem(fused.PIECE, "cpu", piece)
        objective = Objective(min(k, n_items - 1), lam)
        assert_equal_to_plain(inputs(batch, n_items, seed=seed), temperature, objective, 1e-11)


@pytest.mark.parametrize("objective", [CROSS_ENTROPY, Objective(5, 0.2), Objective(64, 0.2)])
@pytest.mark.parametrize("temperature", [0.07, 0.005])
def test_equal_in_single_precision(objective, temperature):
    assert_equal_to_plain(inputs(300, 2000, 100, torch.float32), temperature, objective, 1e-5)


@pytest.mark.parametrize("objective", [CROSS_ENTROPY, Objective(5, 0.2)])
def test_a_sum_that_fits_times_a_batch_that_does_not(objective):
    """exp(1/0.0121) · 50 is a number of single precision, 2048 times that is none."""
    catalogue = torch.zeros(50, 4).index_fill_(1, torch.tensor([0]), 1.0).requires_grad_()
    session = torch.zeros(2048, 4).index_fill_(1, torch.tensor([0]), 1.0).requires_grad_()
    targets = torch.arange(2048) % 50 + 1
    assert_equal_to_plain((session, catalogue, targets), 0.0121, objective, 1e-5)


@pytest.mark.parametrize("objective", [CROSS_ENTROPY, Objective(3, 0.3)])
def test_gradcheck(objective):
    session, catalogue, targets = inputs(5, 9, 4)
    assert torch.autograd.gradcheck(lambda s, c: fused_loss(s, c, targets, 0.5, objective), (session, catalogue))


def test_no_weight_on_hard_negatives_is_cross_entropy_bit_for_bit():
    given_inputs = inputs(30, 50, dtype=torch.float32)
    for a, b in zip(
        value_and_gradients(fused_loss, *given_inputs, 0.07, Objective(5, 0.0)),
        value_and_gradients(fused_loss, *given_inputs, 0.07, CROSS_ENTROPY),
        strict=True,
    ):
        assert torch.equal(a, b)


def test_a_temperature_too_small_for_the_exponential_stays_finite():
    """cos = 1 at τ = 0.005 is a score of 200, whose exponential overflows float32."""
    session = normalize(torch.ones(1, 4), dim=1).requires_grad_()
    catalogue = torch.cat([normalize(torch.ones(1, 4), dim=1), normalize(-torch.ones(1, 4), dim=1)]).requires_grad_()
    for target, expected in ((1, 0.0), (2, 400.0)):
        loss, *gradients = value_and_gradients(
            fused_loss, session, catalogue, torch.tensor([target]), 0.005, CROSS_ENTROPY
        )
        assert loss.item() == pytest.approx(expected, abs=1e-3)
        assert all(gradient.isfinite().all() for gradient in gradients)


@given(
    n=st.integers(1, 8000),
    columns=st.integers(1, 4),
    k=st.integers(1, 40),
    best_at=st.sampled_from([None, 0, -1]),
    dtype=st.sampled_from([torch.float32, torch.bfloat16]),
    seed=st.integers(0, 100),
)
@example(n=3001, columns=2, k=5, best_at=-1, dtype=torch.float32, seed=0)  # 46 blocks of 64, and 57 rows more
@example(n=3001, columns=2, k=1, best_at=0, dtype=torch.bfloat16, seed=0)
@settings(deadline=None, max_examples=60)
def test_top_k_is_exact(n, columns, k, best_at, dtype, seed):
    """Among many ties, and with the largest in the first row or in the last, which may belong to no block."""
    z = torch.randint(-30, 30, (n, columns), generator=torch.Generator().manual_seed(seed)).to(dtype)
    if best_at is not None:
        z[best_at] = 100.0
    k = min(k, n)
    values, rows = top_k(z, k)
    assert torch.equal(values.sort(0, descending=True).values, z.topk(k, dim=0).values)
    assert torch.equal(z.gather(0, rows), values)
    assert all(len(set(column.tolist())) == k for column in rows.T)


def test_the_target_is_never_mined():
    """With K = catalogue - 1 every other item counts once; the target would change the mean."""
    session, catalogue, targets = inputs(6, 10)
    z = session @ catalogue.T / 0.07
    margins = z - z.gather(1, targets[:, None] - 1)
    others = torch.ones_like(z).scatter(1, targets[:, None] - 1, 0).bool()
    expected = torch.nn.functional.softplus(margins[others]).mean()
    for implementation in (plain_loss, fused_loss):
        assert torch.isclose(implementation(session, catalogue, targets, 0.07, Objective(9, 1.0)), expected)


def test_more_negatives_than_items_is_an_error_that_names_both():
    with pytest.raises(RecoreError, match=r"hard_neg_k is 12, but a catalogue of 12 items has only 11"):
        Objective(12, 0.2).check(12)
    Objective(11, 0.2).check(12)
    Objective(12, 0.0).check(12)
