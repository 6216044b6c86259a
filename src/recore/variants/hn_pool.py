"""CORE-HN that mines among a few items drawn anew for every step (``hard_neg_pool``).

Its row in ``variants.hybrid`` is ``hn_pool: {hard_neg_pool: 1024}``.
"""

from typing import Any

from recore.models.core import Core, attention_core
from recore.models.encoders import SWITCHES

SETTINGS = SWITCHES  # what a row of params.yaml may override


def build(settings: dict[str, Any], n_items: int) -> Core:
    """The encoder of CORE-HN, under a name of its own so that both meet in one test."""
    return attention_core(settings, n_items, scorer="linear", gate="global", residual=False)
