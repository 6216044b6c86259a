"""The graph: what is counted, and that a training case sees the counts of all sessions but its own."""

from itertools import combinations_with_replacement

import core_by_hand
import numpy as np
import pytest
import torch
from builders import SETTINGS, TRAIN, flat, model, observed, packed, random_sessions
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from recore.data.cases import Cases
from recore.evaluation.ranking import rank
from recore.models.objectives import Objective
from recore.models.packing import gather, resident
from recore.models.scorer import CoreScorer
from recore.training.loop import fit
from recore.training.progress import Progress
from recore.variants.graph import Counts, build

CPU = torch.device("cpu")
LOG = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=7), min_size=1, max_size=6)


def counted(sessions, n_items=5, steps=3):
    counts, shown = Counts(n_items, steps), flat(sessions)
    counts.observe(shown.items, shown.offsets)
    return counts


@given(sessions=LOG, steps=st.integers(1, 8))
@settings(deadline=None, max_examples=60)
def test_a_pair_counts_the_sessions_that_have_it_within_so_many_clicks(sessions, steps):
    """Each once, in either order, whatever else stands between; an item with itself where it comes again."""
    pairs = list(combinations_with_replacement(range(1, 6), 2))
    one, other = torch.tensor(pairs).T
    counts = counted(sessions, steps=steps)
    expected = [core_by_hand.together(sessions, i, j, steps) for i, j in pairs]
    assert counts(one, other, None).tolist() == expected == counts(other, one, None).tolist()


@given(sessions=LOG, steps=st.integers(1, 8))
@settings(deadline=None, max_examples=60)
def test_a_session_is_left_out_of_its_own_counts(sessions, steps):
    """For every click of every session and every pair of items, whether this session has it or none does."""
    counts, at = counted(sessions, steps=steps), 0
    one, other = torch.cartesian_prod(torch.arange(1, 6), torch.arange(1, 6)).T
    for place, session in enumerate(sessions):
        others = sessions[:place] + sessions[place + 1 :]
        expected = [
            core_by_hand.together(others, i, j, steps) for i, j in zip(one.tolist(), other.tolist(), strict=True)
        ]
        for _ in session:
            assert counts(one, other, torch.full((25,), at)).tolist() == expected
            at += 1


def test_a_click_that_comes_again_is_not_told():
    """1 2 | 1: the pair (1, 2) is in the session twice over, and in one other. 1 comes again in this session alone."""
    sessions = [[1, 2, 1], [2, 1], [3, 4]]
    counts = counted(sessions)
    one, other = torch.tensor([1, 1]), torch.tensor([2, 1])
    assert counts(one, other, None).tolist() == [2, 1]
    assert counts(one, other, torch.tensor([2, 2])).tolist() == [1, 0]  # click 2 is the target of the first session


@pytest.mark.parametrize("objective", [Objective(0, 0.0), Objective(3, 0.2)])
def test_the_loss_of_training_cases_is_that_by_hand_without_their_own_sessions(objective):
    """Every case of the observed log at once, in any order, in evaluation (the same counts without dropout)."""
    built = model("graph").double().eval()
    sessions = observed(12)
    w = {name: value.double().numpy() for name, value in built.state_dict().items()}
    cases = Cases(flat(sessions), 10)
    batch = cases.batch(np.random.default_rng(0).permutation(len(cases)))
    items, packing, targets = gather(resident(cases.items, CPU), batch.lengths, batch.ends)
    found = built.loss(items, packing, targets, objective, ends=torch.from_numpy(batch.ends)).item()
    losses, leaked = [], []
    for own, session in enumerate(sessions):
        for end in range(1, len(session)):
            for into, log in ((losses, sessions[:own] + sessions[own + 1 :]), (leaked, sessions)):
                h = core_by_hand.session_vector("graph", w, session[:end], counted=log)
                k, lam = objective.hard_neg_k, objective.hard_neg_lambda
                into.append(core_by_hand.loss(h, w["items.table"], session[end], 0.07, k, lam))
    assert found == pytest.approx(np.mean(losses), rel=1e-9)
    assert found != pytest.approx(np.mean(leaked), rel=1e-6)


def test_only_training_sessions_are_counted_and_the_counts_come_with_the_weights():
    train, valid = random_sessions(40, 30, 1), random_sessions(15, 30, 2)
    built = build(SETTINGS, 30)
    parts = [Cases(flat(part), 10) for part in (train, valid)]
    training = fit(built, *parts, TRAIN | {"epochs": 1}, Objective(0, 0.0), 1, CPU, Progress("test", 1))
    expected = counted(train, 30)
    assert torch.equal(training.weights["encoder.counts.pairs"], expected.pairs)
    assert torch.equal(training.weights["encoder.counts.sessions"], expected.sessions)
    assert not any(name.endswith(("own", "offsets")) for name in training.weights)
    again = build(SETTINGS, 30)
    again.load_state_dict(load(save(training.weights)))
    ranks = rank(CoreScorer(built), parts[1], 64, CPU), rank(CoreScorer(again), parts[1], 64, CPU)
    np.testing.assert_array_equal(ranks[0].above, ranks[1].above)


def test_what_was_never_counted_moves_nothing():
    """Without counts the weights are CORE-trm's; after one session, a click that is with the last one weighs more."""
    built = model("graph", graph_weight=3.0).eval()
    trm = model("trm").eval()
    built.observe(np.array([1]), np.array([0, 1]))
    batch = packed([[1, 2, 3]])
    assert torch.equal(built(*batch).session, trm(*batch).session)
    built.observe(np.array([1, 3]), np.array([0, 2]))
    nearer, before = (core(*batch).session @ core.items.catalogue()[0] for core in (built, trm))
    assert nearer > before
