"""CORE-HN with K = 64, as the published settings file says where the paper's text says 5.

Its row in ``variants.hybrid`` is ``hn64: {hard_neg_k: 64}``.
"""

from typing import Any

from recore.models.core import Core, attention_core
from recore.models.encoders import SWITCHES

SETTINGS = SWITCHES  # what a row of params.yaml may override


def build(settings: dict[str, Any], n_items: int) -> Core:
    """The encoder of CORE-HN, under a name of its own so that both meet in one test."""
    return attention_core(settings, n_items, scorer="linear", gate="global", residual=False)
