"""CORE-DA as published: the global scorer is fed [fᵢ; f_last] like the recent one, where Eq. 6 says [fᵢ; pᵢ]."""

from typing import Any

from recore.models.core import Core, attention_core
from recore.models.encoders import SWITCHES

SETTINGS = SWITCHES  # what a row of params.yaml may override


def build(settings: dict[str, Any], n_items: int) -> Core:
    """CORE-DA but for the partner of its global scorer."""
    return attention_core(settings, n_items, scorer="last", gate="learned", residual=True)
