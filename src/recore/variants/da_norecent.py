"""CORE-DA without its recent branch, which is CORE-DA with its gate fixed to the global one (section 5.8)."""

from typing import Any

from recore.models.core import Core, attention_core
from recore.models.encoders import SWITCHES

SETTINGS = SWITCHES  # what a row of params.yaml may override


def build(settings: dict[str, Any], n_items: int) -> Core:
    """hₛ = norm(h⁽ᵍ⁾ + 1/m Σ hᵢ) with the scores of Eq. 6."""
    return attention_core(settings, n_items, scorer="position", gate="global", residual=True)
