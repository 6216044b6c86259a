"""Seconds and peak memory of the significance stage at full size, on generated ranks; goal: 20 s and 2 GB on 2 cores.

    PYTHONPATH=src python benchmarks/significance.py [--datasets 5] [--seeds 5] [--cases 60000]

Runs the stage itself, in a temporary folder, on the variants, cutoffs and comparisons of params.yaml: reading the
ranks, checking them, the means of runs and groups, every test, writing the tables. Only the generation of the ranks
is not counted.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from recore import paths, yaml12
from recore.data.sessions import Sessions, offsets_of
from recore.evaluation.identity import CASES, cases_hash
from recore.params import Params
from recore.stages import significance

DATASETS = ("diginetica", "nowplaying", "retailrocket", "tmall", "yoochoose")
ROOT = Path(__file__).parents[1]
N_ITEMS = 40_000


def generate(dataset: str, runs: list[tuple[str, int | None]], n_cases: int) -> None:
    """Ranks of every run on one test set, with sessions of three cases on average, and train clicks."""
    random = np.random.default_rng(DATASETS.index(dataset))
    cases = pd.DataFrame(
        {
            "session": np.sort(random.integers(0, n_cases // 3, n_cases)),
            "position": random.integers(1, 51, n_cases).astype(np.int32),
            "target": random.integers(1, N_ITEMS, n_cases).astype(np.int32),
            "tied": np.ones(n_cases, np.int32),
        }
    )
    ease = np.clip(random.lognormal(-3.5, 1, n_cases), 1e-4, 1)
    meta = {"test_hash": cases_hash(*(cases[name].to_numpy() for name in CASES)), "n_items": N_ITEMS}
    for variant, seed in runs:
        folder = paths.ranks(dataset, variant, seed)
        folder.mkdir(parents=True)
        above = random.geometric(ease).astype(np.int32) - 1
        cases.assign(above=above).to_parquet(folder / "cases.parquet", index=False)
        (folder / "meta.json").write_text(json.dumps(meta))
    paths.split(dataset).mkdir(parents=True)
    items = random.integers(1, N_ITEMS, 10 * n_cases).astype(np.int32)
    sessions = np.arange(n_cases)
    Sessions(items, offsets_of(np.full(n_cases, 10)), sessions, sessions).save(paths.split(dataset), "train")
    sizes = cases.groupby("session").size().to_numpy()
    clicks = np.insert(cases["target"].to_numpy(), np.cumsum(sizes) - sizes, 1)
    sessions = np.arange(len(sizes))
    Sessions(clicks, offsets_of(sizes + 1), sessions, sessions).save(paths.split(dataset), "test")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--datasets", type=int, default=5, help=f"at most {len(DATASETS)}")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cases", type=int, default=60_000)
    options = parser.parse_args()
    datasets, seeds = list(DATASETS[: options.datasets]), list(range(options.seeds))
    tree = yaml12.read(ROOT / "params.yaml") | {"datasets": datasets, "seeds": seeds}
    runs = [(variant, seed) for variant, own in Params(tree).made().items() for seed in own]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        paths.PARAMS.write_text(yaml12.dump(tree))
        spent = 0.0
        for dataset in datasets:
            generate(dataset, runs, options.cases)
            start = time.perf_counter()
            significance.main([dataset])
            spent += time.perf_counter() - start
        tests = len(pd.read_csv(paths.significance(datasets[0]) / "comparisons.csv"))
        os.chdir(ROOT)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    size = f"{len(datasets)} datasets x {len(runs)} runs x {options.cases} cases, {tests} tests each"
    print(f"{size}: {spent:.2f} s, peak memory {peak:.2f} GiB (generation included)")


if __name__ == "__main__":
    main()
