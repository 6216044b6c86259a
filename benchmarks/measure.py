"""One measurement in a process of its own: ``python benchmarks/measure.py TASK`` prints its rows as JSON.

TASK is JSON: the name of a function below as ``kind``, its arguments, and ``threads``. What is compared is measured in
one process, in turns and on the same batches, so that the machine's moods meet both; memory is one process a figure.
"""

import datetime
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from mining import choices
from mining import in_turns as cpu_seconds
from reference import places_by_sort, places_by_topk
from torch import Tensor
from workload import CPU, MODEL, PARAMS, ROOT, SIDES, Feed, OurStep, ReferenceStep, generate

from recore.data.cases import Cases
from recore.evaluation.lists import CountedScores
from recore.evaluation.ranking import CHUNK as RANKED
from recore.evaluation.ranking import count_above_and_tied, rank
from recore.evaluation.recommended import Recommended
from recore.models.objectives import CROSS_ENTROPY, Objective
from recore.models.packing import gather, resident
from recore.models.scorer import CoreScorer, Cosines
from recore.training.provenance import peak_memory_bytes, provenance

Row = dict[str, Any]
Calls = dict[str, Callable[[int], object]]
CHUNK = 256  # cases: the buffer of the measured pass
SQUARE = 2048
OURS = {"ours": "float32", "bfloat16": "bfloat16"}  # the precision of each of our sides
SHORT = 4  # times as many rounds of what takes a second at the most
SUBTLE = 16  # and where a difference of a few per cent is sought, less than what the machine does to a step


