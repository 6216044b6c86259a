"""What stage evaluate left of each run, read back: the ranks of every test case.

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
    above: np.ndarray  # (N,) int32
    tied: np.ndarray  # (N,) int32
    gate: np.ndarray | None  # (N,) float32, the share given to the recent branch, where the variant has one


def read_runs(dataset: str, variants: list[str], seeds: list[int]) -> list[Run]:
    """Every variant on every seed, in this order; RecoreError names the first cell that is missing."""
    return [_read_run(dataset, variant, seed) for variant in variants for seed in seeds]


def read_cases(dataset: str, variant: str, seed: int) -> pd.DataFrame:
    """session, position (clicks of the prefix) and target of every test case, as this run saw them."""
    file = artifacts.existing(paths.ranks(dataset, variant, seed) / "cases.parquet")
    return pd.read_parquet(file, columns=["session", "position", "target"])


def _read_run(dataset: str, variant: str, seed: int) -> Run:
    folder = paths.ranks(dataset, variant, seed)
    if not folder.exists():
        raise RecoreError(
            f"{folder} does not exist: {dataset}, {variant}, seed {seed} has no ranks; `dvc repro` trains and tests it"
        )
    meta = artifacts.read_json(folder / "meta.json")
    cases = pd.read_parquet(artifacts.existing(folder / "cases.parquet"))
    gate = cases["gate"].to_numpy() if "gate" in cases else None
    return Run(variant, seed, meta["test_hash"], cases["above"].to_numpy(), cases["tied"].to_numpy(), gate)
