"""Layers that know how their parameters are drawn and where their randomness comes from.

A parameter carries its initial distribution as ``draw(tensor, generator)``, and a dropout layer owns a
generator; ``training.seeding`` gives each of them a stream of its own, named after its place in the
model. So what two variants share starts equal and is dropped equally for the same seed, and nothing that
is added to one of them shifts the random numbers of another part.
"""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn

Draw = Callable[[Tensor, Generator], object]


def parameter(*shape: int, draw: Draw) -> nn.Parameter:
    """An uninitialised parameter of this shape with its initial distribution."""
    return drawn(nn.Parameter(torch.empty(*shape)), draw)


def drawn(value: nn.Parameter, draw: Draw) -> nn.Parameter:
    """``value`` with its initial distribution attached."""
    value.draw = draw  # type: ignore[attr-defined]
    return value


def normal(std: float) -> Draw:
    return lambda value, generator: value.normal_(0.0, std, generator=generator)


def uniform(bound: float) -> Draw:
    return lambda value, generator: value.uniform_(-bound, bound, generator=generator)


def constant(number: float) -> Draw:
    return lambda value, _: value.fill_(number)


def linear(inputs: int, outputs: int, std: float) -> nn.Linear:
    """Linear layer with weights normal(0, std) and zero bias, as in CORE's code."""
    layer = nn.Linear(inputs, outputs)
    drawn(layer.weight, normal(std))
    drawn(layer.bias, constant(0.0))
    return layer


def default_linear(inputs: int, outputs: int) -> nn.Linear:
    """Linear layer with PyTorch's own initial distribution, uniform(±1/√inputs) for weights and bias."""
    layer = nn.Linear(inputs, outputs)
    drawn(layer.weight, uniform(1 / math.sqrt(inputs)))
    drawn(layer.bias, uniform(1 / math.sqrt(inputs)))
    return layer


def layer_norm(width: int, eps: float) -> nn.LayerNorm:
    layer = nn.LayerNorm(width, eps=eps)
    drawn(layer.weight, constant(1.0))
    drawn(layer.bias, constant(0.0))
    return layer


class Dropout(nn.Module):
    """Inverted dropout from a generator of its own; the identity in evaluation.

    Raises RuntimeError in training while it has no generator: the global one would tie every part of the
    model to every other.
    """

    def __init__(self, rate: float):
        super().__init__()
        self.rate = rate
        self.generator: Generator | None = None

    def mask(self, like: Tensor) -> Tensor | None:
        """What to multiply with: 0 or 1/(1 - rate), in the shape of ``like``; None where nothing is dropped."""
        if not self.training or self.rate == 0:
            return None
        if self.generator is None:
            raise RuntimeError("this dropout has no random stream; call training.seeding.attach_streams first")
        keep = 1 - self.rate
        return torch.empty_like(like).bernoulli_(keep, generator=self.generator).mul_(1 / keep)

    def forward(self, values: Tensor) -> Tensor:
        mask = self.mask(values)
        return values if mask is None else values * mask
