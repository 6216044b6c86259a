"""CORE-trm with the loss in bfloat16, under a name of its own so that both precisions meet in one test.

Its row in ``variants.plain`` is ``trm_bf16: {precision: bfloat16}``.
"""

from typing import Any

from recore.models.core import Core, attention_core
from recore.models.encoders import SWITCHES

SETTINGS = SWITCHES  # what a row of params.yaml may override


def build(settings: dict[str, Any], n_items: int) -> Core:
    """The model of CORE-trm; its row makes the precision."""
    return attention_core(settings, n_items, scorer="linear", gate="global", residual=False)
