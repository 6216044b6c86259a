"""Everything that the ranks of one dataset say: its runs in means, groups of cases, and the variants compared.

In ``data/significance/DATASET``: ``comparisons.csv`` has a row for each pair, metric and look, with raw differences,
intervals and p; ``runs.csv`` for each run and metric; ``groups.csv`` for each variant, metric and group of cases;
``sessions.parquet`` has what each session adds to a difference by the metric that confirms.

python -m recore.stages.significance DATASET
"""

import argparse
import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd

from recore import params, paths
from recore.data.sessions import Sessions as Clicks
from recore.evaluation import tables
from recore.evaluation.breakdowns import GATE, Breakdown, by_popularity, by_prefix_length
from recore.evaluation.measures import measures
from recore.evaluation.metrics import metric_names, metric_table, optimistic, pessimistic
from recore.evaluation.runs import Run, read_cases, read_runs, seeds_at_last_look
from recore.significance.comparisons import Arm, arms_of, compare_all, session_table, without_noise
from recore.significance.groups import group_means
from recore.significance.plan import Plan
from recore.significance.runs import Sessions, check_runs, sessions_of
from recore.stages import run as run_stage

Tables = list[dict[str, np.ndarray]]  # a seed each: metric -> (N,)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.stages.significance", description=__doc__)
    parser.add_argument("dataset")
    dataset = parser.parse_args(argv).dataset
    settings = params.load()
    given = {key: settings.at(key) for key in ("evaluate.cutoffs", "seeds", "significance", "variants")}
    section, cutoffs = given["significance"], given["evaluate.cutoffs"]
    plan = Plan.of(section)
    trained = params.trained(given["variants"])
    variants = {name: name in trained for group in given["variants"].values() for name in group}
    runs = read_runs(dataset, seeds_at_last_look(dataset, variants, given["seeds"], plan.looks))
    check_runs(dataset, runs)
    cases = read_cases(dataset, runs[0].variant, runs[0].seed)
    sessions, breakdowns = sessions_of(cases["session"].to_numpy()), _breakdowns(dataset, cases)

    arms: dict[str, dict[str, Arm]] = {}
    measured, groups = [], []
    # One variant at a time: the values of all cases are the largest thing here, the sums of sessions are small.
    for variant, seeded in variants.items():
        own = [run for run in runs if run.variant == variant]
        by_seed = [metric_table(run.above, run.tied, cutoffs) for run in own]
        measured += _measured(own, by_seed, sessions, cutoffs)
        groups += _grouped(own, by_seed, breakdowns, sessions, section)
        arms[variant] = arms_of(by_seed, sessions, plan.reached(len(own)), seedless=not seeded)
        del by_seed  # before the next ones are made, and before the tests
    comparisons = compare_all(dataset, arms, sessions, metric_names(cutoffs), plan)
    _warn_of_equals(dataset, comparisons)
    made = {
        "comparisons.csv": comparisons,
        "runs.csv": pd.concat(measured, ignore_index=True),
        "groups.csv": pd.concat(groups, ignore_index=True),
        "sessions.parquet": session_table(arms, sessions, section["confirm"], plan),
    }
    tables.save(dataset, made, given)


def _breakdowns(dataset: str, cases: pd.DataFrame) -> tuple[Breakdown, ...]:
    train = Clicks.load(paths.split(dataset), "train")
    return by_prefix_length(cases["position"].to_numpy()), by_popularity(cases["target"].to_numpy(), train.items)


def _measured(runs: list[Run], by_seed: Tables, sessions: Sessions, cutoffs: list[int]) -> Iterator[pd.DataFrame]:
    """Rows of ``measures`` for each run of a variant, with its names and its test set."""
    for run, table in zip(runs, by_seed, strict=True):
        best, worst = (_means(bound(run.above, run.tied, cutoffs)) for bound in (optimistic, pessimistic))
        test = {"n_cases": sessions.n_cases, "n_sessions": len(sessions.sizes), "test_hash": run.test_hash}
        rows = measures(table, best, worst, run.tied, sessions.starts)
        seed = pd.array([run.seed] * len(rows), dtype="Int64")
        yield pd.DataFrame({"variant": run.variant, "seed": seed, **rows, **test})


def _means(table: dict[str, np.ndarray]) -> dict[str, float]:
    return {metric: float(values.mean()) for metric, values in table.items()}


def _grouped(
    runs: list[Run], by_seed: Tables, breakdowns: tuple[Breakdown, ...], sessions: Sessions, section: dict
) -> Iterator[pd.DataFrame]:
    """Means by group of a variant, for the metrics that have verdicts and, where it has one, the gate."""
    shown = dict.fromkeys([section["confirm"], *section["margins"]])
    values = {metric: np.stack([table[metric] for table in by_seed]) for metric in shown}
    if runs[0].gate is not None:
        values[GATE] = np.stack([run.gate for run in runs]).astype(float)
    for metric in values:
        for breakdown in breakdowns:
            rows = group_means(values[metric], breakdown.group, breakdown.labels, sessions, section["alpha"])
            n_seeds = sum(run.seed is not None for run in runs)
            yield rows.assign(n_seeds=n_seeds, variant=runs[0].variant, metric=metric, breakdown=breakdown.name)


def _warn_of_equals(dataset: str, comparisons: pd.DataFrame) -> None:
    last = comparisons.groupby(["a", "b", "metric"], sort=False).tail(1)
    for row in last[without_noise(last)].itertuples():
        alike = f"have the same {row.metric} everywhere"
        if row.delta:
            alike = f"differ by the same {row.metric} everywhere, {row.delta:g}; check how they were evaluated"
        print(f"recore: warning: {dataset}: {row.a} and {row.b} {alike}", file=sys.stderr)


if __name__ == "__main__":
    run_stage(main)
