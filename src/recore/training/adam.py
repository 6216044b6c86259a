"""Adam (Kingma and Ba, 2015) on PyTorch's fused kernel, without weight decay.

The same numbers as ``torch.optim.Adam(fused=True)``, whose base class imports PyTorch's compiler on first
use: a second of every start, which for short runs is more than all their steps.
"""

from collections.abc import Iterable

import torch
from torch import nn


class Adam:
    """Steps those ``parameters`` that take a gradient in place along their gradients; β₁ 0.9, β₂ 0.999, ε 1e-8."""

    def __init__(self, parameters: Iterable[nn.Parameter], learning_rate: float):
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        self.learning_rate = learning_rate
        self._means = [torch.zeros_like(parameter) for parameter in self.parameters]
        self._squares = [torch.zeros_like(parameter) for parameter in self.parameters]
        self._steps = [torch.zeros((), device=parameter.device) for parameter in self.parameters]

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """One update; every parameter needs its gradient."""
        torch._foreach_add_(self._steps, 1)
        torch._fused_adam_(
            self.parameters,
            [parameter.grad for parameter in self.parameters],
            self._means,
            self._squares,
            [],
            self._steps,
            lr=self.learning_rate,
            beta1=0.9,
            beta2=0.999,
            weight_decay=0.0,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )
