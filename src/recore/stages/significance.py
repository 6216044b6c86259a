"""Compares the variants of one dataset: ranks of every run -> raw differences, intervals and p-values.

python -m recore.stages.significance DATASET
"""

import argparse
import sys

import pandas as pd

from recore import RecoreError, artifacts, params, paths
from recore.evaluation.metrics import metric_table
from recore.significance.comparisons import Plan, arms_of, compare_all
from recore.significance.runs import Run, Sessions, check_runs, sessions_of
from recore.stages import run as run_stage


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.stages.significance", description=__doc__)
    parser.add_argument("dataset")
    dataset = parser.parse_args(argv).dataset
    settings = params.load()
    variants = [name for group in settings.at("variants").values() for name in group]
    cutoffs = settings.at("evaluate.cutoffs")
    plan = plan_of(settings.at("significance"))

    runs, sessions = read_runs(dataset, variants, settings.at("seeds"))
    table = compare_all(dataset, _arms(runs, sessions, cutoffs), sessions, params.metric_names(cutoffs), plan)
    for row in table[(table["delta"] == 0) & (table["se"] == 0)].itertuples():
        print(f"recore: warning: {dataset}: {row.a} and {row.b} have the same {row.metric} everywhere", file=sys.stderr)
    with artifacts.new_file(paths.significance(dataset)) as file:
        table.to_csv(file, index=False)


def plan_of(section: dict) -> Plan:
    comparisons = [(a, b) for a, b in section["comparisons"]]
    return Plan(comparisons, section["margins"], section["alpha"], section["power"])


def read_runs(dataset: str, variants: list[str], seeds: list[int]) -> tuple[list[Run], Sessions]:
    """The runs that params names, checked, in its order, and the sessions of their common test set."""
    runs = [_read_run(dataset, variant, seed) for variant in variants for seed in seeds]
    check_runs(dataset, runs)
    cases = paths.ranks(dataset, runs[0].variant, runs[0].seed) / "cases.parquet"
    return runs, sessions_of(pd.read_parquet(cases, columns=["session"])["session"].to_numpy())


def _read_run(dataset: str, variant: str, seed: int) -> Run:
    folder = paths.ranks(dataset, variant, seed)
    if not folder.exists():
        raise RecoreError(
            f"{folder} does not exist: {dataset}, {variant}, seed {seed} has no ranks; `dvc repro` trains and tests it"
        )
    meta = artifacts.read_json(folder / "meta.json")
    cases = pd.read_parquet(artifacts.existing(folder / "cases.parquet"), columns=["above", "tied"])
    return Run(variant, seed, meta["test_hash"], cases["above"].to_numpy(), cases["tied"].to_numpy())


def _arms(runs: list[Run], sessions: Sessions, cutoffs: list[int]) -> dict:
    # One variant at a time: the tables of cases are the largest thing here, the sums of sessions are small.
    variants = dict.fromkeys(run.variant for run in runs)
    return {
        name: arms_of([metric_table(run.above, run.tied, cutoffs) for run in runs if run.variant == name], sessions)
        for name in variants
    }


if __name__ == "__main__":
    run_stage(main)
