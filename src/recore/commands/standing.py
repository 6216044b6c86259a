"""Where an experiment with looks stands: which looks are whole, what is open, which cells the next look needs.

Nothing is kept beside the ranks and the tests of them. The looks are gone through again from the first, so that a run
that was killed goes on with the very cells that it would have made.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from recore import RecoreError, params, paths
from recore.evaluation.runs import has_seeds, seeds_made
from recore.evaluation.tables import is_saved, read_tables
from recore.significance.family import corrected
from recore.significance.plan import Plan, synthetic_of

# More seeds average their own noise out, which can bring a fragile comparison some effective sessions, not many: it
# goes on where it has this share of those that it needs.
NEAR = 0.5
Cell = tuple[str, str, int]  # dataset, variant, seed


@dataclass(frozen=True)
class Experiment:
    """What params.yaml says of the looks."""

    datasets: list[str]
    groups: dict[str, str]  # variant -> plain or hybrid: those that are trained here
    external: list[str]  # variants with ranks from elsewhere, and the seeds that they have there
    fitted: list[str]  # baselines: nothing to train
    variants: dict[str, Any]  # the section of params.yaml
    seeds: list[int]
    synthetic: set[str]
    confirm: str
    plan: Plan

    @classmethod
    def load(cls) -> "Experiment":
        """RecoreError where params.yaml is at fault, or there is nothing to decide or one look only."""
        given = params.load()
        section, sources = given.at("significance"), given.at("sources")
        plan = Plan.of(section)
        if plan.looks is None:
            raise RecoreError(
                "params.yaml: `significance.looks` is not there, so there is one look, at all of `seeds`; give the "
                "numbers of seeds to look after, such as [5, 8, 12, 20], before the first is made"
            )
        if not plan.comparisons:
            raise RecoreError("params.yaml: `significance.comparisons` plans none, so nothing can be decided; name one")
        datasets = given.at("datasets")
        return cls(
            datasets,
            given.trained(),
            list(given.external()),
            list(given.baselines()),
            given.at("variants"),
            given.at("seeds"),
            set(synthetic_of(sources, datasets)),
            section["confirm"],
            plan,
        )

    def cells(self, seeds: dict[tuple[str, str], int], made: bool) -> list[Cell]:
        """Those of the first so many seeds of each dataset and variant that have ranks, or that have none."""
        named = [(d, v, seed) for (d, v), n in seeds.items() for seed in self.seeds[:n]]
        return [cell for cell in named if paths.ranks(*cell).exists() == made]

    def every(self, n: int) -> dict[tuple[str, str], int]:
        return {(d, v): n for d in self.datasets for v in self.groups}

    def stages(self, cells: Iterable[Cell]) -> tuple[list[str], list[str]]:
        """The names of the stages that train and that evaluate these cells."""
        named = [(params.TRAINED[self.groups[v]], f"{d}-{v}-{s}") for d, v, s in cells]
        return tuple([f"{stages[i]}@{name}" for stages, name in named] for i in (0, 1))

    def can_reach(self, dataset: str, variant: str, n_seeds: int) -> bool:
        """Whether a variant can have so many seeds: one that is trained here can, and one without seeds needs none."""
        if variant in self.groups or not has_seeds(dataset, self.variants)[variant]:
            return True
        return seeds_made(dataset, variant, self.seeds) >= n_seeds

    def baselines(self, missing: bool = False) -> list[str]:
        """The names of the stages of what has no seeds, or only of those that have no ranks."""
        cells = [(d, v) for d in self.datasets for v in self.fitted]
        return [f"baseline@{d}-{v}" for d, v in cells if not (missing and paths.ranks(d, v, None).exists())]

    @property
    def tests(self) -> list[str]:
        """The names of the stages that come after those of the cells, in their order."""
        taken = (f"external@{d}-{v}" for d in self.datasets for v in self.external)
        return [*taken, *(f"significance@{name}" for name in self.datasets), "aggregate"]

    def looks_made(self, dataset: str, a: str, b: str) -> list[tuple[int, int]]:
        """The looks that a comparison has come to: number from 1, and seeds."""
        seeded = has_seeds(dataset, self.variants)
        made = (seeds_made(dataset, v, self.seeds) if seeded[v] else None for v in (a, b))
        return list(enumerate(self.plan.reached_by(*made), start=1))


def next_stages(experiment: Experiment) -> list[str]:
    """In the order in which they are to run: those of the cells of the next look, then the tests; [] at the end."""
    fitted = experiment.baselines(missing=True)
    first = experiment.cells(experiment.every(experiment.plan.looks[0]), made=False)
    if first:
        cells = first
    elif fitted or (raw := tested(experiment)) is None:
        return fitted + experiment.tests
    else:
        _, cells = standing(experiment, raw)
    trained = [name for stages in experiment.stages(cells) for name in stages]
    return fitted + trained + (experiment.tests if cells else [])


def tested(experiment: Experiment) -> pd.DataFrame | None:
    """The rows of ``significance`` by the metric that confirms; None where they are not of every look that is made."""
    if not all(map(is_saved, experiment.datasets)):
        return None
    raw = read_tables(experiment.datasets, "comparisons.csv")
    raw = raw[raw["metric"] == experiment.confirm]
    due = {
        (dataset, a, b, number, look)
        for dataset in experiment.datasets
        for a, b in experiment.plan.comparisons
        for number, look in experiment.looks_made(dataset, a, b)
    }
    found = set(raw[["dataset", "a", "b", "look", "n_seeds"]].itertuples(index=False, name=None))
    return raw if found == due else None


def is_open(table: pd.DataFrame, plan: Plan) -> pd.Series:
    """Which rows of ``family.corrected`` another seed may give a verdict."""
    near = (table["verdict"] == "fragile") & (table["effective_sessions"] >= NEAR * plan.fewest)
    return ((table["verdict"] == "inconclusive") | near) & (table["n_seeds"] > 0)


def standing(experiment: Experiment, raw: pd.DataFrame) -> tuple[pd.DataFrame, list[Cell]]:
    """``family.corrected`` at the last look that is whole, and the cells that the next one still needs.

    A look is whole when all that were open at the look before have come to it. What a killed run has made beyond that
    is not looked at, or the rest of a look would depend on when it was killed.
    """
    looks = experiment.plan.looks
    for number in range(1, len(looks) + 1):
        table = corrected(raw[raw["look"] <= number], experiment.synthetic, experiment.plan)
        going = table[is_open(table, experiment.plan) & (table["look"] < len(looks))]
        wanted: dict[tuple[str, str], int] = {}
        for row in going.itertuples():
            n_seeds, arms = looks[int(row.look)], (row.a, row.b)
            if all(experiment.can_reach(row.dataset, variant, n_seeds) for variant in arms):
                for key in ((row.dataset, variant) for variant in arms if variant in experiment.groups):
                    wanted[key] = max(wanted.get(key, 0), n_seeds)
        if cells := experiment.cells(wanted, made=False):
            return table, cells
    return table, []
