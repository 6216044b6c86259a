"""Our Adam is PyTorch's."""

import torch
from torch import nn

from recore.training.adam import Adam


def test_the_same_steps_as_pytorch():
    generator = torch.Generator().manual_seed(0)
    start = [torch.randn(5, 3, generator=generator), torch.randn(7, generator=generator)]
    ours, theirs = ([nn.Parameter(value.clone()) for value in start] for _ in range(2))
    first, second = Adam(ours, 0.01), torch.optim.Adam(theirs, lr=0.01)
    for _ in range(20):
        for a, b in zip(ours, theirs, strict=True):
            a.grad = torch.randn(a.shape, generator=generator)
            b.grad = a.grad.clone()
        first.step()
        second.step()
    for a, b, old in zip(ours, theirs, start, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-7)
        assert not torch.equal(a, old)
    first.zero_grad()
    assert all(parameter.grad is None for parameter in ours)
