"""What has to hold of a row of ``variants`` beside the schema: its file is there and knows its settings."""

import importlib
import importlib.util
from pathlib import Path
from typing import Any, Literal

from recore import RecoreError, schema
from recore.findings import check, shown


def check_variant(
    tree: dict[str, Any], models: list[dict[str, Any]], group: str, name: str, row: dict[str, Any], key: str = ""
) -> None:
    """A row needs its file, and its settings need to be known there: the model's, the objective's or its own.

    The file is that of its name, or of its ``encoder``. The settings must fit every one of the ``models`` that the
    datasets train with. ``key``: where the row stands.
    """
    key = key or f"variants.{group}.{name}"
    module = _module(name, row, key)
    row = {setting: value for setting, value in row.items() if setting != "encoder"}
    shared = {setting: value for setting, value in row.items() if setting in tree["train"]["model"]}
    for model in models:
        check(schema.Model, model | shared, f"{key}.")
    objective = schema.Objective.model_fields if group == "hybrid" else ()
    given = schema.LATER | tree
    numbers = {setting: row.get(setting, given[setting]) for setting in schema.Objective.model_fields}
    check(schema.Objective, numbers, f"{key}.")
    of_train = {setting: row[setting] for setting in schema.OfTrain.model_fields if setting in row}
    check(schema.OfTrain, of_train, f"{key}.")
    unknown = [setting for setting in row if setting not in {*shared, *objective, *of_train}]
    if not unknown:
        return
    # Only a row with settings of its own pays for this import: it loads torch.
    own: dict[str, Any] = getattr(importlib.import_module(module), "SETTINGS", {})
    for setting in unknown:
        if setting not in own:
            known = ", ".join([*tree["train"]["model"], *objective, *schema.OfTrain.model_fields, *own, "encoder"])
            raise RecoreError(f"params.yaml: `{key}.{setting}` is not a known setting; known are {known}")
        allowed = own[setting]
        check(Literal[allowed] if isinstance(allowed, tuple) else allowed, row[setting], f"{key}.{setting}")


def _module(name: str, row: dict[str, Any], key: str) -> str:
    """The file of a row as Python names it; RecoreError where it is not there, or where there are two."""
    if "encoder" in row:
        check(schema.VariantName, row["encoder"], f"{key}.encoder")
    encoder = row.get("encoder", name)
    if not _is_there(encoder):
        raise RecoreError(
            f"params.yaml: `{key}.encoder` is {shown(encoder)}, but there is no file src/recore/variants/{encoder}.py; "
            "write it or correct the name"
            if "encoder" in row
            else f"params.yaml: `{key}` has no file src/recore/variants/{name}.py; write it, name that of another "
            "variant with `encoder`, or correct the name"
        )
    if encoder != name and _is_there(name):
        raise RecoreError(
            f"params.yaml: `{key}` has a file of its own, src/recore/variants/{name}.py, and names another, {encoder}; "
            "give the row another name or remove `encoder`"
        )
    return f"recore.variants.{encoder}"


def _is_there(encoder: str) -> bool:
    return importlib.util.find_spec(f"recore.variants.{encoder}") is not None


def check_baseline(name: str, row: dict[str, Any]) -> None:
    """A row needs its file, and its settings, fixed or tuned, must be those of the file's ``Settings``."""
    key, module = f"variants.baselines.{name}", f"recore.baselines.{name}"
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise RecoreError(
            f"params.yaml: `{key}` has no file src/recore/baselines/{name}.py; write it or correct the name"
        )
    if "def fit(" not in Path(spec.origin).read_text(encoding="utf-8"):
        raise RecoreError(
            f"params.yaml: `{key}` is no baseline: src/recore/baselines/{name}.py fits nothing; remove it"
        )
    if not row:
        return  # importing a method takes as long as the start of a stage
    settings = importlib.import_module(module).Settings
    grid = row.get("tune", {})
    fixed = {setting: value for setting, value in row.items() if setting != "tune"}
    check(settings, fixed, f"{key}.")
    if not isinstance(grid, dict):
        raise RecoreError(f"params.yaml: `{key}.tune` is {shown(grid)}; it is a map of settings to lists of values")
    for setting, values in grid.items():
        if not isinstance(values, list) or not values:
            raise RecoreError(f"params.yaml: `{key}.tune.{setting}` is {shown(values)}; it is a list of values to try")
        if setting in fixed:
            raise RecoreError(f"params.yaml: `{key}` fixes {setting} and tunes it; keep one")
        for value in values:
            check(settings, {setting: value}, f"{key}.tune.")
