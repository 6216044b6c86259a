"""The rows of training_step.csv as Markdown tables, with the goals beside what was reached."""

import operator
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from tables import gigabytes, markdown, per_second, percent, seconds, times, value

PAIRS = ("ave", "trm", "dahn K=5")
SIDES = ("ours", "bfloat16", "reference")
ALLOCATORS = {"shipped": "as shipped", "tuned": "allocator tuned"}


def step_table(results: pd.DataFrame) -> str:
    """Training steps of both sides, measured in turns."""
    rows = []
    for variant in PAIRS:
        steps = {allocator: _both(results, "step beside the reference", variant, allocator) for allocator in ALLOCATORS}
        rows.append({"training step": variant} | _beside(steps, seconds, lambda ours, theirs: theirs / ours))
    return markdown(rows)


def precision_table(results: pd.DataFrame) -> str:
    """Our steps with the loss in bfloat16, measured in turns with those above."""
    rows = []
    for variant in PAIRS:
        row = {"training step in bfloat16": variant}
        for allocator, how in ALLOCATORS.items():
            half = value(results, "step beside the reference", variant, "bfloat16", allocator)
            ours, theirs = _both(results, "step beside the reference", variant, allocator)
            row |= {f"recore, {how}": seconds(half), f"float32 over it, {how}": times(ours / half)}
            row[f"rendition over it, {how}"] = times(theirs / half)
        rows.append(row)
    return markdown(rows)


def _both(results: pd.DataFrame, what: str, variant: str, allocator: str) -> tuple[float, float]:
    """Ours and the rendition's, of one process."""
    return tuple(value(results, what, variant, side, allocator) for side in ("ours", "reference"))


def _beside(
    pairs: dict[str, tuple[float, float]], show: Callable[[float], str], faster: Callable[[float, float], float]
) -> dict[str, str]:
    """The columns of ours, theirs and their ratio for each allocator."""
    cells = {}
    for allocator, (ours, theirs) in pairs.items():
        how = ALLOCATORS[allocator]
        cells |= {
            f"recore, {how}": show(ours),
            f"rendition, {how}": show(theirs),
            f"ratio, {how}": times(faster(ours, theirs)),
        }
    return cells


def share(results: pd.DataFrame, variant: str, side: str = "ours") -> float:
    return value(results, "mining share of the step", variant, side)


def own_table(results: pd.DataFrame) -> str:
    """Our steps, measured in turns with each other."""
    rows = []
    for variant in results.loc[results["what"] == "step", "variant"].unique():
        step = value(results, "step", variant)
        rows.append(
            {
                "training step of recore": variant,
                "as shipped": seconds(step),
                "allocator tuned": seconds(value(results, "step", variant, allocator="tuned")),
                "against trm": times(value(results, "step over trm", variant)),
                "mining's share": percent(share(results, variant)) if variant.startswith("hn") else "",
            }
        )
    return markdown(rows)


def floor_table(results: pd.DataFrame) -> str:
    """What a trm step cannot go below on the machine, part by part."""
    part = {name: value(results, "floor", side=name) for name in results.loc[results["what"] == "floor", "side"]}
    rate = f"{part['work']:.1f} GFLOP at {part['rate']:.0f} GFLOP/s"
    names = {"products": f"matrix products: {rate}", "exp and sum": "exp and sum of every score"}
    names |= {"mask": "one mask over every score", "all": "floor"}
    rows = [{"part of the floor": name, "time": seconds(part[key])} for key, name in names.items()]
    step = seconds(value(results, "step beside its floor"))
    return markdown([*rows, {"part of the floor": "(recore's step, in turns with these)", "time": step}])


def evaluation_table(results: pd.DataFrame) -> str:
    """Evaluation of trm, and ranking alone."""
    faster = {"evaluation": operator.truediv, "ranking of a batch": lambda ours, theirs: theirs / ours}
    rows = []
    for what, show in (("evaluation", per_second), ("ranking of a batch", seconds)):
        pairs = {allocator: _both(results, what, "trm", allocator) for allocator in ALLOCATORS}
        rows.append({"what": what} | _beside(pairs, show, faster[what]))
    return markdown(rows)


