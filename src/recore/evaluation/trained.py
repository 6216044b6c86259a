"""What stage train left, as a model again."""

import importlib
import json
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file

from recore import RecoreError, artifacts, paths
from recore.models.core import Core


@dataclass(frozen=True)
class Trained:
    """A model with the weights of its best epoch, on the CPU, and what it was trained on."""

    model: Core
    n_items: int
    trained_on: str | None  # ``clicks_hash`` of its split; None of a model of older code
    max_length: int  # clicks of a session that are read, the last ones
    weights: Path


def read_trained(dataset: str, variant: str, seed: int) -> Trained:
    """The model of one run; RecoreError where there is none, and it names those that there are."""
    folder = _folder(dataset, variant, str(seed))
    weights = folder / "weights.safetensors"
    with artifacts.reading(folder / "config.json") as file:
        config = json.loads(file.read_text(encoding="utf-8"))
        settings, n_items, max_length = config["settings"], config["n_items"], config["settings"]["max_length"]
        encoder, trained_on = config.get("encoder", variant), config.get("trained_on")  # older code says neither
    module = f"recore.variants.{encoder}"
    try:
        build = importlib.import_module(module).build
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise RecoreError(
            f"{folder} was trained as variant {variant!r}, but src/recore/variants/{encoder}.py is not there; "
            "check out the code that trained it"
        ) from None
    model = build(settings, n_items)
    with artifacts.reading(weights) as file:
        model.load_state_dict(load_file(file))
    return Trained(model, n_items, trained_on, max_length, weights)


def _folder(dataset: str, variant: str, seed: str) -> Path:
    folder = artifacts.existing(paths.MODELS, "run this where params.yaml is, after `dvc repro` there")
    for kind, name in (("dataset", dataset), ("variant", variant), ("seed", seed)):
        there = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        if name not in there:
            raise RecoreError(
                f"{folder} has no {kind} {name!r}; it has {', '.join(there) or 'none'}, and `dvc repro` trains what "
                "params.yaml names"
            )
        folder /= name
    return folder
