"""What pydantic finds wrong in ``params.yaml``, as one sentence."""

from datetime import date
from typing import Any

from pydantic import TypeAdapter, ValidationError

from recore import RecoreError


def check(kind: Any, value: Any, prefix: str) -> None:
    """``kind`` is what pydantic checks against: a model, or a type with bounds."""
    try:
        TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError as error:
        # A misspelt key is also a missing one: the spelling is the better sentence.
        faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
        raise RecoreError(_sentence(faults[0], value, prefix)) from None


def _sentence(fault: Any, value: Any, prefix: str) -> str:
    """Pydantic's first finding in ``value`` as one sentence with the dotted key, what stands there and the way out."""
    key = (prefix + ".".join(_keys(fault, value))).rstrip(".") or "the file"
    if fault["type"] == "extra_forbidden":
        return f"params.yaml: `{key}` is not a known key; remove it or correct its spelling"
    if fault["type"] == "missing":
        return f"params.yaml: `{key}` is missing; every value is stated in the file"
    text = fault["msg"].removeprefix("Value error, ")
    text = text[0].lower() + text[1:]
    if fault["type"] == "value_error":
        return f"params.yaml: `{key}`: {text}"
    if fault["type"] in ("dict_type", "model_type"):
        text = "it should be a map of keys to values ({} where there are none)"
    return f"params.yaml: `{key}` is {shown(fault['input'])}, but {text}"


def _keys(fault: Any, value: Any) -> list[str]:
    """The keys of ``value`` on the way to a fault; between them pydantic names the tags of its unions."""
    keys = []
    for step in fault["loc"]:
        try:
            value = value[step]
        except (TypeError, LookupError):
            continue
        keys.append(str(step))
    return [*keys, fault["loc"][-1]] if fault["type"] == "missing" else keys


def shown(value: Any) -> str:
    if value is None:
        return "empty"
    # YAML reads 2020-01-01 as a date; quotes make it text.
    return f"the date {value}" if isinstance(value, date) else repr(value)
