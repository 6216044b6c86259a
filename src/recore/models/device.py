"""The device a stage runs on, set up so that the same seed gives the same bits there."""

import os

import numpy as np
import torch
from torch import Tensor

from recore import RecoreError

# MKL sets these up at their first call. Where two threads make it at once, one may compute it to 4 digits only
# (docs/LOG.md, 2026-11-30; https://github.com/pytorch/pytorch/issues/188792), so one thread calls each before all else.
SET_UP_AT_FIRST = (torch.exp, torch.log, torch.log1p, torch.sqrt, torch.tanh)


def chosen(name: str) -> torch.device:
    """``auto`` (a GPU if there is one), ``cpu`` or ``cuda``; RecoreError for a device that is not there."""
    if name not in ("auto", "cpu", "cuda"):
        raise RecoreError(f"--device is {name!r}; it can be auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise RecoreError("--device is cuda, but torch sees no GPU here; use --device auto or install a CUDA build")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def prepare(name: str, threads: int) -> torch.device:
    """The ``chosen`` device for a stage: fixes the CPU threads and determinism of this process."""
    device = chosen(name)
    torch.set_num_threads(threads)
    for function in SET_UP_AT_FIRST:
        function(torch.ones(1))
    torch.set_float32_matmul_precision("highest")  # ranks are compared in fp32, whatever the environment allows
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # What use_deterministic_algorithms(True) does, without importing the compiler (a second of every start).
    torch.set_deterministic_debug_mode("error")
    # Deterministic mode would otherwise fill every new tensor with NaN, which costs and changes nothing here.
    torch.utils.deterministic.fill_uninitialized_memory = False
    return device


def fast_in_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for products of bfloat16; without them float32 is faster."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # Of PyTorch's own, so that a version may lack them; only a warning depends on the answer.
    asked = (getattr(torch.cpu, f"_is_{name}_supported", lambda: False) for name in ("avx512_bf16", "amx_tile"))
    return any(supported() for supported in asked)


SCORES = 2**28  # numbers that a buffer of scores may hold: 1 GiB in single precision
LINE = 16  # numbers of single precision in a cache line: products with rows of another multiple take a quarter longer


def cases_at_once(widest: dict[str, int], device: torch.device, n_items: int) -> int:
    """How many cases' scores of a whole catalogue to hold: ``widest`` of this kind of device, or what memory allows."""
    return max(min(widest[device.type], SCORES // n_items // LINE * LINE), LINE)


def put(values: Tensor, at: tuple[Tensor, ...], numbers: Tensor, accumulate: bool = False) -> Tensor:
    """``values[at] = numbers`` or ``+=``, in place, for indices that are known to be in range.

    Where kernels must be deterministic, PyTorch's own way on a GPU reads the largest index first, for which the host
    would have to wait every time.
    """
    return torch._index_put_impl_(values, at, numbers, accumulate, unsafe=True)


def moved(values: np.ndarray, device: torch.device | str) -> Tensor:
    """An array as a tensor on ``device``.

    To a GPU it goes by way of pinned memory: only from there does the host not wait for the copy, which would stall
    the GPU every step.
    """
    tensor = torch.from_numpy(values)
    if torch.device(device).type == "cuda":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)
