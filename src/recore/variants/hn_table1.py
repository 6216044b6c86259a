"""What Table 1 calls CORE-HN: another encoder than its CORE-trm, with the mean residual.

The only log of it in the paper's repository, of Diginetica, has K = 5.
"""

from typing import Any

from recore.models.core import Core, attention_core
from recore.models.encoders import SWITCHES

SETTINGS = SWITCHES  # what a row of params.yaml may override


def build(settings: dict[str, Any], n_items: int) -> Core:
    """hₛ = norm(h⁽ᵍ⁾ + 1/m Σ hᵢ) with the scores of Eq. 6, and attention sees vectors before session dropout."""
    return attention_core(settings, n_items, scorer="position", gate="global", residual=True, attention_input="before")
