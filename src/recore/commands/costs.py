"""What the runs of params.yaml cost and where they were made.

python -m recore costs
"""

import argparse
from typing import Any

from recore import RecoreError, costs, params, paths


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m recore costs", description="Prints what the runs of params.yaml cost."
    )
    parser.parse_args(argv)
    given = params.load()
    made = [folder for folder in (paths.record(*run) for run in given.runs()) if folder.exists()]
    if not made:
        raise RecoreError("no run of params.yaml has been made; `make repro` makes them")
    print("\n".join(told([costs.read(folder) for folder in made])))


def told(known: list[dict[str, Any] | None]) -> list[str]:
    """A line for each commit, device, machine and set of versions, and one for the runs whose cost is unknown."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for cost in filter(None, known):
        groups.setdefault(_where(cost), []).append(cost)
    lines = []
    for where, own in groups.items():
        minutes = sum(cost["train_seconds"] + cost.get("valid_seconds", 0.0) for cost in own) / 60
        memory = max(cost["peak_memory_bytes"] for cost in own) / 1e9
        lines.append(f"{len(own)} runs, {minutes:.1f} min of training, at most {memory:.2f} GB each: {where}")
    if unknown := known.count(None):
        lines.append(f"{unknown} runs of unknown cost: restored from DVC's cache")
    return lines


def _where(cost: dict[str, Any]) -> str:
    machine = cost["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in cost["versions"].items())
    return (
        f"commit {(cost['commit'] or 'none')[:12]}{' with changes' if cost['dirty'] else ''}; {cost['device']}; "
        f"{costs.processor(machine)}, {machine['threads']} of {machine['cores']} cores, "
        f"{machine['platform']}; {versions}"
    )
