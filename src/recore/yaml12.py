"""YAML as DVC reads and writes it: version 1.2, by the parser and the writer that DVC itself uses.

By YAML 1.1, which PyYAML reads, DVC's own ``1e-05`` is text, ``010`` is 8, and of two equal keys the second one wins.
"""

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from recore import RecoreError

NO_WRAP = 4096  # characters a line: a long address stays beside its key


def read(path: Path) -> Any:
    """The value of a file; RecoreError, in one sentence, where it is not YAML or not UTF-8."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise RecoreError(f"{path} is not YAML: it is not UTF-8 ({error}); save it as UTF-8") from None


def parse(text: str, name: str) -> Any:
    """The value of the text of a file called ``name``: an empty one is an empty map, as it is for DVC."""
    try:
        return YAML(typ="safe").load(text) or {}
    except YAMLError as error:
        raise RecoreError(f"{name} is not YAML: {_sentence(error)}") from None
    except (ValueError, LookupError) as error:
        # It looks like a date or a number and is none, such as 2020-13-45 or 0x_.
        raise RecoreError(f"{name} has a value that is not YAML: {error}; put quotes around it if it is text") from None


def dump(tree: Any) -> str:
    """The text of a value, keys in their order; ``parse``, and DVC, read it as the same value."""
    writer, text = YAML(), io.StringIO()
    writer.default_flow_style = False
    writer.width = NO_WRAP
    writer.dump(tree, text)
    return text.getvalue()


def _sentence(error: YAMLError) -> str:
    """Where and what is wrong, in one line."""
    if not isinstance(error, MarkedYAMLError):
        return " ".join(str(error).split())
    what = ", ".join(" ".join(part.split()) for part in (error.context, error.problem) if part)
    if isinstance(error, DuplicateKeyError):
        # What stands under the two keys may be long; the line says where to look.
        what = f"{error.problem.partition(' with value ')[0]}; keep one of the two"
    mark = error.problem_mark or error.context_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: {what}"
