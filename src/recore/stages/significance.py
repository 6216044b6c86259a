"""Everything that the ranks of one dataset say: its runs in means, groups of cases, and the variants compared.

In ``data/significance/DATASET``: ``comparisons.csv`` has a row for each pair, metric and look, with raw differences,
intervals and p; ``runs.csv`` for each run and metric; ``groups.csv`` for each variant, metric and group of cases;
``parts.csv`` what repeated and new items add to each difference; ``gates.csv`` what the gate of a variant does;
``sessions.parquet`` what each session adds to it by
the metric that confirms.

python -m recore.stages.significance DATASET
"""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from recore import RecoreError, params, paths
from recore.data.sessions import Sessions
from recore.evaluation import tables
from recore.evaluation.breakdowns import GATE, PREFIX_LENGTH, REPEAT, Breakdown, breakdowns_of, clicks_back
from recore.evaluation.measures import measures
from recore.evaluation.metrics import metric_names, metric_table, optimistic, pessimistic
from recore.evaluation.runs import (
    Run,
    check_external,
    check_taken,
    has_seeds,
    read_cases,
    read_runs,
    seeds_at_last_look,
)
from recore.significance.arms import Arm, arms_of
from recore.significance.comparisons import compare_all, session_table, without_noise
from recore.significance.gates import COLUMNS as GATES
from recore.significance.gates import gates_table
from recore.significance.groups import group_means
from recore.significance.parts import Parts, parts_of, parts_table
from recore.significance.plan import Plan
from recore.significance.runs import SessionBlocks, check_runs, session_blocks
from recore.stages import run as run_stage

Tables = list[dict[str, np.ndarray]]  # a seed each: metric -> (N,)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.stages.significance", description=__doc__)
    parser.add_argument("dataset")
    dataset = parser.parse_args(argv).dataset
    settings = params.load()
    given = {key: settings.at(key) for key in ("evaluate.cutoffs", "seeds", "significance", "variants")}
    plan, external = Plan.of(given["significance"]), given["variants"].get("external", {})
    variants = has_seeds(dataset, given["variants"])
    check_external(dataset, external, given["seeds"], plan.looks)
    runs = read_runs(dataset, seeds_at_last_look(dataset, variants, given["seeds"], plan.looks))
    check_taken(dataset, runs, external, given["evaluate.cutoffs"])
    check_runs(dataset, runs, max(given["evaluate.cutoffs"]), external)
    cases = _with_repeats(dataset, read_cases(dataset, runs[0].variant, runs[0].seed), settings)
    breakdowns = breakdowns_of(cases, Sessions.load(paths.split(dataset), "train"))
    made = _made(dataset, runs, variants, session_blocks(cases["session"].to_numpy()), breakdowns, given)
    tables.save(dataset, made, given)


def _made(
    dataset: str,
    runs: list[Run],
    variants: dict[str, bool],
    sessions: SessionBlocks,
    breakdowns: tuple[Breakdown, ...],
    given: dict[str, Any],
) -> dict[str, pd.DataFrame]:
    """The tables by file name. variants: whether each has seeds."""
    section, cutoffs = given["significance"], given["evaluate.cutoffs"]
    plan = Plan.of(section)
    by_length = next(breakdown for breakdown in breakdowns if breakdown.name == PREFIX_LENGTH)
    by_repeats = next(breakdown for breakdown in breakdowns if breakdown.name == REPEAT)
    shown = list(dict.fromkeys([section["confirm"], *section["margins"]]))

    parts: dict[str, dict[str, Parts]] = {}
    arms: dict[str, dict[str, Arm]] = {}
    measured, groups, gates = [], [], [pd.DataFrame(columns=GATES)]
    # One variant at a time: the values of all cases are the largest thing here, the sums of sessions are small.
    for variant, seeded in variants.items():
        own = [run for run in runs if run.variant == variant]
        by_seed = [metric_table(run.above, run.tied, cutoffs) for run in own]
        measured += _measured(own, by_seed, sessions, cutoffs)
        groups += _grouped(own, by_seed, breakdowns, sessions, shown, section["alpha"])
        if own[0].gate is not None:
            shares = np.stack([run.gate for run in own])
            held = [run.held for run in own]
            gates.append(gates_table(variant, shares, by_length.group, by_length.labels, held))
        if any(variant in pair for pair in plan.comparisons):
            parts[variant] = parts_of(by_seed, by_repeats, sessions, shown, seedless=not seeded)
            arms[variant] = arms_of(by_seed, sessions, plan.reached(len(own)), seedless=not seeded)
        del by_seed  # before the next ones are made, and before the tests
    comparisons = compare_all(dataset, arms, sessions, metric_names(cutoffs), plan)
    _warn_of_equals(dataset, comparisons)
    return {
        "comparisons.csv": comparisons,
        "runs.csv": pd.concat(measured, ignore_index=True),
        "groups.csv": pd.concat(groups, ignore_index=True),
        "gates.csv": pd.concat(gates[1:] or gates, ignore_index=True),
        "parts.csv": parts_table(parts, by_repeats, sessions, plan),
        "sessions.parquet": session_table(arms, sessions, section["confirm"], plan),
    }


def _with_repeats(dataset: str, cases: pd.DataFrame, settings: params.Params) -> pd.DataFrame:
    """The cases with their ``clicks_back``; RecoreError where the split is not the one that was ranked."""
    test = Sessions.load(paths.split(dataset), "test")
    if not np.array_equal(np.delete(test.items, test.offsets[:-1]), cases["target"]):
        raise RecoreError(
            f"{paths.split(dataset)} is not the split whose test cases were ranked; `dvc repro` ranks those that it has"
        )
    return cases.assign(back=clicks_back(test, settings.max_length(dataset)))


def _measured(runs: list[Run], by_seed: Tables, sessions: SessionBlocks, cutoffs: list[int]) -> Iterator[pd.DataFrame]:
    """Rows of ``measures`` for each run of a variant, with its names and its test set."""
    for run, table in zip(runs, by_seed, strict=True):
        best, worst = (_means(bound(run.above, run.tied, cutoffs)) for bound in (optimistic, pessimistic))
        test = {"n_cases": sessions.n_cases, "n_sessions": len(sessions.sizes), "test_hash": run.test_hash}
        rows = measures(table, best, worst, run.tied, sessions.starts, run.recommended, run.listed)
        seed = pd.array([run.seed] * len(rows), dtype="Int64")
        yield pd.DataFrame({"variant": run.variant, "seed": seed, **rows, **test})


def _means(table: dict[str, np.ndarray]) -> dict[str, float]:
    return {metric: float(values.mean()) for metric, values in table.items()}


def _grouped(
    runs: list[Run],
    by_seed: Tables,
    breakdowns: tuple[Breakdown, ...],
    sessions: SessionBlocks,
    shown: list[str],
    alpha: float,
) -> Iterator[pd.DataFrame]:
    """Means by group of a variant, for the metrics ``shown`` and, where it has one, the gate."""
    values = {metric: np.stack([table[metric] for table in by_seed]) for metric in shown}
    if runs[0].gate is not None:
        values[GATE] = np.stack([run.gate for run in runs]).astype(float)
    for metric in values:
        for breakdown in breakdowns:
            rows = group_means(values[metric], breakdown.group, breakdown.labels, sessions, alpha)
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
