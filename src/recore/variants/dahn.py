"""CORE-DAHN: dual attention + hybrid objective (Eq. 6 to 14, Algorithm 1)."""

from typing import Any

from recore.models.core import Core, attention_core
from recore.models.encoders import SWITCHES

SETTINGS = SWITCHES  # what a row of params.yaml may override


def build(settings: dict[str, Any], n_items: int) -> Core:
    """The encoder of CORE-DA; the row in ``variants.hybrid`` makes the objective (1 - λ)·CE + λ·BPR."""
    return attention_core(settings, n_items, scorer="position", gate="learned", residual=True)
