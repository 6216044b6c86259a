"""What stage evaluate left, read back: the ranks of every test case.

The cells that params names are read, never what happens to lie in a folder.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from recore import RecoreError, artifacts, paths


@dataclass(frozen=True)
class Run:
    """The ranks of one run (dataset × variant × seed), a value a test case; the counts are those of ``metrics``."""

    variant: str
    seed: int
    test_hash: str  # equal hash: same cases in the same order
    weights_hash: str | None  # of what ranked them; None where the ranks do not say
    above: np.ndarray  # (N,) int32
    tied: np.ndarray  # (N,) int32
    gate: np.ndarray | None  # (N,) float32, the share given to the recent branch, where the variant has one


def read_runs(dataset: str, seeds: dict[str, list[int]]) -> list[Run]:
    """Every variant on its seeds, in this order; RecoreError names the first cell that is missing."""
    return [_read_run(dataset, variant, seed) for variant, own in seeds.items() for seed in own]


def seeds_at_last_look(
    dataset: str, variants: list[str], seeds: list[int], looks: list[int] | None
) -> dict[str, list[int]]:
    """The seeds of each variant that count: all of them, or with looks those of its last look that is whole.

    Looks are numbers of seeds, ascending. RecoreError where a variant has not reached the first.
    """
    if looks is None:
        return dict.fromkeys(variants, seeds)
    counted = {}
    for variant in variants:
        made = seeds_made(dataset, variant, seeds)
        reached = max((look for look in looks if look <= made), default=0)
        if not reached:
            raise RecoreError(
                f"{dataset}: {variant} has ranks of {made} of the {looks[0]} seeds of the first look; "
                "`make decide` makes the others"
            )
        counted[variant] = seeds[:reached]
    return counted


def check_external(dataset: str, rows: dict[str, dict[str, str]], seeds: list[int], looks: list[int] | None) -> None:
    """RecoreError where a row of `variants.external` has not the seeds of the first look, or, without looks, all."""
    needed = looks[0] if looks else len(seeds)
    for variant, row in rows.items():
        made = seeds_made(dataset, variant, seeds)
        if 0 < made < needed:
            raise RecoreError(
                f"{dataset}: {variant} has ranks of {made} of {needed} seeds, because record {row['record']} has none "
                f"of {row['variant']} under seed {seeds[made]}; name seeds that it has"
            )


def seeds_made(dataset: str, variant: str, seeds: list[int]) -> int:
    """How many of the seeds have ranks, counted from the first up to the first that has none."""
    missing = (i for i, seed in enumerate(seeds) if not paths.ranks(dataset, variant, seed).exists())
    return next(missing, len(seeds))


def read_cases(dataset: str, variant: str, seed: int) -> pd.DataFrame:
    """session, position (clicks of the prefix) and target of every test case, as this run saw them."""
    with artifacts.reading(paths.ranks(dataset, variant, seed) / "cases.parquet") as file:
        return pd.read_parquet(file, columns=["session", "position", "target"])


def _read_run(dataset: str, variant: str, seed: int) -> Run:
    folder = paths.ranks(dataset, variant, seed)
    if not folder.exists():
        raise RecoreError(
            f"{folder} does not exist: {dataset}, {variant}, seed {seed} has no ranks; `dvc repro` trains and tests it"
        )
    meta = artifacts.read_json(folder / "meta.json")
    with artifacts.reading(folder / "cases.parquet") as file:
        cases = pd.read_parquet(file)
        gate = cases["gate"].to_numpy() if "gate" in cases else None
        hashes = meta["test_hash"], meta.get("weights_hash")
        return Run(variant, seed, *hashes, cases["above"].to_numpy(), cases["tied"].to_numpy(), gate)
