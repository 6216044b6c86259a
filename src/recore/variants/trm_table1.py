"""What Table 1 of the paper calls CORE-trm: the scores of Eq. 6 in place of CORE's linear w, as its code was run.

The logs of all five sets name this scorer; the file that defines it has no mean residual.
"""

from typing import Any

from recore.models.core import Core, attention_core
from recore.models.encoders import SWITCHES

SETTINGS = SWITCHES  # what a row of params.yaml may override


def build(settings: dict[str, Any], n_items: int) -> Core:
    """hₛ = norm(h⁽ᵍ⁾), and attention sees the item vectors before session dropout."""
    return attention_core(settings, n_items, scorer="position", gate="global", residual=False, attention_input="before")
