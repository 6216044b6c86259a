"""CORE-trm whose attention sees the item vectors before session dropout, as in the code of the paper."""

from typing import Any

from recore.models.core import Core, attention_core
from recore.models.encoders import SWITCHES

SETTINGS = SWITCHES  # what a row of params.yaml may override


def build(settings: dict[str, Any], n_items: int) -> Core:
    """CORE-trm but for what the transformer reads; the session is still made of the dropped-out vectors."""
    return attention_core(settings, n_items, scorer="linear", gate="global", residual=False, attention_input="before")
