"""The loop: it learns, keeps the best epoch, stops in time, repeats itself and refuses NaN."""

import importlib

import numpy as np
import pytest
import torch
from builders import SETTINGS, TRAIN, VARIANTS, flat, random_sessions
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from recore import RecoreError
from recore.data.cases import Cases
from recore.evaluation.ranking import rank
from recore.models import core
from recore.models.core import Core, item_space
from recore.models.device import prepare
from recore.models.encoders import Encoding
from recore.models.objectives import CROSS_ENTROPY, Objective
from recore.models.packing import resident
from recore.models.scorer import CoreScorer
from recore.training import loop
from recore.training.adam import Adam
from recore.training.loop import fit, train_step
from recore.training.progress import Progress
from recore.training.seeding import attach_streams, initialise

CPU = torch.device("cpu")
SPLIT = {
    part: Cases(flat(random_sessions(n, 30, seed)), 10) for seed, (part, n) in enumerate([("train", 80), ("valid", 20)])
}


def train(variant="trm", seed=1, objective=CROSS_ENTROPY, **settings):
    return trained(
        importlib.import_module(f"recore.variants.{variant}").build(SETTINGS, 30), seed, objective, **settings
    )


def trained(built, seed=1, objective=CROSS_ENTROPY, **settings):
    return fit(
        built, SPLIT["train"], SPLIT["valid"], TRAIN | settings, objective, seed, CPU, Progress("test", 1)
    ), built


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_loss_falls_and_padding_stays_zero(variant):
    training, built = train(variant, objective=Objective(5, 0.2) if "hn" in variant else CROSS_ENTROPY)
    losses = [epoch.loss for epoch in training.epochs]
    assert losses[-1] < losses[0]
    assert built.items.table[0].abs().max() == 0


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    (first, _), (second, _), (other, _) = train(), train(), train(seed=2)
    assert [epoch.loss for epoch in first.epochs] == [epoch.loss for epoch in second.epochs]
    for name, value in first.weights.items():
        assert torch.equal(value, second.weights[name])
    assert first.epochs[0].loss != other.epochs[0].loss


class Dropped(nn.Module):
    """PyTorch's own dropouts, of which one stands in no layer of its own, and a table that is not trained."""

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(8, 8, num_layers=2, dropout=0.5)
        self.dropout = nn.Dropout(0.5)
        self.fixed = nn.Embedding(2, 8).requires_grad_(False)

    def forward(self, vectors, undropped, packing):
        _, last = self.gru(packing.sequence(self.dropout(vectors) + self.fixed.weight[1]))
        return Encoding(last[-1])


def test_pytorchs_dropout_is_a_stream_of_the_run_and_leaves_the_global_generator_alone():
    losses, fixed = [], []
    for before, seed in ((3, 1), (99, 1), (3, 2)):
        torch.manual_seed(before)
        state = torch.get_rng_state()
        built = Core(item_space(SETTINGS, 30), Dropped())
        torch.set_rng_state(state)
        training, _ = trained(built, seed, epochs=2)
        assert torch.equal(torch.get_rng_state(), state)
        losses.append([epoch.loss for epoch in training.epochs])
        fixed.append(training.weights["encoder.fixed.weight"])
    assert losses[0] == losses[1] != losses[2]
    initialise(built, 2)
    assert torch.equal(fixed[2], built.encoder.fixed.weight)  # as it was drawn


def test_no_weight_on_hard_negatives_trains_core_trm_bit_for_bit():
    """λ = 0, whatever the rest: the paper's special case, over whole runs."""
    (plain, _), (hybrid, _) = train("trm"), train("hn", objective=Objective(99, 0.0, "skip", 999, 9))
    assert [(epoch.loss, epoch.valid) for epoch in plain.epochs] == [
        (epoch.loss, epoch.valid) for epoch in hybrid.epochs
    ]
    for name, value in plain.weights.items():
        assert torch.equal(value, hybrid.weights[name])


def test_a_pool_of_everything_is_no_pool_bit_for_bit():
    """Its stream is its own: nothing else of the run is drawn otherwise."""
    (off, _), (pooled, _) = (
        train("hn", objective=Objective(5, 0.2)),
        train("hn", objective=Objective(5, 0.2, "keep", 30)),
    )
    assert [(epoch.loss, epoch.valid) for epoch in off.epochs] == [(epoch.loss, epoch.valid) for epoch in pooled.epochs]
    for name, value in off.weights.items():
        assert torch.equal(value, pooled.weights[name])


