"""Compares the variants of one dataset: ranks of every run -> raw differences, intervals and p-values.

``comparisons.csv`` has a row for each pair, metric and look; ``sessions.parquet`` what each session adds to a
difference by the metric that confirms.

python -m recore.stages.significance DATASET
"""

import argparse
import sys

from recore import artifacts, params, paths
from recore.evaluation.metrics import metric_names, metric_table
from recore.evaluation.runs import Run, read_cases, read_runs, seeds_at_last_look
from recore.significance.comparisons import Arm, arms_of, compare_all, session_table, without_noise
from recore.significance.plan import Plan
from recore.significance.runs import Sessions, check_runs, sessions_of
from recore.stages import run as run_stage


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.stages.significance", description=__doc__)
    parser.add_argument("dataset")
    dataset = parser.parse_args(argv).dataset
    settings = params.load()
    variants = [name for group in settings.at("variants").values() for name in group]
    cutoffs = settings.at("evaluate.cutoffs")
    section = settings.at("significance")
    plan = Plan.of(section)

    seeds = seeds_at_last_look(dataset, variants, settings.at("seeds"), plan.looks)
    runs = read_runs(dataset, seeds)
    check_runs(dataset, runs)
    sessions = sessions_of(read_cases(dataset, runs[0].variant, runs[0].seed)["session"].to_numpy())
    arms = _arms(runs, sessions, cutoffs, plan)
    table = compare_all(dataset, arms, sessions, metric_names(cutoffs), plan)
    last = table.groupby(["a", "b", "metric"], sort=False).tail(1)
    for row in last[without_noise(last)].itertuples():
        alike = f"have the same {row.metric} everywhere"
        if row.delta:
            alike = f"differ by the same {row.metric} everywhere, {row.delta:g}; check how they were evaluated"
        print(f"recore: warning: {dataset}: {row.a} and {row.b} {alike}", file=sys.stderr)
    by_session = session_table(arms, sessions, section["confirm"], plan)
    with artifacts.new_folder(paths.significance(dataset)) as folder:
        table.to_csv(folder / "comparisons.csv", index=False)
        by_session.to_parquet(folder / "sessions.parquet", index=False)


def _arms(runs: list[Run], sessions: Sessions, cutoffs: list[int], plan: Plan) -> dict[str, dict[str, Arm]]:
    # One variant at a time: the tables of cases are the largest thing here, the sums of sessions are small.
    arms = {}
    for name in dict.fromkeys(run.variant for run in runs):
        tables = [metric_table(run.above, run.tied, cutoffs) for run in runs if run.variant == name]
        arms[name] = arms_of(tables, sessions, plan.reached(len(tables)))
    return arms


if __name__ == "__main__":
    run_stage(main)
