"""What the runs cost and where they were made: the part of a run's record that differs between equal runs.

python -m recore.costs     prints it for the runs of params.yaml

``cost.json`` lies beside the record of a run, where DVC neither hashes nor restores it (.dvcignore): what DVC tracks is
a function of the results alone. So a restored record has no cost, or that of another run; the hash of the training
curve, kept in the file, tells.
"""

import argparse
from pathlib import Path
from typing import Any

from recore import artifacts, params, paths
from recore.stages import run

NAME = "cost.json"
RESULT = "history.csv"


def write(record: Path, cost: dict[str, Any]) -> None:
    """Puts the cost of a run into the folder of its record, where its training curve is."""
    artifacts.write_json(record / NAME, {**cost, "of": artifacts.sha256(record / RESULT)})


def read(record: Path) -> dict[str, Any] | None:
    """train_seconds, valid_seconds, peak_memory_bytes, device, machine, versions, commit, dirty; None where unknown.

    ``record`` is the folder of a run's record. Older ones hold their cost in record.json. RecoreError for a torn file.
    """
    if not (record / NAME).exists():
        about = artifacts.read_json(record / "record.json")
        return about if "train_seconds" in about else None
    cost = artifacts.read_json(record / NAME)
    return cost if cost.pop("of") == artifacts.sha256(record / RESULT) else None


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.costs", description="Prints what the runs of params.yaml cost.")
    parser.parse_args(argv)
    given = params.load()
    variants = params.trained(given.at("variants"))
    cells = [(d, v, s) for d in given.at("datasets") for v in variants for s in given.at("seeds")]
    made = [folder for folder in (paths.record(*cell) for cell in cells) if folder.exists()]
    print("\n".join(told([read(folder) for folder in made])))


def told(costs: list[dict[str, Any] | None]) -> list[str]:
    """A line for each commit, device, machine and set of versions, and one for the runs whose cost is unknown."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for cost in filter(None, costs):
        groups.setdefault(_where(cost), []).append(cost)
    lines = []
    for where, own in groups.items():
        minutes = sum(cost["train_seconds"] + cost.get("valid_seconds", 0.0) for cost in own) / 60
        memory = max(cost["peak_memory_bytes"] for cost in own) / 1e9
        lines.append(f"{len(own)} runs, {minutes:.1f} min of training, at most {memory:.2f} GB each: {where}")
    if unknown := costs.count(None):
        lines.append(f"{unknown} runs of unknown cost: restored from DVC's cache")
    return lines


def _where(cost: dict[str, Any]) -> str:
    machine = cost["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in cost["versions"].items())
    return (
        f"commit {(cost['commit'] or 'none')[:12]}{' with changes' if cost['dirty'] else ''}; {cost['device']}; "
        f"{machine['processor']}, {machine['threads']} of {machine['cores']} cores, {machine['platform']}; {versions}"
    )


if __name__ == "__main__":
    run(main)
