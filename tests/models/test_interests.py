"""Several interests: which one is trained, and which one scores."""

import pytest
import torch
from builders import flat, model, packed, random_sessions

from recore.data.cases import Cases
from recore.evaluation.ranking import rank
from recore.models import scorer
from recore.models.device import prepare
from recore.models.encoders import towards
from recore.models.objectives import CROSS_ENTROPY, Objective
from recore.models.scorer import CoreScorer, Cosines

CPU = torch.device("cpu")


def test_the_interest_nearest_the_target_is_chosen():
    """Cosines with (0, 1) are 0, 0.8, 0.8: the second is the first of the two that are nearest."""
    session = torch.tensor([[[1.0, 0.0], [0.6, 0.8], [-0.6, 0.8]]], requires_grad=True)
    chosen = towards(session, torch.tensor([[0.0, 1.0]]))
    assert chosen.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)]]
    chosen.sum().backward()
    assert session.grad.tolist() == [[[0, 0], [1, 1], [0, 0]]]
    single = torch.tensor([[1.0, 0.0]])
    assert towards(single, torch.tensor([[0.0, 1.0]])) is single


def test_an_item_scores_by_its_nearest_interest_whatever_the_pieces(monkeypatch):
    """Interests (1, 0) and (0, 1); items at 0, 53, 90 and 180 degrees: cosines 1, 0.8, 1 and, of -1 and 0, 0."""
    session = torch.eye(2).expand(3, 2, 2)
    catalogue = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [-1.0, 0.0]])
    for size in (1, 3, 8192):
        monkeypatch.setitem(scorer.PIECE, "cpu", size)
        out = torch.full((4, 2), torch.nan)
        Cosines(session, catalogue).fill(out, slice(1, 3))
        torch.testing.assert_close(out, torch.tensor([[1.0, 0.8, 1.0, 0.0]]).T.expand(4, 2))


def test_ranks_are_those_of_the_maximum_over_the_interests():
    """Against all cosines at once and a sort, in double precision."""
    built = model("mi", n_items=30, interests=3).eval()
    sessions = random_sessions(40, 30)
    ranks = rank(CoreScorer(built), Cases(flat(sessions), 10), 16, CPU)
    at = 0
    for session in sessions:
        for end in range(1, len(session)):
            with torch.no_grad():
                (interests,) = built(*packed([session[:end]])).session.double()
                scores = (interests @ built.items.catalogue().double().T).amax(dim=0)
            above = int((scores > scores[session[end] - 1] + 1e-6).sum())
            assert above <= ranks.above[at] <= above + int((scores > scores[session[end] - 1] - 1e-6).sum()) - 1
            at += 1
    assert at == len(ranks.above)


def test_interests_differ_and_every_one_is_trained():
    """Over many cases each of four wins some; an interest that no case chose would have no gradient."""
    built = model("mi", n_items=30).double()
    items, packing = packed(sorted(random_sessions(200, 30), key=len))
    session = built(items, packing).session
    assert session.shape == (200, 4, 8)
    built.loss(items, packing, items[packing.last] % 30 + 1, CROSS_ENTROPY).backward()
    assert (built.encoder.global_scorer.weight.grad.abs().amax(dim=1) > 0).all()


def test_the_other_interests_are_left_alone():
    """One case: the scorers of the interests that it did not choose get no gradient."""
    built = model("mi", n_items=30).double()
    built.loss(*packed([[1, 2, 3, 4]]), torch.tensor([9]), CROSS_ENTROPY).backward()
    assert (built.encoder.global_scorer.weight.grad.abs().amax(dim=1) > 0).sum() == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_trains_interests_as_the_cpu_does():
    losses = []
    for device in (CPU, prepare("cuda", torch.get_num_threads())):
        built = model(
            "mi", n_items=30, session_dropout=0.0, item_dropout=0.0, hidden_dropout=0.0, attention_dropout=0.0
        )
        items, packing = packed(sorted(random_sessions(20, 30), key=len))
        packing = type(packing)(packing.lengths, device)
        targets = (items[packing.last.cpu()] % 30 + 1).to(device)
        losses.append(built.to(device).loss(items.to(device), packing, targets, Objective(3, 0.2)).item())
    torch.set_deterministic_debug_mode("default")
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
