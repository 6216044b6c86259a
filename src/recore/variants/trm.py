"""CORE-trm: transformer weights + cross-entropy (Eq. 2, 4 and 12; Hou et al., SIGIR 2022)."""

from typing import Any

from recore.models.core import Core, attention_core
from recore.models.encoders import SWITCHES

SETTINGS = SWITCHES  # what a row of params.yaml may override


def build(settings: dict[str, Any], n_items: int) -> Core:
    """α = softmax(w·F + b), hₛ = norm(Σ αᵢ hᵢ)."""
    return attention_core(settings, n_items, scorer="linear", gate="global", residual=False)
