"""Seeds until it is known: makes the cells of the next look, tests, and stops when nothing is open.

python -m recore.decide [--jobs 2]     look after look, until every planned comparison has a verdict or no look is left
python -m recore.decide --status       only says what is decided, what is open and what the next look costs
python -m recore.decide --next         only prints the DVC stages of the next look, one a line

`significance.looks` names the numbers of seeds, `seeds` the seeds of the last of them. Only the variants of comparisons
that are open get more seeds. Nothing is kept beside the ranks: every look is computed again from its first seeds
(``significance.looks``), so that an interrupted run, or one that is started again, loses no decision.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pandas as pd

from recore import RecoreError, artifacts, params, paths
from recore.evaluation.runs import read_comparisons, seeds_made
from recore.reporting.format import metric_title, p_words, pair, percent, points
from recore.significance.comparisons import Plan
from recore.significance.family import corrected
from recore.stages import run

STAGES = {"plain": ("train", "evaluate"), "hybrid": ("train_hybrid", "evaluate_hybrid")}
OPEN = "inconclusive"  # a fragile comparison needs sessions, which no seed brings


@dataclass(frozen=True)
class Experiment:
    """What params.yaml says of the looks."""

    datasets: list[str]
    groups: dict[str, str]  # variant -> plain or hybrid
    seeds: list[int]
    synthetic: set[str]
    confirm: str
    plan: Plan

    @classmethod
    def load(cls) -> "Experiment":
        given = params.load()
        section, sources = given.at("significance"), given.at("sources")
        plan = Plan.of(section)
        if plan.looks is None:
            raise RecoreError(
                "params.yaml: `significance.looks` is not there, so there is one look, at all of `seeds`; give the "
                "numbers of seeds to look after, such as [5, 8, 12, 20], before the first is made"
            )
        datasets = given.at("datasets")
        return cls(
            datasets,
            {name: group for group, rows in given.at("variants").items() for name in rows},
            given.at("seeds"),
            {name for name in datasets if "generate" in sources[name]["fetch"]},
            section["confirm"],
            plan,
        )

    def made(self, dataset: str, variant: str) -> int:
        """How many of the seeds have ranks, counted from the first."""
        return seeds_made(dataset, variant, self.seeds)

    def stages(self, cells: Iterable[tuple[str, str, int]]) -> tuple[list[str], list[str]]:
        """The names of the stages that train and that evaluate these cells."""
        named = [(STAGES[self.groups[v]], f"{d}-{v}-{s}") for d, v, s in cells]
        return tuple([f"{stages[i]}@{name}" for stages, name in named] for i in (0, 1))


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.decide", description="Adds seeds, look by look, until it is known.")
    parser.add_argument("--jobs", type=int, default=1, help="cells at once")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--status", action="store_true", help="make nothing; say what is decided, open, and its cost")
    only.add_argument("--next", action="store_true", help="make nothing; print the stages of the next look")
    args = parser.parse_args(argv)
    experiment = Experiment.load()
    if args.next or args.status:
        table = tested(experiment)
        if args.status:
            print(report(experiment, table))
            return
        for stage in [name for stages in experiment.stages(missing(experiment, table)) for name in stages]:
            print(stage)
        return
    _dvc("repro", *(f"split@{name}" for name in experiment.datasets))
    while True:
        make(experiment, [*made(experiment), *missing(experiment, tested(experiment))], args.jobs)
        _dvc("repro", "--single-item", *(f"significance@{name}" for name in experiment.datasets), "aggregate")
        table = tested(experiment)
        print(report(experiment, table), flush=True)
        if not missing(experiment, table):
            return


def tested(experiment: Experiment) -> pd.DataFrame | None:
    """The rows of the metric that confirms, from the tests as they stand; None before the first look is whole."""
    if any(_reached(experiment, d, v) == 0 for d in experiment.datasets for v in experiment.groups):
        return None
    if not all(paths.significance(name).exists() for name in experiment.datasets):
        return None
    table = corrected(read_comparisons(experiment.datasets), experiment.synthetic, experiment.plan)
    return table[table["metric"] == experiment.confirm]


def made(experiment: Experiment) -> list[tuple[str, str, int]]:
    """The cells that have ranks. DVC makes those again that are not of today's params and code."""
    return [
        (dataset, variant, seed)
        for dataset in experiment.datasets
        for variant in experiment.groups
        for seed in experiment.seeds[: experiment.made(dataset, variant)]
    ]


