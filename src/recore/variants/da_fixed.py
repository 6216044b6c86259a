"""CORE-DA with the constant shares that the published code has in place of the gate of Eq. 9."""

from typing import Any

from recore.models.core import Core, attention_core
from recore.models.encoders import SWITCHES

SETTINGS = SWITCHES  # what a row of params.yaml may override


def build(settings: dict[str, Any], n_items: int) -> Core:
    """hₛ = norm(0.6 h⁽ᵍ⁾ + 0.4 h⁽ʳ⁾ + 1/m Σ hᵢ)."""
    return attention_core(settings, n_items, scorer="position", gate="fixed", residual=True)
