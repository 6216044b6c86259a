"""What the runs cost and where they were made: the part of a run's record that differs between equal runs.

``cost.json`` lies beside the record of a run, where DVC neither hashes nor restores it (.dvcignore): what DVC tracks is
a function of the results alone. So a restored record has no cost, or that of another run; the hash of the training
curve, or of the record of a baseline, which has none, is kept in the file and tells.
"""

import json
from pathlib import Path
from typing import Any

from recore import artifacts

NAME = "cost.json"
RESULTS = ("history.csv", "record.json")  # of what is there, the first


def write(record: Path, cost: dict[str, Any]) -> None:
    """Puts the cost of a run into the folder of its record, where its results are."""
    artifacts.write_json(record / NAME, {**cost, "of": _hash(record)})


def read(record: Path) -> dict[str, Any] | None:
    """train_seconds, valid_seconds, peak_memory_bytes, device, machine, versions, commit, dirty; None where unknown.

    ``record`` is the folder of a run's record. Older ones hold their cost in record.json. RecoreError for a torn file.
    """
    if not (record / NAME).exists():
        about = artifacts.read_json(record / "record.json")
        return about if "train_seconds" in about else None
    with artifacts.reading(record / NAME) as file:
        cost = json.loads(file.read_text(encoding="utf-8"))
        of = cost.pop("of")
    return cost if of == _hash(record) else None


def processor(machine: dict[str, Any]) -> str:
    """Its name and the instructions that PyTorch used, where a cost says so: one name may stand for several."""
    used = machine.get("instructions")
    return f"{machine['processor']} ({used})" if used else machine["processor"]


def _hash(record: Path) -> str | None:
    """None where no results are there."""
    return next((artifacts.sha256(record / name) for name in RESULTS if (record / name).exists()), None)
