"""Values of trials that are finished, so that a search that was killed continues where it was.

data/trials/DATASET/VARIANT/KEY.json holds what a trial read and what it came to; its key is the hash of what it read:
settings, seed, the training and validation sessions and the code. It is no output of a stage: nobody reads it but the
search that left it, and it may be deleted.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import recore
from recore import RecoreError, artifacts

CODE = ("data", "evaluation", "models", "training")


def inputs(split: Path, encoder: str) -> dict[str, str]:
    """The hash of every file that the trials of a variant of this encoder read."""
    root = Path(recore.__file__).parent
    code = [file for room in CODE for file in (root / room).rglob("*.py")] + [root / "variants" / f"{encoder}.py"]
    sessions = [file for part in ("train", "valid") for file in split.glob(f"{part}.*.npy")]
    named = {file.relative_to(root).as_posix(): file for file in code} | {file.name: file for file in sessions}
    return {name: artifacts.sha256(file) for name, file in sorted(named.items())}


def read(folder: Path, given: dict[str, Any]) -> dict[str, float] | None:
    """What the trial that was ``given`` this came to; None where it is not kept whole."""
    file = _file(folder, given)
    if not file.exists():
        return None
    try:
        return artifacts.read_json(file)["valid"]
    except (RecoreError, KeyError, TypeError):
        return None


def write(folder: Path, given: dict[str, Any], valid: dict[str, float]) -> None:
    artifacts.write_json(_file(folder, given), {"given": given, "valid": valid})


def _file(folder: Path, given: dict[str, Any]) -> Path:
    key = hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()
    return folder / f"{key[:16]}.json"
