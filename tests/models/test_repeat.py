"""The lift of own clicks: the probability that it stands for, the fused loss against the plain one, and exact ranks."""

import math

import pytest
import torch
from builders import SESSIONS, flat, model, packed, random_sessions
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import normalize

from recore import RecoreError
from recore.data.cases import Cases
from recore.evaluation.ranking import count_above_and_tied, rank
from recore.models import fused
from recore.models.fused import fused_loss
from recore.models.lift import Lift
from recore.models.objectives import CROSS_ENTROPY, Objective, plain_loss
from recore.models.scorer import CoreScorer, Cosines

CPU = torch.device("cpu")
LOSSES = (plain_loss, fused_loss)


def inputs(sessions, n_items=12, seed=0, dtype=torch.float64):
    """Sessions, catalogue and lifts that want gradients; what the sessions clicked; targets of both kinds."""
    generator = torch.Generator().manual_seed(seed)
    items, packing = packed(sessions)
    session, catalogue = (
        normalize(torch.randn(n, 8, dtype=dtype, generator=generator), dim=1).requires_grad_()
        for n in (len(sessions), n_items)
    )
    value = (torch.rand(len(sessions), dtype=dtype, generator=generator) * 4 - 2).requires_grad_()
    targets = torch.randint(1, n_items + 1, (len(sessions),), generator=generator)
    own = torch.rand(len(sessions), generator=generator) < 0.5
    return session, catalogue, torch.where(own, items[packing.last], targets), value, (items, packing, n_items)


def value_and_gradients(implementation, given_inputs, temperature, objective, *precision, **more):
    session, catalogue, targets, value, clicks = given_inputs
    lift = Lift(value, *clicks)
    loss = implementation(session, catalogue, targets, temperature, objective, *precision, **more, lift=lift)
    return loss.detach(), *torch.autograd.grad(loss, (session, catalogue, value))


@given(
    sessions=SESSIONS,
    k=st.integers(1, 11),
    lam=st.sampled_from([0.0, 0.2, 1.0]),
    own=st.sampled_from(["keep", "skip"]),
    pool=st.sampled_from([0, 20]),
    skipped=st.integers(0, 1),
    temperature=st.sampled_from([0.01, 0.03, 0.07, 1.0]),
    chunk=st.sampled_from([1, 2, 256]),
    seed=st.integers(0, 100),
)
@settings(deadline=None, max_examples=80)
def test_the_fused_loss_is_the_plain_one(sessions, k, lam, own, pool, skipped, temperature, chunk, seed):
    """Value and gradients, of the lifts too, whatever comes twice in a session and whatever is not mined."""
    given_inputs = inputs(sessions, n_items=24, seed=seed)
    objective = Objective(min(k, 8) if own == "skip" else k, lam, own, pool, skipped)
    rows = torch.randperm(24, generator=torch.Generator().manual_seed(seed))[:pool] if pool else None
    candidates = objective.candidates(*packed(sessions), rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fused, "cases_at_once", lambda *_: chunk)
        found, expected = (
            value_and_gradients(each, given_inputs, temperature, objective, candidates=candidates) for each in LOSSES
        )
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11 / temperature)


@pytest.mark.parametrize("temperature", [0.07, 0.03, 0.01])
def test_single_precision_neither_overflows_nor_underflows(temperature):
    """At τ = 0.03 a lifted score reaches 100, whose exponential is no number of single precision."""
    sessions = sorted(random_sessions(40, 12), key=len)
    session, catalogue, targets, value, clicks = inputs(sessions, dtype=torch.float32)
    with torch.no_grad():
        value.copy_(torch.tensor([2.0, -2.0]).repeat(20))
    given_inputs = session, catalogue, targets, value, clicks
    for a, b in zip(
        *(value_and_gradients(each, given_inputs, temperature, CROSS_ENTROPY) for each in LOSSES), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5 / temperature)


