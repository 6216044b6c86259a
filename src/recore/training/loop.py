"""The training loop: Adam, validation after every epoch, the best epoch kept, early stopping.

A new best is strictly greater and unrounded, so a tie keeps the earlier epoch; the run stops when the
best is ``patience`` epochs old and the next one is no better either. (The published code accepts ties
of metrics rounded to 4 decimals.)
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recore import RecoreError
from recore.data.cases import Batch, Cases
from recore.evaluation.expected import VALIDATED, expected_gains
from recore.evaluation.ranking import rank
from recore.models.core import Core
from recore.models.device import moved
from recore.models.objectives import Objective
from recore.models.packing import gather, resident
from recore.models.scorer import CoreScorer
from recore.training.adam import Adam
from recore.training.mined import EVERY, Mined
from recore.training.progress import Progress
from recore.training.seeding import attach_streams, batch_order, global_stream, initialise, pools


@dataclass(frozen=True)
class Epoch:
    """One row of history.csv, but for the seconds; ``valid`` holds the validation metrics by name.

    ``mined``: counts by column, where hard negatives are mined.
    """

    epoch: int
    loss: float
    valid: dict[str, float]
    train_seconds: float
    valid_seconds: float
    mined: dict[str, int] = field(default_factory=dict)


@dataclass
class Training:
    """What a run left: its epochs from 1, the best one, and the weights of that one."""

    epochs: list[Epoch] = field(default_factory=list)
    best: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)


def fit(
    model: Core,
    train: Cases,
    valid: Cases,
    settings: dict[str, Any],
    objective: Objective,
    seed: int,
    device: torch.device,
    progress: Progress,
) -> Training:
    """Trains ``model`` from the seed's initial weights with the settings of ``params.yaml``'s ``train``.

    Raises RecoreError for a loss that is not finite, with epoch and step.
    """
    objective.check(len(model.items.table) - 1, int(train.length.max()))
    initialise(model, seed)
    model.observe(train.items, train.offsets)
    model.to(device)
    attach_streams(model, seed, device)
    optimizer = Adam(model.parameters(), settings["learning_rate"])
    metric = f"mrr@{settings['validation_cutoff']}"
    clicks = resident(train.items, device)
    mined = Mined(train) if objective.hard_neg_lambda > 0 else None
    training = Training()
    for epoch in range(1, settings["epochs"] + 1):
        began = time.perf_counter()
        with global_stream(seed, f"torch/{epoch}", device):
            loss = _train_epoch(
                model, optimizer, train, clicks, settings, objective.in_epoch(epoch), seed, epoch, progress, mined
            )
        trained = time.perf_counter()
        with progress.steps(f"epoch {epoch} validation", len(valid)) as advance:
            ranks = rank(CoreScorer(model), valid, settings["batch_size"], device, advance)
        metrics = expected_gains(VALIDATED, ranks.above, ranks.tied, [settings["validation_cutoff"]])
        means = {name: float(np.mean(values)) for name, values in metrics.items()}
        ended = time.perf_counter()
        counts = mined.taken() if mined else {}
        training.epochs.append(Epoch(epoch, loss, means, trained - began, ended - trained, counts))
        if not training.best or means[metric] > training.epochs[training.best - 1].valid[metric]:
            training.best = epoch
            training.weights = {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
        progress.epoch_done(training.epochs[-1], training.best, metric)
        if epoch - training.best > settings["patience"]:
            break
    return training


def train_step(
    model: Core,
    optimizer: Adam,
    clicks: Tensor,
    batch: Batch,
    objective: Objective,
    precision: str = "float32",
    pool: np.ndarray | None = None,
    mined: list[Tensor] | None = None,
) -> Tensor:
    """One update on one batch (Algorithm 1, then Adam); returns its mean loss, which the host has not waited for.

    ``clicks`` are the split's, on the model's device; ``precision`` is that of the loss (see ``fused``); ``pool`` are
    the rows of the catalogue that are mined among, where the objective has a pool; to ``mined`` are added those that
    were mined, chunk by chunk.
    """
    items, packing, targets = gather(clicks, batch.lengths, batch.ends)
    ends, pool = moved(batch.ends, clicks.device), None if pool is None else moved(pool, clicks.device)
    loss = model.loss(items, packing, targets, objective, precision, ends, pool, mined)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def _train_epoch(
    model: Core,
    optimizer: Adam,
    cases: Cases,
    clicks: Tensor,
    settings: dict[str, Any],
    objective: Objective,
    seed: int,
    epoch: int,
    progress: Progress,
    mined: Mined | None,
) -> float:
    """One pass over all cases; returns the mean loss a case."""
    model.train()
    device, batch_size = clicks.device, settings["batch_size"]
    order = batch_order(seed, epoch, len(cases))
    starts = range(0, len(order), batch_size)
    size = objective.hard_neg_pool if objective.hard_neg_lambda > 0 else 0
    drawn = pools(seed, epoch, len(model.items.table) - 1, size)
    losses = torch.zeros(len(starts), device=device)
    with progress.steps(f"epoch {epoch}", len(order)) as advance:
        for step, start in enumerate(starts):
            batch = cases.batch(order[start : start + batch_size])
            seen: list[Tensor] | None = [] if mined and step % EVERY == 0 else None
            losses[step] = train_step(
                model, optimizer, clicks, batch, objective, settings["precision"], next(drawn), seen
            )
            if mined and seen:
                mined.add(batch, torch.cat(seen, dim=1).cpu().numpy() + 1)
            if device.type == "cpu":  # elsewhere a look at the loss would stall the device
                _check_finite(losses[step : step + 1], epoch, step)
                advance(len(batch.cases), float(losses[step]))
            else:
                advance(len(batch.cases))
    _check_finite(losses, epoch, 0)
    sizes = torch.tensor([min(batch_size, len(order) - start) for start in starts], device=device)
    return float((losses * sizes).sum() / len(order))


def _check_finite(losses: Tensor, epoch: int, first_step: int) -> None:
    bad = (~losses.isfinite()).nonzero()
    if len(bad):
        step = first_step + int(bad[0]) + 1
        raise RecoreError(
            f"the loss is {float(losses[bad[0]])} at epoch {epoch}, step {step}; likely causes are a learning_rate "
            "too high, a temperature too low or a corrupt split; nothing was written"
        )


def flatten(training: Training) -> Iterator[dict[str, float | int]]:
    """The rows of history.csv."""
    for epoch in training.epochs:
        yield {
            "epoch": epoch.epoch,
            "loss": epoch.loss,
            **epoch.valid,
            **epoch.mined,
        }
