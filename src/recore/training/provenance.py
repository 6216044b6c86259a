"""Where and with what a run was made, and what that took: no part of its results, so it goes into its cost.json."""

import os
import platform
import resource
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

# Of a run that is trained, and of one that is fitted without PyTorch, which takes seconds to import.
PACKAGES = ("torch", "numpy", "pyarrow", "safetensors")
FITTED = ("numpy", "scipy", "pyarrow")
# What a run rewrites, and the settings: those that made a run are in its config.json, in dvc.lock and in the report.
NOT_CODE = (":(exclude)dvc.lock", ":(exclude)metrics", ":(exclude)params.yaml", ":(exclude)plots")


def provenance(device: "torch.device | None") -> dict[str, Any]:
    """Machine, versions, commit (null outside git) and whether the code differed from it (``dirty``).

    device: None for what is fitted without PyTorch.

    Neither what a run of the pipeline rewrites (dvc.lock, results) nor params.yaml makes it dirty: a recorded grid or
    `dvc exp run -S` is the same code under other settings. A file that git does not track does so under src only.
    """
    name, threads, instructions = ("cpu", 1, None) if device is None else _of_torch(device)
    packages = FITTED if device is None else PACKAGES
    return {
        "device": name,
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "platform": platform.platform(),
            "threads": threads,
            "instructions": instructions,  # with others of the same name the last digits may differ
        },
        "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
        "commit": _git("rev-parse", "HEAD"),
        "dirty": any(
            _git("status", "--porcelain", f"--untracked-files={untracked}", "--", *where)
            for untracked, where in (("no", (".", *NOT_CODE)), ("all", ("src",)))
        ),
    }


def _of_torch(device: "torch.device") -> tuple[str, int, str]:
    import torch

    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    return name, torch.get_num_threads(), torch.backends.cpu.get_cpu_capability()


def peak_memory_bytes(device: "torch.device | None") -> int:
    """Largest resident memory of this process so far; on a GPU the largest memory allocated there."""
    if device is not None and device.type == "cuda":
        import torch

        return torch.cuda.max_memory_allocated(device)
    kilobytes_or_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes_or_bytes if sys.platform == "darwin" else kilobytes_or_bytes * 1024


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor()


def _git(*arguments: str) -> str | None:
    try:
        result = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return result.stdout.strip()