def steps_of(monkeypatch, variant, objective, **settings):
    """What every step of a run is given: its objective and its pool."""
    seen, original = [], loop.train_step
    monkeypatch.setattr(loop, "train_step", lambda *given: seen.append((given[4], given[6])) or original(*given))
    train(variant, objective=objective, **settings)
    monkeypatch.undo()
    return seen


def test_every_step_has_a_pool_of_its_own_and_all_variants_of_a_seed_the_same(monkeypatch):
    objective = Objective(3, 0.2, hard_neg_pool=12)
    pools = {
        (variant, seed): [pool for _, pool in steps_of(monkeypatch, variant, objective, seed=seed, epochs=2)]
        for variant, seed in (("hn", 1), ("dahn", 1), ("hn", 2))
    }
    first = [tuple(sorted(pool)) for pool in pools["hn", 1]]
    assert len(set(first)) == len(first) > 8
    assert all(len(set(pool)) == 12 and min(pool) >= 0 and max(pool) < 30 for pool in first)
    assert np.array_equal(pools["hn", 1], pools["dahn", 1])
    assert not np.array_equal(pools["hn", 1], pools["hn", 2])


def test_a_warm_up_counts_epochs_from_1(monkeypatch):
    """λ·e/E in epoch e up to E."""
    given = steps_of(monkeypatch, "hn", Objective(3, 0.3, hard_neg_warmup=3), epochs=4, patience=9)
    steps = len(given) // 4
    assert [objective.hard_neg_lambda for objective, _ in given[::steps]] == pytest.approx([0.1, 0.2, 0.3, 0.3])
    assert given[steps - 1][0].hard_neg_lambda == pytest.approx(0.1)


@pytest.mark.parametrize(("own", "mined"), [("keep", 1.0), ("skip", 0.0)])
def test_a_step_mines_the_only_click_or_not(own, mined, monkeypatch):
    """Of sessions i, i + 1 the prefix is one click, which the session is: it is the hardest negative of each."""
    cases, shares, original = Cases(flat([[i, i + 1] for i in range(1, 13)]), 10), [], core.fused_loss

    def watched(session, catalogue, targets, *rest):
        loss = original(session, catalogue, targets, *rest[:4], found := [], *rest[5:])
        shares.append((found[0] + 1 == targets - 1).double().mean().item())
        return loss

    monkeypatch.setattr(core, "fused_loss", watched)
    built = importlib.import_module("recore.variants.hn").build(
        SETTINGS | {"session_dropout": 0, "item_dropout": 0}, 30
    )
    fit(built, cases, SPLIT["valid"], TRAIN | {"epochs": 1}, Objective(1, 0.2, own), 1, CPU, Progress("test", 1))
    assert shares == [mined]


def test_more_hard_negatives_than_items_end_a_run_before_it_starts():
    with pytest.raises(RecoreError, match="30 items has only 29 beside the target; lower hard_neg_k to 29 or less"):
        train("hn", objective=Objective(30, 0.2))
    Objective(29, 0.2).check(n_items=30)


def test_one_item_has_no_hard_negative_of_any_number():
    with pytest.raises(RecoreError, match="a catalogue of 1 item has no hard negative; set hard_neg_lambda to 0"):
        Objective(1, 0.2).check(n_items=1)
    Objective(1, 0.0).check(n_items=1)


def test_an_epoch_sees_every_case_once(monkeypatch):
    seen = []
    original = loop.train_step
    monkeypatch.setattr(loop, "train_step", lambda *given: seen.append(given[3].cases) or original(*given))
    train(epochs=1, batch_size=13)
    assert sorted(np.concatenate(seen)) == list(range(len(SPLIT["train"])))


class NoLook(TorchDispatchMode):
    """Forbids what makes the host wait for a device: reading a number, a shape that depends on data, and writing at
    indices that PyTorch checks first (on a GPU, where it must be deterministic).

    ``index_put`` is none of these: so the gradient of an index shows itself to a mode, and it checks nothing.
    """

    READS = ("_local_scalar_dense", "nonzero", "masked_select", "equal")
    CHECKS = ("index_put_", "scatter_", "scatter_add_", "index_copy_", "index_add_", "index_fill_")

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.name().removeprefix("aten::").split(".")[0]
        assert name not in self.READS + self.CHECKS, name
        return function(*args, **(kwargs or {}))