def missing(experiment: Experiment, table: pd.DataFrame | None) -> list[tuple[str, str, int]]:
    """The cells that the next look still needs: all of the first one, later those of comparisons that are open."""
    looks = experiment.plan.looks
    if table is None:
        wanted = {(d, v): looks[0] for d in experiment.datasets for v in experiment.groups}
    else:
        going = table[(table["verdict"] == OPEN) & (table["look"] < len(looks))]
        wanted = {(r.dataset, v): looks[int(r.look)] for r in going.itertuples() for v in (r.a, r.b)}
    return [
        (dataset, variant, seed)
        for (dataset, variant), n in wanted.items()
        for seed in experiment.seeds[experiment.made(dataset, variant) : n]
    ]


def make(experiment: Experiment, cells: list[tuple[str, str, int]], jobs: int) -> None:
    """Trains and evaluates through DVC, which skips what is up to date."""
    for stages in experiment.stages(cells):
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(lambda stage: _dvc("--wait-for-lock", "repro", "--single-item", stage), stages))


def report(experiment: Experiment, table: pd.DataFrame | None) -> str:
    """What is decided, what is open, and what the next look costs."""
    looks = experiment.plan.looks
    cells = missing(experiment, table)
    if table is None:
        return f"Before the first look, of {looks[0]} seeds: {_cost(cells)}"
    lines = [f"{metric_title(experiment.confirm)}, error spent so far {table['spent'].max():.4f}:"]
    for row in table.itertuples():
        lines.append(
            f"  {row.dataset}: {pair(row.a, row.b)}: {row.verdict}, {points(row.delta)} points after look "
            f"{row.look} of {len(looks)} ({row.n_seeds} seeds), {p_words(row.p_holm)} (MDE {percent(row.mde80)})"
        )
    going = int((table["verdict"] == OPEN).sum())
    fragile = int((table["verdict"] == "fragile").sum())
    lines.append(f"{len(table) - going - fragile} decided, {going} open, {fragile} fragile (they need sessions)")
    if cells:
        lines.append(f"The next look: {_cost(cells)}")
    else:
        lines.append("Nothing is open." if not going else "No look is left.")
    return "\n".join(lines)


def _reached(experiment: Experiment, dataset: str, variant: str) -> int:
    return len(experiment.plan.reached(experiment.made(dataset, variant)))


def _cost(cells: list[tuple[str, str, int]]) -> str:
    """So many cells, and the hours that they take if they are like those of the same dataset and variant so far."""
    seconds = {cell: _seconds(*cell[:2]) for cell in cells}
    known = [value for value in seconds.values() if value is not None]
    hours = f", about {sum(known) / 3600:.2f} cell-hours" if len(known) == len(cells) else ""
    return f"{len(cells)} cells{hours} ({_variants(cells)})."


def _seconds(dataset: str, variant: str) -> float | None:
    records = [artifacts.read_json(f) for f in (paths.RECORDS / dataset / variant).glob("*/record.json")]
    times = [record["train_seconds"] + record.get("valid_seconds", 0.0) for record in records]
    return sum(times) / len(times) if times else None


def _variants(cells: list[tuple[str, str, int]]) -> str:
    by_dataset = {dataset: dict.fromkeys(v for d, v, _ in cells if d == dataset) for dataset, _, _ in cells}
    return "; ".join(f"{', '.join(variants)} on {dataset}" for dataset, variants in by_dataset.items())


def _dvc(*arguments: str) -> None:
    if subprocess.run([sys.executable, "-m", "dvc", *arguments]).returncode:
        raise RecoreError(f"`dvc {' '.join(arguments)}` failed, see above; what is made stays, run this again")


if __name__ == "__main__":
    run(main)
