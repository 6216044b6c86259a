"""CORE-ave: mean encoder + cross-entropy (Eq. 2, 3 and 12; Hou et al., SIGIR 2022)."""

from typing import Any

from recore.models.core import Core, mean_core


def build(settings: dict[str, Any], n_items: int) -> Core:
    """hₛ = norm(1/m Σ hᵢ)."""
    return mean_core(settings, n_items)