def one_step(variant, device, objective=None):
    built = importlib.import_module(f"recore.variants.{variant}").build(SETTINGS, 30)
    initialise(built, 1)
    built.observe(SPLIT["train"].items, SPLIT["train"].offsets)
    attach_streams(built.train().to(device), 1, device)
    objective = objective or (Objective(5, 0.2) if "hn" in variant else CROSS_ENTROPY)
    pool = np.arange(5, 29) if objective.hard_neg_pool else None
    optimizer = Adam(built.parameters(), 0.001)
    clicks = resident(SPLIT["train"].items, device)
    batch = SPLIT["train"].batch(np.arange(20))
    return lambda: train_step(built, optimizer, clicks, batch, objective, pool=pool)


ALL_ON = Objective(3, 0.2, "skip", 24, 1)


@pytest.mark.parametrize(
    ("variant", "objective"),
    [*((v, None) for v in (*VARIANTS, "da_fixed", "da_norecent", "mi", "graph", "repeat")), ("hn", ALL_ON)],
)
def test_the_host_does_not_look_at_a_number_in_a_step(variant, objective):
    """So a GPU is never waited for within an epoch; seen here on the CPU by what PyTorch is asked to do."""
    step = one_step(variant, CPU, objective)
    with NoLook():
        loss = step()
    assert loss.isfinite()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(
    ("variant", "objective"), [*((v, None) for v in (*VARIANTS, "mi", "graph", "repeat")), ("hn", ALL_ON)]
)
def test_a_gpu_is_not_waited_for_in_a_step(variant, objective):
    threads = torch.get_num_threads()
    step = one_step(variant, prepare("cuda", threads), objective)
    try:
        step()  # what is set up once may wait
        torch.cuda.set_sync_debug_mode("error")
        loss = step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
        torch.set_deterministic_debug_mode("default")
    assert loss.isfinite()


def scripted(monkeypatch, values):
    """Validation MRR@20 by script: 1 / (above + 1) with ``above`` chosen so that it takes these values."""
    script = iter(values)
    metric = lambda gains, above, tied, cutoffs: {"recall@20": np.zeros(1), "mrr@20": np.array([next(script)])}  # noqa: E731
    monkeypatch.setattr(loop, "expected_gains", metric)


@pytest.mark.parametrize(
    ("values", "patience", "best", "epochs"),
    [
        ([0.1, 0.2, 0.3, 0.4], 5, 4, 4),  # always better: the best is the last
        ([0.3, 0.3, 0.3, 0.3], 5, 1, 4),  # a tie keeps the earlier epoch
        ([0.1, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.9], 5, 2, 8),  # stops at the sixth without a new best
        ([0.1, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.6, 0.1], 5, 8, 9),  # a new best at the sixth goes on
        ([0.5, 0.4, 0.9], 0, 1, 2),
        ([0.00001, 0.00002, 0.00001], 5, 2, 3),  # unrounded
    ],
)
def test_early_stopping(monkeypatch, values, patience, best, epochs):
    scripted(monkeypatch, values)
    training, _ = train(epochs=len(values), patience=patience)
    assert training.best == best
    assert len(training.epochs) == epochs


def test_the_weights_kept_are_those_of_the_best_epoch(monkeypatch):
    scripted(monkeypatch, [0.1, 0.9, 0.2])
    kept, built = train(epochs=3)
    scripted(monkeypatch, [0.1, 0.9])
    _, at_best = train(epochs=2)
    for name, value in at_best.state_dict().items():
        assert torch.equal(kept.weights[name], value)
    assert not torch.equal(kept.weights["items.table"], built.items.table)


def test_a_loss_that_is_not_finite_stops_the_run():
    with pytest.raises(RecoreError, match=r"the loss is (nan|inf) at epoch 1, step \d+; likely causes"):
        train(learning_rate=1e30)


def test_validation_is_the_ranking_of_the_kept_weights():
    training, built = train(epochs=2)
    built.load_state_dict(training.weights)
    ranks = rank(CoreScorer(built), SPLIT["valid"], 7, CPU)
    expected = np.mean([1 / (above + 1) if above < 20 else 0 for above in ranks.above])
    assert (ranks.tied == 1).all()
    assert training.epochs[training.best - 1].valid["mrr@20"] == pytest.approx(expected)


def test_a_log_that_is_no_terminal_gets_one_line_an_epoch(capsys):
    train(epochs=2)
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("test epoch 1/1: loss ")
    assert "validation mrr@20" in lines[0]