@pytest.mark.parametrize("objective", [CROSS_ENTROPY, Objective(3, 0.2)])
def test_bfloat16_rounds_scores_and_not_what_a_target_is_lifted_by(objective):
    """3 |z| rounded by 2^-8 at the most: the loss is off by no more than that."""
    given_inputs = inputs(sorted(random_sessions(40, 12), key=len), dtype=torch.float32)
    exact, rounded = (
        value_and_gradients(each, given_inputs, 0.07, objective, *precision)
        for each, precision in ((plain_loss, ()), (fused_loss, ("bfloat16",)))
    )
    assert abs(float(rounded[0] - exact[0])) < 3 * 3 / 0.07 * 2**-8
    for a, b in zip(rounded[1:], exact[1:], strict=True):
        assert torch.linalg.vector_norm(a - b) < 0.2 * torch.linalg.vector_norm(b)


def test_a_sure_target_in_bfloat16_is_exact():
    """One own click, far ahead of all: its loss is that of full precision, for the target's terms are not rounded."""
    catalogue = torch.eye(4).requires_grad_()
    session = normalize(torch.tensor([[1.0, 0.3, 0.0, 0.0]])).requires_grad_()
    lift = Lift(torch.tensor([0.123]), *packed([[1]]), 4)
    for precision in ("float32", "bfloat16"):
        loss = fused_loss(session, catalogue, torch.tensor([1]), 1.0, CROSS_ENTROPY, precision, lift=lift)
        z = [0.123 + 1 / math.sqrt(1.09), 0.3 / math.sqrt(1.09), 0.0, 0.0]
        assert loss.item() == pytest.approx(math.log(sum(map(math.exp, z))) - z[0], abs=2e-3)


@pytest.mark.parametrize("implementation", LOSSES)
def test_the_lift_is_the_log_odds_of_a_repeat_over_those_of_core(implementation):
    """-log P(v|s) in its two parts: own click or new, and which of them; the second knows nothing of the lift."""
    sessions = [[4], [1, 2], [3, 3, 5]]
    session, catalogue, _, value, clicks = inputs(sessions)
    for target in range(1, 13):
        targets = torch.full((3,), target)
        loss = implementation(session, catalogue, targets, 0.07, CROSS_ENTROPY, lift=Lift(value, *clicks)).item()
        expected = 0.0
        for own, vector, delta in zip(sessions, session.detach(), value.detach(), strict=True):
            z = {item: float(vector @ catalogue[item - 1].detach()) / 0.07 for item in range(1, 13)}
            odds = [sum(math.exp(z[item]) for item in z if (item in own) == mode) for mode in (True, False)]
            p_repeat = 1 / (1 + math.exp(-(float(delta) / 0.07 + math.log(odds[0] / odds[1]))))
            repeat = target in own
            expected -= math.log(p_repeat if repeat else 1 - p_repeat)
            expected -= math.log(math.exp(z[target]) / odds[0 if repeat else 1])
        assert loss == pytest.approx(expected / 3, rel=1e-9)


def test_a_click_that_comes_again_is_lifted_once():
    """Sessions 2 | 1 1 | 1 2 1, lifted by 1, 0.5 and -2, in whatever slices they are asked for."""
    lift = Lift(torch.tensor([1.0, 0.5, -2.0]), *packed([[2], [1, 1], [1, 2, 1]]), 3)
    expected = torch.tensor([[0.0, 0.5, -2.0], [1.0, 0.0, -2.0], [0.0, 0.0, 0.0]])
    for chosen in (slice(0, 3), slice(1, 2), slice(1, 9), slice(0, 1)):
        scores = torch.zeros(3, expected[:, chosen].shape[1])
        lift.add(scores, chosen, 2.0)
        assert torch.equal(scores, 2 * expected[:, chosen])
        assert torch.equal(lift.gradient(torch.ones_like(scores), chosen), torch.tensor([1.0, 1.0, 2.0])[chosen])
    assert lift.of(torch.tensor([2, 2, 2])).tolist() == [1, 0, -2]
    assert lift.of(torch.tensor([3, 1, 1])).tolist() == [0, 0.5, -2]


