"""What every variant must keep, whatever its weights: consistency, causality, independence of the batch."""

import pytest
import torch
from builders import ATTENTION, CONSISTENT, ENCODERS, SESSIONS, flat, model, observed, packed, random_sessions
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from recore.models.encoders import SWITCHES
from recore.models.items import scores
from recore.models.objectives import CROSS_ENTROPY, Objective


def vectors(built, sessions):
    """Session vectors in the order given, whatever their lengths."""
    order = sorted(range(len(sessions)), key=lambda i: len(sessions[i]))
    encoded = built(*packed([sessions[i] for i in order])).session
    return encoded[torch.tensor(order).argsort()]


@given(seed=st.integers(0, 50), n=st.integers(1, 12), variant=st.sampled_from(ENCODERS))
@settings(deadline=None, max_examples=60)
def test_neither_the_batch_nor_its_order_matter(seed, n, variant):
    built = model(variant).eval()
    sessions = random_sessions(n, 12, seed)
    together = vectors(built, sessions)
    assert_close(vectors(built, sessions[::-1]), together.flip(0), rtol=1e-5, atol=1e-6)
    alone = torch.cat([vectors(built, [session]) for session in sessions])
    assert_close(alone, together, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("variant", CONSISTENT)
@pytest.mark.parametrize("training", [False, True])
@given(sessions=SESSIONS, seed=st.integers(0, 50), rate=st.sampled_from([0.2, 0.9]))
@settings(deadline=None, max_examples=8)
def test_sessions_have_norm_one_and_lie_in_the_span_of_their_items(variant, training, sessions, seed, rate):
    """In training, of the numbers that session dropout leaves of them; where it leaves none, the session is 0."""
    built = model(variant, seed=seed, embedding_size=16, session_dropout=rate).double().train(training)
    handed = []
    built.encoder.register_forward_pre_hook(lambda encoder, inputs: handed.append(inputs[0]))
    items, packing = packed(sessions)
    with torch.no_grad():
        encoded = built(items, packing).session
        left = built.items.table[items] * (handed[0] != 0 if training else 1)
    encoded = encoded.view(len(sessions), -1, 16)  # (B, K, D): of most variants a session is one vector
    for own, clicks in zip(encoded, left.split(packing.lengths.tolist()), strict=True):
        assert_close(own.norm(dim=1), clicks.any().double().expand(len(own)))
        combination = torch.linalg.lstsq(clicks.T, own.T, driver="gelsd").solution
        assert_close(clicks.T @ combination, own.T, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("variant", CONSISTENT)
def test_a_session_of_one_click_is_that_item(variant):
    built = model(variant).eval()
    for vector in vectors(built, [[4]]).view(-1, 8):
        assert_close(vector, built.items.catalogue()[3])


@pytest.mark.parametrize("variant", ENCODERS)
@given(
    sessions=SESSIONS,
    seed=st.integers(0, 50),
    training=st.booleans(),
    objective=st.sampled_from([CROSS_ENTROPY, Objective(3, 0.2)]),
    permutation=st.permutations(range(1, 13)),
)
@settings(deadline=None, max_examples=10)
def test_renaming_the_items_renames_the_scores_and_nothing_else(
    variant, sessions, seed, training, objective, permutation
):
    """In training too, but for item dropout, which draws by an item's place in the table."""
    items, packing = packed(sessions)
    targets = items[packing.last] % 12 + 1
    same, new = torch.arange(13), torch.tensor([0, *permutation])  # name of each row of the table
    results = []
    for names in (same, new):
        built = model(variant, seed=seed, item_dropout=0.0).double().train(training)
        with torch.no_grad():
            built.items.table[names] = built.items.table.clone()
            shown = flat(observed(12))
            built.observe(names.numpy()[shown.items], shown.offsets)
            session, catalogue = built(names[items], packing).session, built.items.catalogue()
            loss = built.loss(names[items], packing, names[targets], objective)
        results.append((session, loss, scores(session, catalogue, 0.07)[..., names[1:] - 1]))
    assert_close(*results, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("variant", ATTENTION)
@given(sessions=SESSIONS, seed=st.integers(0, 50), scorer=st.sampled_from(SWITCHES["scorer"]))
@settings(deadline=None, max_examples=10)
def test_attention_weights_sum_to_one_in_each_session_whatever_the_others(variant, sessions, seed, scorer):
    built = model(variant, seed=seed, scorer=scorer).double().eval()

    def weights(sessions):
        """Global and, where there are any, recent weights (1 or 2, T)."""
        items, packing = packed(sessions)
        states = built.encoder.transformer(built.items.embed(items), packing)
        branches = [built.encoder.global_weights(states, packing)]
        if built.encoder.recent_scorer is not None:
            branches.append(built.encoder.recent_weights(states, packing))
        return torch.stack(branches).detach()

    lengths = [len(session) for session in sessions]
    for session, alpha in zip(sessions, weights(sessions).split(lengths, dim=1), strict=True):
        assert (alpha >= 0).all()
        assert_close(alpha.sum(dim=1), torch.ones(len(alpha), dtype=torch.float64))
        assert_close(alpha, weights([session]), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("variant", [name for name in CONSISTENT if name != "ave"])
@given(sessions=SESSIONS, seed=st.integers(0, 50), training=st.booleans(), more=st.integers(1, 40))
@settings(deadline=None, max_examples=10)
def test_room_for_longer_sessions_changes_none(variant, sessions, seed, training, more):
    built, roomier = (model(variant, seed=seed, max_length=n).double().train(training) for n in (10, 10 + more))
    with torch.no_grad():
        roomier.encoder.transformer.positions[:10] = built.encoder.transformer.positions
        encoded = [core(*packed(sessions)).session for core in (built, roomier)]
    assert_close(*encoded, rtol=1e-10, atol=1e-12)


def test_attention_is_causal():
    """A later click changes no earlier state."""
    built = model("trm").eval()
    items, packing = packed([[1, 2, 3, 4]])
    other, _ = packed([[1, 2, 3, 9]])
    states = [built.encoder.transformer(built.items.embed(x), packing) for x in (items, other)]
    assert torch.equal(states[0][:3], states[1][:3])
    assert not torch.allclose(states[0][3], states[1][3])


def test_order_matters_to_attention_and_not_to_the_mean():
    assert_close(*vectors(model("ave").eval(), [[1, 2, 3], [3, 1, 2]]))
    for variant in (name for name in ENCODERS if name != "ave"):
        first, second = vectors(model(variant).eval(), [[1, 2, 3], [3, 1, 2]])
        assert not torch.allclose(first, second, atol=1e-3)


def test_the_gate_is_a_share_and_only_dual_attention_has_one():
    for variant in ENCODERS:
        gate = model(variant).eval()(*packed(random_sessions(1, 12))).gate
        if variant in ("da", "da_last", "da_noresidual"):
            assert gate.shape == (1,)
            assert 0 < gate.item() < 1
        else:
            assert gate is None


def test_with_everything_switched_off_dual_attention_is_core_trm():
    """The paper's special case: global branch only, linear scorer, no residual."""
    trm, reduced = model("trm"), model("da", scorer="linear", gate="global", residual=False)
    reduced.load_state_dict(trm.state_dict())
    batch = packed(sorted(random_sessions(6, 12), key=len))
    for training in (False, True):  # the same streams drop the same numbers
        assert_close(reduced.train(training)(*batch).session, trm.train(training)(*batch).session)


def test_a_gate_that_always_selects_the_global_branch_leaves_no_recent_branch():
    """Fixed by its own weights to the shares (1, 0), not by a switch."""
    gated, without = model("da"), model("da_norecent")
    without.load_state_dict({name: gated.state_dict()[name] for name in without.state_dict()})
    with torch.no_grad():
        gated.encoder.gate.output.weight.zero_()
        gated.encoder.gate.output.bias.copy_(torch.tensor([0.0, -200.0]))
    batch = packed(sorted(random_sessions(6, 12), key=len))
    for training in (False, True):
        encoding = gated.train(training)(*batch)
        assert torch.equal(encoding.gate, torch.zeros(6))
        assert torch.equal(encoding.session, without.train(training)(*batch).session)


@pytest.mark.parametrize(
    ("switch", "value"), [("scorer", "Linear"), ("gate", "globl"), ("residual", "no"), ("attention_input", "behind")]
)
def test_a_value_that_a_switch_does_not_have_is_refused(switch, value):
    with pytest.raises(ValueError, match=f"{switch} is '{value}'; it can be {SWITCHES[switch][0]}, "):
        model("da", **{switch: value})


@pytest.mark.parametrize(("attention_input", "moves"), [("after", True), ("before", False)])
def test_what_attention_sees_of_session_dropout(attention_input, moves):
    """With all other dropout off, the weights vary between two passes only if they see the dropped vectors."""
    built = model("trm", attention_input=attention_input, hidden_dropout=0.0, attention_dropout=0.0)
    items, packing = packed([[1, 2, 3, 4, 5]])
    seen = []
    built.encoder.transformer.register_forward_hook(lambda module, inputs, output: seen.append(output))
    first, second = (built(items, packing).session for _ in range(2))
    assert torch.equal(*seen) != moves
    assert not torch.equal(first, second)


@pytest.mark.parametrize("variant", ["ave", "trm", "da", "gru", "mi", "graph", "repeat"])
@given(n=st.integers(64, 128), seed=st.integers(0, 50), training=st.booleans())
@settings(deadline=None, max_examples=5)  # two threads are slow where another job has the cores
def test_the_number_of_threads_changes_rounding_only(variant, n, seed, training):
    """In models and batches so large that a second thread has work."""
    items, packing = packed(sorted(random_sessions(n, 400, seed), key=len))
    targets = items[packing.last] % 400 + 1

    def session_loss_and_gradients(threads):
        built = model(variant, 400, seed, embedding_size=64).double().train(training)
        torch.set_num_threads(threads)
        try:
            session, loss = built(items, packing).session, built.loss(items, packing, targets, Objective(3, 0.2))
            return [session, loss, *torch.autograd.grad(loss, list(built.parameters()))]
        finally:
            torch.set_num_threads(1)

    assert_close(session_loss_and_gradients(2), session_loss_and_gradients(1), rtol=1e-9, atol=1e-9)
