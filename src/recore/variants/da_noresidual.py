"""CORE-DA without the mean residual of Eq. 10."""

from typing import Any

from recore.models.core import Core, attention_core
from recore.models.encoders import SWITCHES

SETTINGS = SWITCHES  # what a row of params.yaml may override


def build(settings: dict[str, Any], n_items: int) -> Core:
    """hₛ = norm(g₁ h⁽ᵍ⁾ + g₂ h⁽ʳ⁾)."""
    return attention_core(settings, n_items, scorer="position", gate="learned", residual=False)