def test_ranks_count_lifted_scores():
    """After a click on item 1: cosines 1, 0.6, 0.6, 0. By -0.5 item 1 falls behind 2 and 3, by -0.4 level with them."""
    catalogue = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.6, -0.8], [0.0, 1.0]])
    session = torch.tensor([[1.0, 0.0]]).expand(4, 2)
    for value, above, tied in ((0.0, [0, 1, 1, 3], [1, 2, 2, 1]), (-0.5, [2, 0, 0, 3], [1, 2, 2, 1])):
        lift = Lift(torch.full((4,), value), *packed([[1]] * 4), 4)
        counts = count_above_and_tied(Cosines(session, catalogue, lift=lift), 4, torch.arange(1, 5))
        assert [count.tolist() for count in counts] == [above, tied]
    lift = Lift(torch.full((4,), float(catalogue[1, 0] - catalogue[0, 0])), *packed([[1]] * 4), 4)
    counts = count_above_and_tied(Cosines(session, catalogue, lift=lift), 4, torch.arange(1, 5))
    assert [count.tolist() for count in counts] == [[0, 0, 0, 3], [3, 3, 3, 1]]


def test_ranks_of_a_model_are_those_of_its_probabilities():
    """Against P(v|s) of all items in double precision."""
    built = model("repeat", n_items=30).eval()
    with torch.no_grad():
        built.encoder.repeat.weight.mul_(10)
    sessions = random_sessions(40, 30)
    ranks = rank(CoreScorer(built), Cases(flat(sessions), 10), 16, CPU)
    at, moved = 0, 0
    for session in sessions:
        for end in range(1, len(session)):
            with torch.no_grad():
                encoding = built(*packed([session[:end]]))
                scores = encoding.session[0].double() @ built.items.catalogue().double().T
                before = scores.argmax()
                scores[[item - 1 for item in set(session[:end])]] += encoding.lift[0].double()
            moved += int(before != scores.argmax())
            level = (scores - scores[session[end] - 1]).abs() < 1e-6
            above = int((scores[~level] > scores[session[end] - 1]).sum())
            assert above <= ranks.above[at] < above + int(level.sum())
            at += 1
    assert moved > at / 10  # the lift decides


def test_a_session_of_one_click_need_not_begin_with_it():
    """Every other encoder of this kind ranks the only click first; with a lift of -2 it is behind whatever is near."""
    built = model("repeat", n_items=30).eval()
    items, packing = packed([[7]])
    for bias, first in ((1000.0, True), (-1000.0, False)):
        with torch.no_grad():
            built.encoder.repeat.weight.zero_()
            built.encoder.repeat.bias.fill_(bias)
        with torch.inference_mode():
            scores = torch.empty(30, 1)
            CoreScorer(built)(items, packing).fill(scores, slice(0, 1))
        assert (scores.argmax() == 6) == first
        assert built(items, packing).lift.item() == pytest.approx(math.copysign(2, bias))


@given(bound=st.sampled_from([0.0, 0.1, 2.0]), seed=st.integers(0, 50))
@settings(deadline=None, max_examples=20)
def test_a_lift_keeps_its_bound_and_is_in_nats_near_0(bound, seed):
    encoder = model("repeat", seed=seed, repeat_bound=bound).double().encoder
    states = torch.randn(20, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    assert (encoder.lift(100 * states).abs() <= bound).all()
    with torch.no_grad():
        encoder.repeat.bias.zero_()
    near = 1e-6 * states
    if bound:
        torch.testing.assert_close(encoder.lift(near) / 0.07, encoder.repeat(near).squeeze(1))


def test_a_lift_that_is_not_finite_is_no_rank():
    built = model("repeat")
    with torch.no_grad():
        built.encoder.repeat.bias.fill_(torch.nan)
    with pytest.raises(RecoreError, match="not finite"):
        rank(CoreScorer(built), Cases(flat([[1, 3]]), 10), 8, CPU)
