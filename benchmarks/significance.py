"""Seconds and peak memory of the significance stage at full size, on generated ranks; goal: 20 s and 2 GB on 2 cores.

    PYTHONPATH=src python benchmarks/significance.py [--datasets 5] [--seeds 5] [--cases 60000]

Each dataset has five variants on the given seeds, three cutoffs and six comparisons, as in params.yaml. Making the
ranks is not counted; reading them from parquet is (about 1 ms a run).
"""

import argparse
import resource
import time

import numpy as np

from recore.evaluation.metrics import metric_table
from recore.significance.comparisons import Plan, arms_of, compare_all
from recore.significance.family import corrected
from recore.significance.runs import Run, check_runs, sessions_of

VARIANTS = ("ave", "trm", "da", "hn", "dahn")
PAIRS = [("ave", "trm"), ("da", "trm"), ("hn", "trm"), ("dahn", "trm"), ("dahn", "da"), ("dahn", "hn")]
CUTOFFS = [20, 10, 5]


def generated(n_seeds: int, n_cases: int, seed: int) -> tuple[list[Run], np.ndarray]:
    """Runs on one test set with sessions of three cases on average, and the session of each case (N,)."""
    random = np.random.default_rng(seed)
    session = np.sort(random.integers(0, n_cases // 3, n_cases))
    ease = random.lognormal(-3.5, 1, n_cases)
    runs = [
        Run(variant, s, "generated", _geometric(random, ease), np.ones(n_cases, np.int32))
        for variant in VARIANTS
        for s in range(n_seeds)
    ]
    return runs, session


def _geometric(random: np.random.Generator, ease: np.ndarray) -> np.ndarray:
    return random.geometric(np.clip(ease, 1e-4, 1)).astype(np.int32) - 1


def compared(runs: list[Run], session: np.ndarray, plan: Plan):
    check_runs("generated", runs)
    sessions = sessions_of(session)
    arms = {}
    for variant in VARIANTS:
        tables = [metric_table(run.above, run.tied, CUTOFFS) for run in runs if run.variant == variant]
        arms[variant] = arms_of(tables, sessions)
    metrics = [f"{name}@{k}" for k in CUTOFFS for name in ("recall", "mrr", "ndcg")]
    return compare_all("generated", arms, sessions, metrics, plan)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--datasets", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cases", type=int, default=60_000)
    options = parser.parse_args()
    plan = Plan(PAIRS, {"mrr@20": 0.002, "recall@20": 0.005}, alpha=0.05, power=0.8)
    spent = 0.0
    for dataset in range(options.datasets):
        runs, session = generated(options.seeds, options.cases, dataset)
        start = time.perf_counter()
        table = corrected(compared(runs, session, plan), set(), plan.alpha)
        spent += time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    size = f"{options.datasets} datasets x {len(runs)} runs x {options.cases} cases, {len(table)} tests each"
    print(f"{size}: {spent:.2f} s, peak memory {peak:.2f} GiB (generation included)")


if __name__ == "__main__":
    main()
