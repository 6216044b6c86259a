"""What the encoders of docs/ENCODERS.md come to when they are switched off: CORE-trm, bit for bit, over whole runs."""

import importlib

import numpy as np
import pytest
import torch
from builders import SETTINGS, TRAIN, flat, random_sessions

from recore.data.cases import Cases
from recore.evaluation.ranking import rank
from recore.models.objectives import CROSS_ENTROPY, Objective
from recore.models.scorer import CoreScorer
from recore.training.loop import fit
from recore.training.progress import Progress

pytestmark = pytest.mark.slow  # whole runs

CPU = torch.device("cpu")
SHARED = [random_sessions(n, 30, seed) for seed, n in enumerate((80, 20))]


def run(variant, sessions=SHARED, objective=CROSS_ENTROPY, precision="float32", **own):
    """Losses and validation of every epoch, the weights of the best, and ranks by the last."""
    train, valid = (Cases(flat(part), 10) for part in sessions)
    built = importlib.import_module(f"recore.variants.{variant}").build(SETTINGS | own, 30)
    training = fit(built, train, valid, TRAIN | {"precision": precision}, objective, 1, CPU, Progress("test", 1))
    return training, rank(CoreScorer(built), valid, 7, CPU)


def same(one, other):
    """The weights of ``one`` are among those of ``other``, and all else is equal."""
    (training, ranks), (others, ranks_of_other) = one, other
    return (
        [(epoch.loss, epoch.valid) for epoch in training.epochs]
        == [(epoch.loss, epoch.valid) for epoch in others.epochs]
        and all(torch.equal(value, others.weights[name]) for name, value in training.weights.items())
        and np.array_equal(ranks.above, ranks_of_other.above)
        and np.array_equal(ranks.tied, ranks_of_other.tied)
    )


@pytest.mark.parametrize("objective", [CROSS_ENTROPY, Objective(5, 0.2)])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("variant", "off"),
    [("mi", {"interests": 1}), ("graph", {"graph_weight": 0.0}), ("repeat", {"repeat_bound": 0.0})],
)
def test_switched_off_it_is_core_trm_bit_for_bit(variant, off, objective, precision):
    trm = run("trm", objective=objective, precision=precision)
    assert same(trm, run(variant, objective=objective, precision=precision, **off))
    assert not same(trm, run(variant, objective=objective, precision=precision)), "the test sees a difference"


def test_a_training_case_does_not_see_the_edges_of_its_own_session():
    """In this log no two training sessions share an item: whatever a pair counts, it counts by its own session alone.

    So in training the graph says nothing, even with a weight that would move everything, and every step is CORE-trm's.
    """
    own_items = [[first, first + 1, first, first + 2, first + 1] for first in range(1, 31, 3)]
    training, _ = run("trm", [own_items, SHARED[1]])
    weighted, ranks = run("graph", [own_items, SHARED[1]], graph_weight=5.0)
    assert [epoch.loss for epoch in weighted.epochs] == [epoch.loss for epoch in training.epochs]
    assert not np.array_equal(ranks.above, run("graph", [own_items, SHARED[1]], graph_weight=0.0)[1].above)
