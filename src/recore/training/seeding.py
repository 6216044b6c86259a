"""Every random stream is derived by name from the run's seed.

A stream's seed is a hash of the run's seed and the stream's name, so a variant, a layer or a worker that
is added takes nothing from the others: variants that share a part (item table, transformer, batch order)
start equal for the same seed. Names: ``init/PARAMETER``, ``dropout/MODULE``, ``batches/EPOCH``.
"""

import hashlib

import numpy as np
import torch
from torch import nn

from recore.models.layers import Dropout


def stream_seed(seed: int, name: str) -> int:
    """63 bits that depend on every bit of the seed and the name."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(seed: int, name: str, device: torch.device | str = "cpu") -> torch.Generator:
    return torch.Generator(device).manual_seed(stream_seed(seed, name))


@torch.no_grad()
def initialise(model: nn.Module, seed: int) -> None:
    """Draws every parameter from its own distribution and stream; on the CPU, so that devices start equal.

    Raises ValueError for a parameter that says no distribution (see ``models.layers``).
    """
    for name, parameter in model.named_parameters():
        draw = getattr(parameter, "draw", None)
        if draw is None:
            raise ValueError(f"parameter {name} has no initial distribution; make it with recore.models.layers")
        draw(parameter.data, generator(seed, f"init/{name}"))


def attach_streams(model: nn.Module, seed: int, device: torch.device | str) -> None:
    """Gives every dropout layer a generator of its own."""
    for name, module in model.named_modules():
        if isinstance(module, Dropout):
            module.generator = generator(seed, f"dropout/{name}", device)


def batch_order(seed: int, epoch: int, n_cases: int) -> np.ndarray:
    """A permutation (N,) of the training cases, the same for every variant."""
    return np.random.Generator(np.random.Philox(stream_seed(seed, f"batches/{epoch}"))).permutation(n_cases)
