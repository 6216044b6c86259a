"""Compares the variants of one dataset: ranks of every run -> raw differences, intervals and p-values.

python -m recore.stages.significance DATASET
"""

import argparse
import sys

from recore import artifacts, params, paths
from recore.evaluation.metrics import metric_table
from recore.evaluation.runs import Run, read_cases, read_runs
from recore.significance.comparisons import Plan, arms_of, compare_all
from recore.significance.runs import Sessions, check_runs, sessions_of
from recore.stages import run as run_stage


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.stages.significance", description=__doc__)
    parser.add_argument("dataset")
    dataset = parser.parse_args(argv).dataset
    settings = params.load()
    variants = [name for group in settings.at("variants").values() for name in group]
    cutoffs = settings.at("evaluate.cutoffs")
    plan = plan_of(settings.at("significance"))

    runs = read_runs(dataset, variants, settings.at("seeds"))
    check_runs(dataset, runs)
    sessions = sessions_of(read_cases(dataset, runs[0].variant, runs[0].seed)["session"].to_numpy())
    table = compare_all(dataset, _arms(runs, sessions, cutoffs), sessions, params.metric_names(cutoffs), plan)
    for row in table[(table["delta"] == 0) & (table["se"] == 0)].itertuples():
        print(f"recore: warning: {dataset}: {row.a} and {row.b} have the same {row.metric} everywhere", file=sys.stderr)
    with artifacts.new_file(paths.significance(dataset)) as file:
        table.to_csv(file, index=False)


def plan_of(section: dict) -> Plan:
    comparisons = [(a, b) for a, b in section["comparisons"]]
    return Plan(comparisons, section["margins"], section["alpha"], section["power"])


def _arms(runs: list[Run], sessions: Sessions, cutoffs: list[int]) -> dict:
    # One variant at a time: the tables of cases are the largest thing here, the sums of sessions are small.
    variants = dict.fromkeys(run.variant for run in runs)
    return {
        name: arms_of([metric_table(run.above, run.tied, cutoffs) for run in runs if run.variant == name], sessions)
        for name in variants
    }


if __name__ == "__main__":
    run_stage(main)
