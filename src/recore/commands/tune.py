"""Tunes the variants of `tune` in params.yaml on validation, and shows what was chosen beside the rows as they stand.

python -m recore tune [--device auto] [--dataset D ...]

It runs stage tune for each dataset and variant, without DVC, and continues where it was killed; data/split/DATASET is
all that it needs. Under DVC the stage does the same, and finds the trials that this command has finished.
"""

import argparse
from typing import Any

from recore import RecoreError, artifacts, params, paths, yaml12
from recore.stages import tune


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m recore tune", description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--dataset", nargs="+", help="only these of params.yaml")
    args = parser.parse_args(argv)
    given = params.load()
    searches = [(name, group) for group in params.TRAINED for name in given.tuned(group)]
    if not searches:
        raise RecoreError("params.yaml: `tune` names no variant; docs/TUNING.md has a section to paste")
    datasets = args.dataset or given.at("datasets")
    for dataset in datasets:
        if dataset not in given.at("datasets"):
            known = ", ".join(given.at("datasets"))
            raise RecoreError(f"--dataset names {dataset!r}; `datasets` of params.yaml are {known}")
        artifacts.existing(paths.split(dataset), f"make it with `dvc repro split@{dataset}`")
    for dataset in datasets:
        for name, group in searches:
            objective = ["--objective", "hybrid"] if group == "hybrid" else []
            tune.main([dataset, name, *objective, "--device", args.device])
    for dataset in datasets:
        for name, group in searches:
            found = artifacts.read_json(paths.tuned(dataset, name) / "tuned.json")
            print("\n".join(_shown(dataset, name, given.at(f"variants.{group}.{name}"), found)))


def _shown(dataset: str, name: str, row: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """The row and the choice, each as a row to paste: the choice beside the row, as NAME_tuned, or in its place if that
    is its name."""
    seeds = ", ".join(map(str, found["seeds"]))
    tuned, chosen = f"{name.removesuffix('_tuned')}_tuned", f"chosen, trial {found['trial']}"
    lines = [f"{dataset} {name}: validation {found['metric']}, {len(found['tried'])} trials, seeds {seeds}"]
    for title, of in (("as it stands", found["row"]), (chosen, found["chosen"])):
        other = of["settings"]
        own = {"encoder": name} | row | other if other else row
        flow = yaml12.dump(own).strip().replace("\n", ", ").strip("{}")
        values = ", ".join(f"{100 * value:.2f}" for value in of["values"])
        lines.append(f"  {title}: {100 * of['mean']:.3f} ({values})  {tuned if other else name}: {{{flow}}}")
    return lines