def in_turns(calls: Calls, rounds: int) -> dict[str, list[float]]:
    """Seconds of each call in every round after a first that is not counted.

    Every round begins with another call, so that each takes every place in turn; in rounds forth and back, the outer
    ones would run twice in a row, with what they need still in the cache.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    for i in range(rounds + 1):
        first = i % len(names)
        for name in names[first:] + names[:first]:
            start = time.perf_counter()
            calls[name](i)
            if i:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def row(what: str, variant: str, side: str, values: list[float], unit: str) -> Row:
    """The median of the values."""
    value = statistics.median(values) if values else None
    return {"what": what, "variant": variant, "side": side, "value": value, "unit": unit, "n": len(values)}


def ratios(left: list[float], right: list[float]) -> list[float]:
    """Left over right, round by round: what the machine does to one of a round it mostly does to the other."""
    return [a / b for a, b in zip(left, right, strict=True)]


def beside_reference(label: str, items: int, batch: int, rounds: int) -> list[Row]:
    """The training step of every side in turns."""
    feed = Feed(items, batch)
    steps = {side: make(label, items) for side, make in SIDES.items()}
    seconds = in_turns({side: lambda i, s=step: s(feed.batch(i)) for side, step in steps.items()}, rounds)
    return [row("step beside the reference", label, side, values, "s") for side, values in seconds.items()]


def own_steps(labels: list[str], items: int, batch: int, rounds: int) -> list[Row]:
    """Our steps in turns with each other."""
    feed = Feed(items, batch)
    steps = {label: OurStep(label, items) for label in labels}
    calls: Calls = {label: lambda i, s=step: s(feed.batch(i)) for label, step in steps.items()}
    seconds = in_turns(calls, SHORT * rounds)
    rows = [row("step", label, "ours", seconds[label], "s") for label in labels]
    rows += [row("step over trm", label, "ours", ratios(seconds[label], seconds["trm"]), "ratio") for label in labels]
    return rows


def mining(ks: list[int], items: int, batch: int, rounds: int) -> list[Row]:
    """The share of a step that hard negatives take: one model under each objective in turn; nothing else differs."""
    return [row for side in OURS for row in mining_of(side, ks, items, batch, rounds)]


def mining_of(side: str, ks: list[int], items: int, batch: int, rounds: int) -> list[Row]:
    feed, step = Feed(items, batch), SIDES[side]("trm", items)
    objectives = {f"hn K={k}": Objective(k, PARAMS["hard_neg_lambda"]) for k in ks} | {"trm": CROSS_ENTROPY}

    def under(label: str) -> Callable[[int], object]:
        def call(i: int) -> None:
            step.objective = objectives[label]
            step(feed.batch(i))

        return call

    seconds = in_turns({label: under(label) for label in objectives}, SUBTLE * rounds)
    hybrid = {label: values for label, values in seconds.items() if label != "trm"}
    shares = {label: [1 - trm for trm in ratios(seconds["trm"], values)] for label, values in hybrid.items()}
    return [row("mining share of the step", label, side, values, "fraction") for label, values in shares.items()]


def beside_floor(items: int, batch: int, rounds: int) -> list[Row]:
    """Our trm step, the only model in memory as in training, in turns with the measured parts of its floor.

    The one model takes its steps in either precision; the floor is that of float32.
    """
    feed, step = Feed(items, batch), OurStep("trm", items)

    def in_precision(precision: str) -> Callable[[int], object]:
        def call(i: int) -> None:
            step.precision = precision
            step(feed.batch(i))

        return call

    calls = {side: in_precision(precision) for side, precision in OURS.items()}
    seconds = in_turns(calls | floor_calls(items, batch), SHORT * rounds)
    rows = [row("step beside its floor", "trm", side, seconds[side], "s") for side in OURS]
    return rows + floor(seconds, feed, items, batch)


def floor_calls(items: int, batch: int) -> Calls:
    """A square product; exp and sum, and a mask, over as many numbers as there are scores, each pass in place."""
    left, right, out = torch.rand(3, SQUARE, SQUARE)
    chunks = torch.zeros(batch, items).split(CHUNK)
    mask = torch.ones(chunks[0].shape, dtype=torch.bool)  # masks everything, so that the exponentials stay finite
    return {
        "square product": lambda _: torch.mm(left, right, out=out),
        "exp and sum": lambda _: [chunk.exp_().sum(dim=1) for chunk in chunks],
        "mask": lambda _: [chunk.masked_fill_(mask[: len(chunk)], 0.0) for chunk in chunks],
    }


def floor(seconds: dict[str, list[float]], feed: Feed, items: int, batch: int) -> list[Row]:
    """Seconds that a trm step cannot go below here: its products at the rate of a square one, and one pass of each."""
    length, width = feed.cases.length.astype(float), MODEL["embedding_size"]
    linear = 4 * width**2 + 2 * width * MODEL["inner_size"]  # weights of a block
    encoder = MODEL["layers"] * (linear * length.mean() + 2 * width * (length**2).mean())
    flop = 3 * 2 * batch * (items * width + encoder)  # forward, and backward to both factors
    rates = [2 * SQUARE**3 / s for s in seconds["square product"]]
    products = flop / statistics.median(rates)
    passes = {name: statistics.median(seconds[name]) for name in ("exp and sum", "mask")}
    parts = {"products": products, **passes, "all": products + sum(passes.values())}
    rows = [row("floor", "trm", name, [value], "s") for name, value in parts.items()]
    rows.append(row("floor", "trm", "work", [flop / 1e9], "GFLOP"))
    return [*rows, row("floor", "trm", "rate", [rate / 1e9 for rate in rates], "GFLOP/s")]


def evaluation(items: int, batch: int, sessions: int, rounds: int) -> list[Row]:
    """Cases a second of both ways to evaluate trm, in turns, encoding included; then the ranking of one batch alone."""
    cases = Cases(generate(items, sessions), MODEL["max_length"])
    ours, reference = OurStep("trm", items), ReferenceStep("trm", items)
    calls: Calls = {
        "ours": lambda _: rank(CoreScorer(ours.model), cases, batch, CPU),
        "reference": lambda _: reference.evaluate(cases, batch),
    }
    seconds = in_turns(calls, rounds)
    rows = [
        row("evaluation", "trm", side, [len(cases) / s for s in values], "cases/s") for side, values in seconds.items()
    ]
    return rows + ranking(ours, Feed(items, batch), SHORT * rounds)


def encoded(ours: OurStep, feed: Feed) -> tuple[Tensor, Tensor, Tensor]:
    """What ranking starts from: unit items (V - 1, D), one batch's unit sessions (B, D) and its targets (B,)."""
    batch = feed.batch(0)
    items, packing, targets = gather(resident(feed.cases.items, CPU), batch.lengths, batch.ends)
    return ours.model.items.catalogue(), ours.model(items, packing).session, targets


@torch.inference_mode()
def ranking(ours: OurStep, feed: Feed, rounds: int) -> list[Row]:
    """Counting against topk on the same encoded batch, the product of sessions and items included in both."""
    catalogue, session, targets = encoded(ours, feed)
    calls: Calls = {
        "ours": lambda _: count_above_and_tied(Cosines(session, catalogue), len(catalogue), targets),
        "reference": lambda _: places_by_topk(session @ catalogue.T, targets - 1),
    }
    seconds = in_turns(calls, rounds)
    return [row("ranking of a batch", "trm", side, values, "s") for side, values in seconds.items()]


def listed(scores: Cosines) -> CountedScores:
    return CountedScores(scores, Recommended(len(scores.catalogue), 20), None)


