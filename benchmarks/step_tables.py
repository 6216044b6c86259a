"""The rows of training_step.csv as Markdown tables, with the goals beside what was reached."""

import operator
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from tables import gigabytes, markdown, per_second, percent, seconds, times, value

PAIRS = ("ave", "trm", "dahn K=5")


def step_table(results: pd.DataFrame) -> str:
    """Training steps of both sides, measured in turns."""
    rows = []
    for variant in PAIRS:
        ours, shipped, tuned = _step(results, variant)
        rows.append(
            {
                "training step": variant,
                "recore": seconds(ours),
                "rendition as shipped": seconds(shipped),
                "rendition, allocator tuned": seconds(tuned),
                "ratio, as shipped": times(shipped / ours),
                "ratio, allocator tuned": times(tuned / ours),
            }
        )
    return markdown(rows)


def share(results: pd.DataFrame, variant: str) -> float:
    return value(results, "mining share of the step", variant)


def _step(results: pd.DataFrame, variant: str) -> tuple[float, float, float]:
    """Seconds of ours as shipped, and of the rendition as shipped and with a tuned allocator."""
    what = "step beside the reference"
    return (
        value(results, what, variant),
        value(results, what, variant, "reference"),
        value(results, what, variant, "reference", "tuned"),
    )


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
                "against trm": times(step / value(results, "step")),
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
    return markdown([{"part of the floor": name, "time": seconds(part[key])} for key, name in names.items()])


def evaluation_table(results: pd.DataFrame) -> str:
    """Evaluation of trm, and ranking alone."""
    rows = []
    for what, show in (("evaluation", per_second), ("ranking of a batch", seconds)):
        ours, shipped, tuned = (
            value(results, what),
            value(results, what, side="reference"),
            value(results, what, side="reference", allocator="tuned"),
        )
        faster = (lambda a, b: a / b) if what == "evaluation" else (lambda a, b: b / a)
        rows.append(
            {
                "what": what,
                "recore": show(ours),
                "rendition as shipped": show(shipped),
                "rendition, allocator tuned": show(tuned),
                "ratio, as shipped": times(faster(ours, shipped)),
                "ratio, allocator tuned": times(faster(ours, tuned)),
            }
        )
    return markdown(rows)


def memory_table(results: pd.DataFrame) -> str:
    """Peak memory of processes that do one thing."""
    rows = []
    for what, variant in (("training", "trm"), ("training", "dahn K=5"), ("evaluation", "trm")):
        ours, reference = (value(results, f"peak of {what}", variant, side) for side in ("ours", "reference"))
        row = {"peak memory": f"{what}, {variant}", "recore": gigabytes(ours), "rendition": gigabytes(reference)}
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
        aim = f"{'at least' if self.at_least else 'at most'} {self.show(self.bound)}"
        return {
            "goal": self.what,
            "aim": aim,
            "measured": self.show(self.measured),
            "": "reached" if reached else "MISSED",
        }


def target_table(results: pd.DataFrame) -> str:
    """Every goal of the engine; ours is always as shipped."""
    trm, trm_shipped, trm_tuned = _step(results, "trm")
    ave, ave_shipped, _ = _step(results, "ave")
    own_trm = value(results, "step")
    counted, sorted_ = (value(results, "ranking of a batch", side=side) for side in ("ours", "reference"))
    peak = max(value(results, "peak of training", variant) for variant in ("trm", "dahn K=5"))
    goals = [
        Goal("trm, rendition as shipped / recore", 7, trm_shipped / trm, times, True),
        Goal("trm, rendition with tuned allocator / recore", 4, trm_tuned / trm, times, True),
        Goal("ave, rendition as shipped / recore", 2.5, ave_shipped / ave, times, True),
        Goal("dahn K=5 / trm, both recore", 1.2, value(results, "step", "dahn K=5") / own_trm, times, False),
        Goal("trm / its floor", 1.5, own_trm / value(results, "floor", side="all"), times, False),
        Goal("peak memory of training, trm and dahn K=5", 1.2, peak, gigabytes, False),
        Goal("evaluation of trm", 5_500, value(results, "evaluation"), per_second, True),
        Goal("mining's share of the step, K=5", 0.10, share(results, "hn K=5"), percent, False),
        Goal("mining's share of the step, K=64", 0.25, share(results, "hn K=64"), percent, False),
        Goal("ranking, the first 20 by topk / recore", 3, sorted_ / counted, times, True),
    ]
    return markdown([goal.row() for goal in goals])


TABLES = {
    "steps": step_table,
    "own": own_table,
    "floor": floor_table,
    "evaluation": evaluation_table,
    "memory": memory_table,
    "goals": target_table,
}
