"""What is measured: generated cases with Diginetica's shapes, and one training step of either side."""

import importlib
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from reference import PaddedCore, padded

from recore import yaml12
from recore.data.cases import Batch, Cases
from recore.data.sessions import Sessions, offsets_of
from recore.models.core import Core
from recore.models.objectives import Objective
from recore.training.adam import Adam
from recore.training.loop import train_step
from recore.training.seeding import attach_streams, initialise

ROOT = Path(__file__).parents[1]
PARAMS: dict[str, Any] = yaml12.read(ROOT / "params.yaml")
TRAIN = PARAMS["train"]
MODEL = TRAIN["model"]
CPU = torch.device("cpu")
SEED = 2020

# Clicks of a session after its first: a mixture of two geometric distributions whose prefixes have mean length 4.15,
# median 3, 99th percentile about 19, and about 40 as the longest of 2048, as on Diginetica.
MIXTURE = {"share_long": 0.075, "mean_short": 3.64, "mean_long": 7.3}


def generate(n_items: int, n_sessions: int, length: int | None = None) -> Sessions:
    """Sessions of ``length`` clicks, or of Diginetica's lengths; an item of popularity rank r weighs about 1/r."""
    rng = np.random.default_rng(0)
    long = rng.random(n_sessions) < MIXTURE["share_long"]
    lengths = 1 + rng.geometric(1 / np.where(long, MIXTURE["mean_long"], MIXTURE["mean_short"]))
    if length is not None:
        lengths[:] = length
    popularity_rank = (n_items ** rng.random(lengths.sum())).astype(np.int64) - 1
    items = rng.permutation(n_items)[popularity_rank] + 1  # popular items lie all over the table
    return Sessions(items.astype(np.int32), offsets_of(lengths), np.arange(n_sessions), np.arange(n_sessions))


class Feed:
    """Fresh batches of the generated cases: batch i is the same for every step that asks for it."""

    def __init__(self, n_items: int, batch_size: int, prefix_length: int | None = None, n_sessions: int = 20_000):
        length = None if prefix_length is None else prefix_length + 1
        self.cases = Cases(generate(n_items, n_sessions, length), MODEL["max_length"])
        self.batch_size = batch_size
        chosen = np.arange(len(self.cases))
        if prefix_length is not None:
            chosen = chosen[self.cases.length == prefix_length]
        self.order = np.random.default_rng(1).permutation(chosen)

    def batch(self, i: int) -> Batch:
        start = i * self.batch_size
        return self.cases.batch(self.order.take(np.arange(start, start + self.batch_size), mode="wrap"))


def split_label(label: str) -> tuple[str, int, float]:
    """``dahn K=5`` to its variant, K and λ; without K there are no hard negatives."""
    variant, _, k = label.partition(" K=")
    return variant, int(k or 0), PARAMS["hard_neg_lambda"] if k else 0.0


class OurStep:
    """recore's training step."""

    def __init__(self, label: str, n_items: int, precision: str = "float32"):
        variant, k, lam = split_label(label)
        self.objective, self.precision = Objective(k, lam), precision
        self.model: Core = importlib.import_module(f"recore.variants.{variant}").build(MODEL, n_items)
        initialise(self.model, SEED)
        attach_streams(self.model, SEED, CPU)
        self.optimizer = Adam(self.model.parameters(), TRAIN["learning_rate"])

    def __call__(self, batch: Batch) -> float:
        clicks = torch.from_numpy(batch.clicks)
        return train_step(self.model, self.optimizer, clicks, batch, self.objective, self.precision).item()


class ReferenceStep:
    """The plain padded rendition of the published step."""

    def __init__(self, label: str, n_items: int):
        variant, self.k, self.lam = split_label(label)
        torch.manual_seed(SEED)
        self.model = PaddedCore(variant, n_items, MODEL)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=TRAIN["learning_rate"])

    def __call__(self, batch: Batch) -> float:
        sessions, targets = padded(batch, MODEL["max_length"])
        self.optimizer.zero_grad()
        loss = self.model.loss(sessions, targets, self.k, self.lam)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def evaluate(self, cases: Cases, batch_size: int) -> np.ndarray:
        """The target's place of every case, in file order (see ``PaddedCore.target_positions``)."""
        self.model.eval()
        places = np.empty(len(cases), np.int64)
        for start in range(0, len(cases), batch_size):
            batch = cases.batch(np.arange(start, min(start + batch_size, len(cases))))
            places[batch.cases] = self.model.target_positions(*padded(batch, MODEL["max_length"])).numpy()
        return places


SIDES = {"ours": OurStep, "bfloat16": partial(OurStep, precision="bfloat16"), "reference": ReferenceStep}
