"""Unit vectors against PyTorch's ``normalize``, in value and gradient."""

import pytest
import torch
from torch.nn import functional
from torch.testing import assert_close

from recore.models.unit import chosen_and_unit, unit


def test_value_and_gradient_are_those_of_normalize():
    vectors = torch.randn(5, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    weights = torch.arange(20.0, dtype=torch.float64).view(5, 4)
    results = []
    for scaled in (unit, lambda x: functional.normalize(x, dim=1)):
        leaf = vectors.clone().requires_grad_()
        units = scaled(leaf)
        (units * weights).sum().backward()
        results.append((units, leaf.grad))
    assert_close(results[0], results[1], rtol=1e-13, atol=1e-13)


def test_the_gradient_is_the_derivative():
    vectors = torch.randn(3, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(unit, vectors)


@pytest.mark.parametrize("first", [0, 2])
def test_a_mask_over_the_rows_from_the_first(first):
    """Against the same in PyTorch's own pieces; what stands before the first row has gradient 0."""
    generator = torch.Generator().manual_seed(3)
    vectors = torch.randn(5, 4, generator=generator, dtype=torch.float64)
    mask = (torch.rand(5 - first, 4, generator=generator, dtype=torch.float64) < 0.8) / 0.8
    weights = torch.randn(5 - first, 4, generator=generator, dtype=torch.float64)
    results = []
    for scaled in (unit, lambda x, mask, first: functional.normalize(x[first:] * mask, dim=1)):
        leaf = vectors.clone().requires_grad_()
        units = scaled(leaf, mask, first)
        (units * weights).sum().backward()
        results.append((units, leaf.grad))
    assert_close(results[0], results[1], rtol=1e-13, atol=1e-13)
    assert torch.equal(results[0][1][:first], torch.zeros(first, 4, dtype=torch.float64))


@pytest.mark.parametrize("masked", [False, True])
def test_chosen_rows_beside_the_unit_rows_have_one_gradient(masked):
    """The sum of both; a row that was chosen twice gets both of its gradients, one that was not none."""
    generator = torch.Generator().manual_seed(4)
    vectors = torch.randn(5, 4, generator=generator, dtype=torch.float64)
    mask = (torch.rand(4, 4, generator=generator, dtype=torch.float64) < 0.8) / 0.8 if masked else None
    chosen = torch.tensor([3, 1, 3])
    of_chosen = torch.randn(3, 4, generator=generator, dtype=torch.float64)
    of_units = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    results = []
    for implementation in (chosen_and_unit, lambda x, chosen, mask, first: (x[chosen], unit(x, mask, first))):
        leaf = vectors.clone().requires_grad_()
        rows, units = implementation(leaf, chosen, mask, 1)
        ((rows * of_chosen).sum() + (units * of_units).sum()).backward()
        results.append((rows, units, leaf.grad))
    assert_close(results[0], results[1], rtol=1e-13, atol=1e-13)
    leaf = vectors.clone().requires_grad_()
    chosen_and_unit(leaf, chosen, mask, 1)[0].backward(of_chosen)  # nothing comes from the unit rows
    assert_close(
        leaf.grad,
        torch.stack([0 * of_chosen[0], of_chosen[1], 0 * of_chosen[0], of_chosen[0] + of_chosen[2], 0 * of_chosen[0]]),
    )


def test_a_row_of_zeros_stays_zero():
    """As dropout can make one: its numbers have gradient 0 behind the dropout, whatever finite number it is before."""
    vectors = torch.zeros(2, 3, requires_grad=True)
    units = unit(vectors)
    units.sum().backward()
    assert torch.equal(units, torch.zeros(2, 3))
    assert vectors.grad.isfinite().all()