@torch.inference_mode()
def rankings(items: int, batch: int, rounds: int) -> list[Row]:
    """Four ways from one batch to its targets' ranks, and the product of sessions and items that all begin with."""
    catalogue, session, targets = encoded(OurStep("trm", items), Feed(items, batch))
    width = RANKED["cpu"]
    chunks = session.split(width)
    buffers = [catalogue.new_empty(len(catalogue), len(chunk)) for chunk in (chunks[0], chunks[-1])]

    def product_in_chunks() -> None:
        for chunk in chunks:
            torch.mm(catalogue, chunk.T, out=buffers[len(chunk) < width])

    calls: Calls = {
        "counting": lambda _: count_above_and_tied(Cosines(session, catalogue), len(catalogue), targets),
        "lists": lambda _: count_above_and_tied(listed(Cosines(session, catalogue)), len(catalogue), targets),
        "topk": lambda _: places_by_topk(session @ catalogue.T, targets - 1),
        "sort": lambda _: places_by_sort(session @ catalogue.T, targets - 1),
        "product": lambda _: session @ catalogue.T,
        "product in chunks": lambda _: product_in_chunks(),
    }
    return [row("ranks", "trm", way, values, "s") for way, values in in_turns(calls, rounds).items()]


def alone(side: str, label: str, items: int, batch: int, rounds: int, prefix_length: int | None = None) -> list[Row]:
    """One side's training step with nothing else in the process: seconds, and peak memory of the process."""
    feed = Feed(items, batch, prefix_length)
    step = SIDES[side](label, items)
    seconds = in_turns({side: lambda i: step(feed.batch(i))}, rounds)[side]
    return [row("step alone", label, side, seconds, "s"), peak("peak of training", label, side)]


def evaluation_alone(side: str, items: int, batch: int, sessions: int) -> list[Row]:
    """Peak memory of evaluating trm; the model has no optimizer's numbers beside it."""
    cases = Cases(generate(items, sessions), MODEL["max_length"])
    step = SIDES[side]("trm", items)
    step.optimizer = None
    if isinstance(step, OurStep):
        rank(CoreScorer(step.model), cases, batch, CPU)
    else:
        step.evaluate(cases, batch)
    return [peak("peak of evaluation", "trm", side)]


def large_step(items: int, batch: int, rounds: int) -> list[Row]:
    """CPU seconds of a trm step with nothing else in the process, and its peak memory."""
    given, step = Feed(items, batch).batch(0), OurStep("trm", items)
    taken = cpu_seconds({"ours": lambda: step(given)}, rounds)
    return [row("large step", "trm", "ours", [taken["ours"]], "CPU s"), peak("peak of training", "trm", "ours")]


@torch.inference_mode()
def large_ranking(items: int, batch: int, rounds: int) -> list[Row]:
    """CPU seconds of ranking one batch, and peak memory; the model has no optimizer's numbers beside it."""
    step = OurStep("trm", items)
    step.optimizer = None
    catalogue, session, targets = encoded(step, Feed(items, batch))
    ways = {"ours": lambda: count_above_and_tied(Cosines(session, catalogue), len(catalogue), targets)}
    taken = cpu_seconds(ways, rounds)
    return [row("large ranking", "trm", "ours", [taken["ours"]], "CPU s"), peak("peak of ranking", "trm", "ours")]


def choice(items: int, cases: int, pool: int, rounds: int) -> list[Row]:
    """CPU seconds of the choice of K = 5 hard negatives among all items and among a pool."""
    found = choices(items, cases, pool, rounds)
    return [row("choice", "hn", way, [found[way]], "CPU s") for way in ("whole", "pool")]


def peak(what: str, label: str, side: str) -> Row:
    return row(what, label, side, [peak_memory_bytes(CPU) / 1e9], "GB")


def where() -> Row:
    """Machine, versions, commit and date: columns of every row. The commit counts only what the numbers depend on."""
    made = provenance(CPU)
    code = ("src", "params.yaml", "benchmarks/*.py")
    changed = subprocess.run(["git", "status", "--porcelain", "--", *code], cwd=ROOT, capture_output=True).stdout
    return {
        "processor": made["machine"]["processor"],
        "cores": made["machine"]["cores"],
        "threads": made["machine"]["threads"],
        "torch": made["versions"]["torch"],
        "python": made["versions"]["python"],
        "commit": (made["commit"] or "none")[:7] + ("-dirty" if changed else ""),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


KINDS = {
    f.__name__: f
    for f in (
        *(beside_reference, own_steps, mining, beside_floor, evaluation, rankings, alone, evaluation_alone),
        *(large_step, large_ranking, choice),
    )
}


def main() -> None:
    task = json.loads(sys.argv[1])
    torch.set_num_threads(task.pop("threads"))
    rows = KINDS[task.pop("kind")](**task)
    print(json.dumps([made | where() for made in rows]))


if __name__ == "__main__":
    main()
