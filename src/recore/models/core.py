"""A CORE model: an item space and an encoder that stays inside it."""

from dataclasses import replace
from typing import Any

import numpy as np
from torch import Tensor, nn

from recore.models.encoders import SWITCHES, AttentionEncoder, Encoding, MeanEncoder, towards
from recore.models.fused import fused_loss
from recore.models.items import ItemSpace
from recore.models.lift import Lift
from recore.models.objectives import Objective
from recore.models.packing import Packing
from recore.models.transformer import Transformer
from recore.models.unit import unit


class Core(nn.Module):
    """Item numbers of sessions to unit session vectors (Eq. 2, 10).

    ``encoder(vectors, undropped, packing)`` gets the item vectors (T, D) of the clicks of a batch, after and before
    session dropout, and returns an ``Encoding``; what it makes of them is its own. Every parameter takes part in it.
    """

    def __init__(self, items: ItemSpace, encoder: nn.Module):
        super().__init__()
        self.items = items
        self.encoder = encoder

    def forward(self, items: Tensor, packing: Packing) -> Encoding:
        """Item numbers (T,) to sessions (B, D) of norm 1, or (B, K, D)."""
        return self._unit(self.items.embed(items), packing, items, None)

    def with_catalogue(self, items: Tensor, packing: Packing, ends: Tensor | None = None) -> tuple[Encoding, Tensor]:
        """The sessions as above, and the catalogue (V - 1, D) to score them against: what a training step needs.

        ``ends`` (B,) says of training cases where each target stands among the clicks that were ``observe``d.
        """
        vectors, catalogue = self.items.embed_with_catalogue(items)
        return self._unit(vectors, packing, items, ends), catalogue

    def loss(
        self,
        items: Tensor,
        packing: Packing,
        targets: Tensor,
        objective: Objective,
        precision: str = "float32",
        ends: Tensor | None = None,
        pool: Tensor | None = None,
        mined: list[Tensor] | None = None,
    ) -> Tensor:
        """Mean loss of a batch with the targets (B,), item numbers; ``precision`` is that of the loss (see ``fused``).

        ``pool`` (M,) are the rows of the catalogue that are mined among, where the objective has a pool; to ``mined``
        are added those that were mined, chunk by chunk.

        Of several vectors a session the one nearest the target, after item dropout, is trained, as if it were alone.
        Where own clicks have a lift, it is part of their scores, in every term of the loss.
        """
        encoding, catalogue = self.with_catalogue(items, packing, ends)
        session = encoding.session
        if session.dim() == 3:
            session = towards(session, catalogue.detach()[targets - 1])
        lift = None if encoding.lift is None else Lift(encoding.lift, items, packing, len(catalogue))
        candidates = objective.candidates(items, packing, pool)
        temperature = self.items.temperature
        return fused_loss(session, catalogue, targets, temperature, objective, precision, candidates, mined, lift)

    def observe(self, clicks: np.ndarray, offsets: np.ndarray) -> None:
        """Shown the training sessions before the first step: session s is ``clicks[offsets[s]:offsets[s + 1]]``.

        Nothing is taken from them here. What a variant takes belongs to its ``state_dict``: ranking sees no training
        click.
        """

    def encode(
        self, vectors: Tensor, undropped: Tensor, packing: Packing, items: Tensor, ends: Tensor | None
    ) -> Encoding:
        """The encoder's answer, of any norm; a variant whose encoder reads ``items`` or ``ends`` hands them on here."""
        return self.encoder(vectors, undropped, packing)

    def _unit(self, undropped: Tensor, packing: Packing, items: Tensor, ends: Tensor | None) -> Encoding:
        encoding = self.encode(self.items.session_dropout(undropped), undropped, packing, items, ends)
        vectors = encoding.session.flatten(0, -2)  # (B, D) or (B · K, D)
        return replace(encoding, session=unit(vectors).view_as(encoding.session))


def mean_core(settings: dict[str, Any], n_items: int) -> Core:
    """CORE-ave from the settings of ``train.model``."""
    return Core(item_space(settings, n_items), MeanEncoder())


def attention_core(
    settings: dict[str, Any], n_items: int, *, scorer: str, gate: str, residual: bool, attention_input: str = "after"
) -> Core:
    """A CORE model with self-attention weights.

    The switches are a variant's own (see ``encoders``); a row of params.yaml that names one wins.
    """
    switches = {"scorer": scorer, "gate": gate, "residual": residual, "attention_input": attention_input}
    switches |= {name: settings[name] for name in SWITCHES if name in settings}
    encoder = AttentionEncoder(transformer(settings), init_std=settings["init_std"], **switches)
    return Core(item_space(settings, n_items), encoder)


def transformer(settings: dict[str, Any]) -> Transformer:
    """The self-attention blocks, from the settings of ``train.model``."""
    names = ("embedding_size", "max_length", "layers", "heads", "inner_size", "hidden_dropout")
    names += ("attention_dropout", "layer_norm_eps", "init_std")
    return Transformer(**{name: settings[name] for name in names})


def item_space(settings: dict[str, Any], n_items: int) -> ItemSpace:
    """The item table with its dropouts and temperature, from the settings of ``train.model``."""
    names = ("embedding_size", "temperature", "session_dropout", "item_dropout")
    return ItemSpace(n_items, **{name: settings[name] for name in names})
