"""Runs the sweep that SENSITIVITY.md shows, in a clean clone of HEAD: `make sweep`.

python -m recore record sweep [--jobs 2] [--folder F]   F keeps the clone; a second run makes only what is missing

First the grid of docs/results/sensitivity/params.yaml; then a queued DVC experiment for every K and lambda, and for
fewer seeds. Their tables come out of the experiments' commits into docs/results/sensitivity/sweep.csv.
"""

import argparse
import io
import shlex
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from recore import RecoreError, artifacts, params, paths, yaml12
from recore.evaluation.on_record import sums
from recore.records.checkout import cell_of, current, in_order
from recore.records.experiments import Setting, dvc, finished, missing, run_queue
from recore.records.finish import of_runs
from recore.records.git import git
from recore.records.make import clone_of_head, run_grid, timed

NAME = "sensitivity"
KS, LAMBDAS = "1,5,20,64", "0.1,0.2,0.5"
FEWER = (3, 4)  # seeds


@dataclass(frozen=True)
class Plan:
    """Every setting of K and lambda on all seeds, and the base setting on fewer."""

    base: Setting
    ks: str  # as `dvc exp run -S` takes them
    lambdas: str

    @property
    def grid(self) -> list[Setting]:
        pairs = [(int(k), float(weight)) for k in self.ks.split(",") for weight in self.lambdas.split(",")]
        return [replace(self.base, hard_neg_k=k, hard_neg_lambda=weight) for k, weight in pairs]

    @property
    def settings(self) -> list[Setting]:
        seeds = self.base.seeds
        return self.grid + [replace(self.base, seeds=seeds[:n]) for n in FEWER if n < len(seeds)]

    def queueing(self, wanted: list[Setting]) -> list[list[str]]:
        """The `dvc exp run` that queue these settings: the whole grid by one command, others one by one."""
        whole = set(self.grid) <= set(wanted)
        sweep = ["-S", f"hard_neg_k={self.ks}", "-S", f"hard_neg_lambda={self.lambdas}"]
        single = [setting.arguments(self.base) for setting in wanted if not (whole and setting in self.grid)]
        return [["exp", "run", "--queue", *arguments] for arguments in ([sweep] if whole else []) + single]

    def commands(self, jobs: int) -> list[str]:
        """What a person would type for all of it, in the root of a clone."""
        queueing = [shlex.join(["dvc", *command]) for command in self.queueing(self.settings)]
        first = [f"cp docs/results/{NAME}/params.yaml params.yaml", f"make grid JOBS={jobs}"]
        return [*first, *queueing, f"dvc queue start --jobs {jobs}", "dvc queue status"]


def plan_of(given: Path, ks: str = KS, lambdas: str = LAMBDAS) -> Plan:
    """RecoreError where the params are not valid."""
    params.load(given)
    return Plan(Setting.of(yaml12.read(given)), ks, lambdas)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m recore record sweep", description="Runs the sweep of docs/results/SENSITIVITY.md."
    )
    parser.add_argument("--jobs", type=int, default=2, help="cells, then experiments, at once")
    parser.add_argument("--folder", type=Path, help="where the clone is made and stays; a second run continues there")
    parser.add_argument("--hard-neg-k", default=KS, help="comma-separated")
    parser.add_argument("--hard-neg-lambda", default=LAMBDAS, help="comma-separated")
    args = parser.parse_args(argv)
    out = paths.ON_RECORD / NAME
    plan = plan_of(out / "params.yaml", args.hard_neg_k, args.hard_neg_lambda)
    with tempfile.TemporaryDirectory() as temporary:
        checkout = clone_of_head((args.folder or Path(temporary)).resolve())
        shutil.copy(out / "params.yaml", checkout / "params.yaml")
        for key in ("name", "email"):  # experiments are commits; these stay in the clone
            git(checkout, "config", f"user.{key}", "recore")
        how = run_grid(checkout, f"make sweep JOBS={args.jobs}", args.jobs)
        how["wall_seconds"] = round(how["wall_seconds"] + run_experiments(checkout, plan, args.jobs), 1)
        table = collected(checkout, plan)
        about = facts(checkout, plan, how)
    artifacts.write_text(out / "sweep.csv", table.to_csv(index=False))
    artifacts.write_json(out / "provenance.json", about)
    sums.write(out, [out / name for name in ("params.yaml", "provenance.json", "sweep.csv")])
    print(f"{about['experiments']} experiments are in docs/results/{NAME}/sweep.csv")


def run_experiments(checkout: Path, plan: Plan, jobs: int) -> float:
    """Runs what is missing; returns the seconds of all attempts in this folder."""
    with timed(checkout.with_name("queue.json")) as seconds:
        for command in plan.queueing(missing(checkout, plan.settings)):
            print(dvc(checkout, *command), end="", flush=True)
        run_queue(checkout, jobs)
    return sum(seconds)


def collected(checkout: Path, plan: Plan) -> pd.DataFrame:
    """comparisons.csv of every experiment, as text, K and lambda before it; RecoreError where one is not there."""
    commits = finished(checkout)
    tables = []
    for setting in plan.settings:
        if setting not in commits:
            raise RecoreError(f"no experiment in {checkout} has {setting}; run again with the same --folder")
        text = git(checkout, "show", f"{commits[setting]}:metrics/comparisons.csv")
        table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
        table.insert(0, "hard_neg_k", setting.hard_neg_k)
        table.insert(1, "hard_neg_lambda", setting.hard_neg_lambda)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def facts(checkout: Path, plan: Plan, how: dict[str, Any]) -> dict[str, Any]:
    """provenance.json: as of a grid, without what only the cells of the base could tell."""
    given = params.load(checkout / "params.yaml")
    base = of_runs(given, in_order([cell_of(checkout, *cell) for cell in current(checkout)], given))
    machines = [{key: made[key] for key in ("device", "machine", "versions")} for made in base["machines"]]
    hybrid = len({plan.base, *plan.grid}) * len(given.at("variants.hybrid"))
    return {
        "name": NAME,
        "commit": base["commit"],
        "date": datetime.now(UTC).date().isoformat(),
        **how,
        "threads": base["threads"],
        "machines": machines,
        "cells": len(plan.base.seeds) * (len(given.at("variants.plain")) + hybrid),
        "experiments": len(plan.settings),
        "hard_neg_k": plan.base.hard_neg_k,
        "hard_neg_lambda": plan.base.hard_neg_lambda,
    }
