"""The settings of one run: what params.yaml says of training, of the model and of the objective, put together."""

from dataclasses import dataclass, fields
from typing import Any

from recore.models.objectives import CROSS_ENTROPY, Objective
from recore.params import Params

OF_TRAIN = ("precision", "learning_rate")  # what a row may say of ``train`` beside its model


@dataclass(frozen=True)
class Settings:
    """``train`` as the source overrides it; ``precision``, ``learning_rate``, ``model`` and ``objective`` as the row
    does. ``encoder``: the file of ``variants`` that builds the model, that of the variant's name if the row says none.
    """

    encoder: str
    train: dict[str, Any]
    model: dict[str, Any]
    objective: Objective

    @classmethod
    def of(
        cls, given: Params, dataset: str, variant: str, hybrid: bool, tried: dict[str, Any] | None = None
    ) -> "Settings":
        """``tried``: settings on top of the row. RecoreError where params.yaml does not name the dataset or variant."""
        train = overridden(given.at("train"), given.at(f"sources.{dataset}.train"))
        row = given.at(f"variants.{'hybrid' if hybrid else 'plain'}.{variant}") | (tried or {})
        encoder = row.pop("encoder", variant)
        objective = CROSS_ENTROPY
        if hybrid:
            names = [field.name for field in fields(Objective)]
            objective = Objective(**{name: row.pop(name, given.at(name)) for name in names})
        own = {name: row.pop(name) for name in OF_TRAIN if name in row}
        return cls(encoder, {"precision": "float32"} | train | own, train["model"] | row, objective)


def overridden(train: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """``train`` with the values of ``own`` on top; those of ``model`` one by one."""
    return train | own | {"model": train["model"] | own.get("model", {})}
