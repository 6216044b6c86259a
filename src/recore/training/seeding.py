"""Every random stream is derived by name from the run's seed.

A stream's seed is a hash of the run's seed and the stream's name, so a variant, a layer or a worker that
is added takes nothing from the others: variants that share a part (item table, transformer, batch order)
start equal for the same seed. Names: ``init/PARAMETER``, ``dropout/MODULE``, ``batches/EPOCH``,
``hard_neg_pool/EPOCH``; and of PyTorch's own layers, which know the global generator alone, ``init/MODULE`` and
``torch/EPOCH``.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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


@contextmanager
def global_stream(seed: int, name: str, device: torch.device | str = "cpu") -> Iterator[None]:
    """PyTorch's global generators (of CPU and ``device``) are a stream within the block, and as before behind it."""
    device = torch.device(device)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(stream_seed(seed, name))
        if device.type == "cuda":
            torch.cuda.manual_seed(stream_seed(seed, name))
        yield


@torch.no_grad()
def initialise(model: nn.Module, seed: int) -> None:
    """Draws every parameter from its own distribution and stream; on the CPU, so that devices start equal.

    Parameters that say no distribution (see ``models.layers``) are those of PyTorch's layers: ``reset_parameters`` of
    their module draws them, from a stream of the module's. Raises ValueError where a module has no such method.
    """
    # From the inside out, as they were made: what holds others may set what these have drawn.
    for place, module in reversed(list(model.named_modules())):
        undrawn = [name for name, parameter in module.named_parameters() if not hasattr(parameter, "draw")]
        reset = _reset_of(module)
        if undrawn and reset:
            with global_stream(seed, f"init/{place}"):
                reset()
        elif any("." not in name for name in undrawn):
            name = f"{place}.{undrawn[0]}".removeprefix(".")
            raise ValueError(
                f"parameter {name} has no initial distribution; make it with recore.models.layers.parameter, or give "
                "its module a reset_parameters()"
            )
    for name, parameter in model.named_parameters():
        if hasattr(parameter, "draw"):
            parameter.draw(parameter.data, generator(seed, f"init/{name}"))


def _reset_of(module: nn.Module) -> Callable[[], object] | None:
    """What draws the parameters of a module of PyTorch; some of its names begin with an underscore."""
    return getattr(module, "reset_parameters", None) or getattr(module, "_reset_parameters", None)


def attach_streams(model: nn.Module, seed: int, device: torch.device | str) -> None:
    """Gives every ``layers.Dropout`` a generator of its own; PyTorch's dropout draws from the epoch's global stream."""
    for name, module in model.named_modules():
        if isinstance(module, Dropout):
            module.generator = generator(seed, f"dropout/{name}", device)


def batch_order(seed: int, epoch: int, n_cases: int) -> np.ndarray:
    """A permutation (N,) of the training cases, the same for every variant."""
    return np.random.Generator(np.random.Philox(stream_seed(seed, f"batches/{epoch}"))).permutation(n_cases)


def pools(seed: int, epoch: int, n_items: int, size: int) -> Iterator[np.ndarray | None]:
    """For each step of an epoch ``size`` distinct rows of the catalogue, uniform, whatever the variant; None for 0."""
    drawing = np.random.Generator(np.random.Philox(stream_seed(seed, f"hard_neg_pool/{epoch}")))
    while True:
        # Up to a 50th of a large catalogue, at a cost that does not depend on it.
        yield drawing.choice(n_items, size, replace=False, shuffle=False) if size else None
