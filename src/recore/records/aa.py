"""An A/A check: one variant against itself on other seeds, where every difference is chance.

python -m recore record aa DATASET VARIANT

Reads the ranks of all seeds of the params.yaml here, an even number. Prints the planned test of the first half of the
seeds against the second, and how often p is at most alpha over all ways to halve them. These share runs, so the rate
is one draw of a number that is alpha in the long run, not the mean of many.
"""

import argparse
from itertools import combinations

import pandas as pd

from recore import RecoreError, params
from recore.evaluation.metrics import metric_table
from recore.evaluation.runs import read_cases, read_runs
from recore.significance.arms import arms_of
from recore.significance.comparisons import compare_all
from recore.significance.plan import Plan
from recore.significance.runs import check_runs, session_blocks

SHOWN = "metric n_seeds n_cases n_sessions delta ci_lo ci_hi se df p p_sessions p_tost mde80"


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m recore record aa", description="Tests a variant against itself on other seeds."
    )
    parser.add_argument("dataset")
    parser.add_argument("variant")
    args = parser.parse_args(argv)
    given = params.load()
    seeds, section = given.at("seeds"), given.at("significance")
    if len(seeds) % 2:
        raise RecoreError(f"params.yaml: `seeds` names {len(seeds)}, which cannot be halved; name an even number")
    plan = Plan.of(section | {"comparisons": [["first", "second"]], "looks": None})
    runs = read_runs(args.dataset, {args.variant: seeds})
    check_runs(args.dataset, runs, max(given.at("evaluate.cutoffs")))
    sessions = session_blocks(read_cases(args.dataset, args.variant, seeds[0])["session"].to_numpy())
    tables = {run.seed: metric_table(run.above, run.tied, given.at("evaluate.cutoffs")) for run in runs}

    def halves(first: tuple[int, ...]) -> pd.DataFrame:
        second = [seed for seed in seeds if seed not in first]
        arms = {
            "first": arms_of([tables[s] for s in first], sessions, [len(first)]),
            "second": arms_of([tables[s] for s in second], sessions, [len(second)]),
        }
        return compare_all(args.dataset, arms, sessions, list(section["margins"]), plan)

    print(halves(tuple(seeds[: len(seeds) // 2]))[SHOWN.split()].T.to_string(header=False))
    others = combinations(
        seeds[1:], len(seeds) // 2 - 1
    )  # with the first seed: the mirror of a halving is no other one
    every = pd.concat([halves((seeds[0], *rest)) for rest in others])
    for metric, rows in every.groupby("metric"):
        planned, naive = ((rows[p] <= plan.alpha).mean() for p in ("p", "p_sessions"))
        print(
            f"{metric}: p at most {plan.alpha} in {planned:.1%} of {len(rows)} halvings, by sessions alone {naive:.1%};"
        )
        print(f"    the largest difference is {rows['delta'].abs().max():.4f}")
