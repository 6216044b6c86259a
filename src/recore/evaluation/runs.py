"""What stage evaluate left, read back: the ranks of every test case.

The runs that params names are read, never what happens to lie in a folder.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from recore import RecoreError, artifacts, paths
from recore.evaluation.identity import CASES, cases_hash


@dataclass(frozen=True)
class Run:
    """The ranks of one run (dataset × variant × seed), a value a test case; the counts are those of ``expected``."""

    variant: str
    seed: int | None  # None: fitted without one, so this is its only run
    test_hash: str  # equal hash: same cases in the same order
    weights_hash: str | None  # of what ranked them; None where the ranks do not say
    above: np.ndarray  # (N,) int32
    tied: np.ndarray  # (N,) int32
    gate: np.ndarray | None  # (N,) float32, the share given to the recent branch, where the variant has one
    recommended: dict[str, Any] | None = None  # as ``Recommended.summary`` has it; None where the ranks do not say
    listed: bool = False  # from lists of another program, which do not show every tie
    taken: dict[str, Any] | None = None  # as ``taken_for`` has it, where they were made elsewhere
    held: dict[str, Any] | None = None  # as ``gate.counterfactuals`` has it; None where there is none


Seeds = list[int] | list[None]  # of a variant; [None]: it has one run, without a seed


def read_runs(dataset: str, seeds: dict[str, Seeds]) -> list[Run]:
    """Every variant on its seeds, in this order; RecoreError names the first run that is missing."""
    return [_read_run(dataset, variant, seed) for variant, own in seeds.items() for seed in own]


def has_seeds(dataset: str, groups: dict[str, dict[str, Any]]) -> dict[str, bool]:
    """Whether each variant of the section ``variants`` of params.yaml has a run for each seed, in its order.

    A baseline has one in all, and so has an external row that names one ``file``. Of a row that takes its ranks from a
    record only these tell, once stage external has left them.
    """

    def has(group: str, name: str, row: dict[str, Any]) -> bool:
        if group == "external" and "record" in row:
            return not paths.ranks(dataset, name, None).exists()
        return group != "baselines" and not (group == "external" and "file" in row)

    return {name: has(group, name, row) for group, rows in groups.items() for name, row in rows.items()}


def seeds_at_last_look(
    dataset: str, variants: dict[str, bool], seeds: list[int], looks: list[int] | None
) -> dict[str, Seeds]:
    """The seeds of each variant that count: all of them, or with looks those of its last look that is whole.

    variants: whether each has seeds; one without is there at every look. Looks are numbers of seeds, ascending.
    RecoreError where a variant has not reached the first.
    """
    counted: dict[str, Seeds] = {}
    for variant, seeded in variants.items():
        if not seeded:
            counted[variant] = [None]
        else:
            counted[variant] = seeds if looks is None else seeds[: _last_look(dataset, variant, seeds, looks)]
    return counted


def taken_for(row: dict[str, Any], cutoffs: list[int]) -> dict[str, Any]:
    """What the ranks of a row of ``variants.external`` depend on in params.yaml, as JSON keeps it."""
    return json.loads(json.dumps({"row": row, "depth": max(cutoffs)}))


def check_taken(dataset: str, runs: list[Run], rows: dict[str, dict[str, Any]], cutoffs: list[int]) -> None:
    """RecoreError where ranks from elsewhere are of another row than it is now, or lists of other cutoffs."""
    for run in runs:
        if run.variant in rows and run.taken != taken_for(rows[run.variant], cutoffs):
            raise RecoreError(
                f"{dataset}: the ranks of {run.variant} were taken when `variants.external.{run.variant}` or "
                "`evaluate.cutoffs` said something else; `dvc repro` takes them again"
            )


def check_external(dataset: str, rows: dict[str, dict[str, Any]], seeds: list[int], looks: list[int] | None) -> None:
    """RecoreError where a row of `variants.external` has not the seeds of the first look, or, without looks, all.

    One that has no seeds at all has none in the files that are counted here.
    """
    needed = looks[0] if looks else len(seeds)
    for variant, row in rows.items():
        made = seeds_made(dataset, variant, seeds)
        if 0 < made < needed:
            lacks = f"record {row['record']} has none of {row['variant']}" if "record" in row else "its row has no file"
            raise RecoreError(
                f"{dataset}: {variant} has ranks of {made} of {needed} seeds, because {lacks} under seed "
                f"{seeds[made]}; name seeds that it has"
            )


def _last_look(dataset: str, variant: str, seeds: list[int], looks: list[int]) -> int:
    made = seeds_made(dataset, variant, seeds)
    reached = max((look for look in looks if look <= made), default=0)
    if not reached:
        raise RecoreError(
            f"{dataset}: {variant} has ranks of {made} of the {looks[0]} seeds of the first look; "
            "`make decide` makes the others"
        )
    return reached


def seeds_made(dataset: str, variant: str, seeds: list[int]) -> int:
    """How many of the seeds have ranks, counted from the first up to the first that has none."""
    missing = (i for i, seed in enumerate(seeds) if not paths.ranks(dataset, variant, seed).exists())
    return next(missing, len(seeds))


def read_cases(dataset: str, variant: str, seed: int | None) -> pd.DataFrame:
    """session, position (clicks of the prefix) and target of every test case, as this run saw them."""
    with artifacts.reading(paths.ranks(dataset, variant, seed) / "cases.parquet") as file:
        return pd.read_parquet(file, columns=list(CASES))


def _read_run(dataset: str, variant: str, seed: int | None) -> Run:
    folder = paths.ranks(dataset, variant, seed)
    if not folder.exists():
        named = variant if seed is None else f"{variant}, seed {seed}"
        raise RecoreError(f"{folder} does not exist: {dataset}, {named} has no ranks; `dvc repro` makes them")
    meta = artifacts.read_json(folder / "meta.json")
    with artifacts.reading(folder / "cases.parquet") as file:
        cases = pd.read_parquet(file)
        gate = cases["gate"].to_numpy() if "gate" in cases else None
        if cases_hash(*(cases[name].to_numpy() for name in CASES)) != meta["test_hash"]:
            raise ValueError("its rows are not the test cases that meta.json names")
        hashes = meta["test_hash"], meta.get("weights_hash")
        counts = cases["above"].to_numpy(), cases["tied"].to_numpy()
        return Run(
            variant,
            seed,
            *hashes,
            *counts,
            gate,
            meta.get("recommended"),
            meta.get("listed", False),
            meta.get("taken"),
            meta.get("held"),
        )
