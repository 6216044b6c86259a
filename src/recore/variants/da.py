"""CORE-DA: dual attention + cross-entropy (Eq. 6 to 10 and 12)."""

from typing import Any

from recore.models.core import Core, attention_core
from recore.models.encoders import SWITCHES

SETTINGS = SWITCHES  # what a row of params.yaml may override


def build(settings: dict[str, Any], n_items: int) -> Core:
    """hₛ = norm(g₁ h⁽ᵍ⁾ + g₂ h⁽ʳ⁾ + 1/m Σ hᵢ), the gate g learned."""
    return attention_core(settings, n_items, scorer="position", gate="learned", residual=True)