def memory_table(results: pd.DataFrame) -> str:
    """Peak memory of processes that do one thing."""
    rows = []
    for what, variant in (("training", "trm"), ("training", "dahn K=5"), ("evaluation", "trm")):
        ours, half, reference = (value(results, f"peak of {what}", variant, side) for side in SIDES)
        row = {"peak memory": f"{what}, {variant}", "recore": gigabytes(ours), "in bfloat16": gigabytes(half)}
        row["rendition"] = gigabytes(reference)
        rows.append(row | {"ratio": times(reference / ours)})
    return markdown(rows)


@dataclass(frozen=True)
class Goal:
    """A number that was aimed at, and what came out."""

    what: str
    bound: float
    measured: float
    show: Callable[[float], str]
    at_least: bool

    def row(self) -> dict[str, str]:
        reached = (operator.ge if self.at_least else operator.le)(self.measured, self.bound)
        outcome = "" if pd.isna(self.measured) else "reached" if reached else "MISSED"
        aim = f"{'at least' if self.at_least else 'at most'} {self.show(self.bound)}"
        return {
            "goal": self.what,
            "aim": aim,
            "measured": self.show(self.measured),
            "": outcome,
        }


def target_table(results: pd.DataFrame) -> str:
    """Every goal of the engine."""
    steps = {
        (variant, allocator): theirs / ours
        for variant in ("ave", "trm")
        for allocator in ALLOCATORS
        for ours, theirs in [_both(results, "step beside the reference", variant, allocator)]
    }
    over_floor = value(results, "step beside its floor") / value(results, "floor", side="all")
    evaluated, evaluated_tuned = (_both(results, "evaluation", "trm", allocator) for allocator in ALLOCATORS)
    peak = max(value(results, "peak of training", variant) for variant in ("trm", "dahn K=5"))
    goals = [
        Goal("trm step, rendition / recore, as shipped", 7, steps["trm", "shipped"], times, True),
        Goal("trm step, rendition / recore, allocator tuned", 4, steps["trm", "tuned"], times, True),
        Goal("ave step, rendition / recore, as shipped", 2.5, steps["ave", "shipped"], times, True),
        Goal("dahn K=5 / trm, both recore", 1.2, value(results, "step over trm", "dahn K=5"), times, False),
        Goal("trm / its floor", 1.5, over_floor, times, False),
        Goal("peak memory of training, trm and dahn K=5", 1.2, peak, gigabytes, False),
        Goal("evaluation of trm", 5_500, evaluated[0], per_second, True),
        Goal("mining's share of the step, K=5", 0.10, share(results, "hn K=5"), percent, False),
        Goal("mining's share of the step, K=64", 0.25, share(results, "hn K=64"), percent, False),
        Goal("evaluation, recore / rendition, as shipped", 3, evaluated[0] / evaluated[1], times, True),
        Goal(
            "evaluation, recore / rendition, allocator tuned", 3, evaluated_tuned[0] / evaluated_tuned[1], times, True
        ),
    ]
    return markdown([goal.row() for goal in [*goals, *precision_goals(results)]])


def precision_goals(results: pd.DataFrame) -> list[Goal]:
    """The goals of the loss in bfloat16, each against float32 or the rendition of the same process."""
    over = {
        (variant, side): value(results, "step beside the reference", variant, side)
        / value(results, "step beside the reference", variant, "bfloat16")
        for variant in ("ave", "trm")
        for side in ("ours", "reference")
    }
    of_floor = value(results, "step beside its floor", side="bfloat16") / value(results, "floor", side="all")
    half, full = (value(results, "peak of training", side=side) for side in ("bfloat16", "ours"))
    return [
        Goal("trm step, float32 / bfloat16", 1.6, over["trm", "ours"], times, True),
        Goal("ave step, float32 / bfloat16", 2, over["ave", "ours"], times, True),
        Goal("trm step, rendition / bfloat16, as shipped", 17, over["trm", "reference"], times, True),
        Goal("trm in bfloat16 / the floor of float32", 1, of_floor, times, False),
        Goal("peak memory of trm, bfloat16 / float32", 1, half / full, times, False),
        Goal("mining's share in bfloat16, K=5", 0.10, share(results, "hn K=5", "bfloat16"), percent, False),
        Goal("mining's share in bfloat16, K=64", 0.25, share(results, "hn K=64", "bfloat16"), percent, False),
    ]


TABLES = {
    "steps": step_table,
    "steps in bfloat": precision_table,
    "own": own_table,
    "floor": floor_table,
    "evaluation": evaluation_table,
    "memory": memory_table,
    "goals": target_table,
}
