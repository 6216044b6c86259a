"""CORE-DAHN with the encoder of the published code, that of ``da_table1``."""

from typing import Any

from recore.models.core import Core, attention_core
from recore.models.encoders import SWITCHES

SETTINGS = SWITCHES  # what a row of params.yaml may override


def build(settings: dict[str, Any], n_items: int) -> Core:
    """Both scorers read [fᵢ; f_last]."""
    return attention_core(settings, n_items, scorer="last", gate="learned", residual=True, attention_input="before")
