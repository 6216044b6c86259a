"""What every variant must keep, whatever its weights: consistency, causality, independence of the batch."""

import numpy as np
import pytest
import torch
from builders import VARIANTS, model, packed, random_sessions
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from recore.models.packing import Packing

ATTENTION = tuple(variant for variant in VARIANTS if variant != "ave")


def vectors(built, sessions):
    """Session vectors in the order given, whatever their lengths."""
    order = sorted(range(len(sessions)), key=lambda i: len(sessions[i]))
    encoded = built(*packed([sessions[i] for i in order])).session
    return encoded[torch.tensor(order).argsort()]


@given(seed=st.integers(0, 50), n=st.integers(1, 12), variant=st.sampled_from(VARIANTS))
@settings(deadline=None, max_examples=40)
def test_neither_the_batch_nor_its_order_matter(seed, n, variant):
    built = model(variant).eval()
    sessions = random_sessions(n, 12, seed)
    together = vectors(built, sessions)
    assert_close(vectors(built, sessions[::-1]), together.flip(0), rtol=1e-5, atol=1e-6)
    alone = torch.cat([vectors(built, [session]) for session in sessions])
    assert_close(alone, together, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("training", [False, True])
def test_sessions_have_norm_one_and_lie_in_the_span_of_their_items(variant, training):
    built = model(variant, session_dropout=0.0).train(training)
    sessions = [[3], [3, 4], [1, 9, 1], [2, 5, 11, 7]]
    encoded = built(*packed(sessions)).session
    assert_close(encoded.norm(dim=1), torch.ones(4))
    for vector, session in zip(encoded, sessions, strict=True):
        basis = built.items.table[session].T
        combination = torch.linalg.lstsq(basis, vector[:, None], driver="gelsd").solution
        assert_close(basis @ combination, vector[:, None], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_session_of_one_click_is_that_item(variant):
    built = model(variant).eval()
    assert_close(vectors(built, [[4]])[0], built.items.catalogue()[3])


@pytest.mark.parametrize("variant", VARIANTS)
def test_renaming_the_items_renames_the_scores(variant):
    built = model(variant).eval()
    sessions = random_sessions(6, 12)
    before = vectors(built, sessions) @ built.items.catalogue().T
    permutation = torch.randperm(12, generator=torch.Generator().manual_seed(0)) + 1  # new name of item i + 1
    table = built.items.table.detach().clone()
    with torch.no_grad():
        built.items.table[permutation] = table[1:]
    renamed = [[int(permutation[item - 1]) for item in session] for session in sessions]
    after = vectors(built, renamed) @ built.items.catalogue().T
    assert_close(after[:, permutation - 1], before, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("variant", ATTENTION)
def test_attention_weights_sum_to_one_in_each_session(variant):
    built = model(variant).eval()
    items, packing = packed([*random_sessions(1, 12), [1] * 9])
    states = built.encoder.transformer(built.items.embed(items), packing)
    weights = [built.encoder.global_weights(states, packing)]
    if built.encoder.recent_scorer is not None:
        weights.append(built.encoder.recent_weights(states, packing))
    for alpha in weights:
        assert (alpha >= 0).all()
        assert_close(packing.pool(alpha, torch.ones(len(items), 1)), torch.ones(2, 1))


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
    for variant in ATTENTION:
        first, second = vectors(model(variant).eval(), [[1, 2, 3], [3, 1, 2]])
        assert not torch.allclose(first, second, atol=1e-3)


def test_the_gate_is_a_share_and_only_dual_attention_has_one():
    for variant in VARIANTS:
        gate = model(variant).eval()(*packed(random_sessions(1, 12))).gate
        if variant in ("da", "dahn"):
            assert gate.shape == (1,)
            assert 0 < gate.item() < 1
        else:
            assert gate is None


def test_packing_refuses_lengths_it_cannot_lay_out():
    for lengths in ([], [0, 1], [2, 1]):
        with pytest.raises(ValueError, match="ascending and at least 1"):
            Packing(np.array(lengths, int))


def test_with_everything_switched_off_dual_attention_is_core_trm():
    """The paper's special case: global branch only, linear scorer, no residual."""
    trm, reduced = model("trm"), model("da", scorer="linear", gate="global", residual=False)
    reduced.load_state_dict(trm.state_dict())
    for training in (False, True):  # the same streams drop the same numbers
        batch = packed(random_sessions(1, 12))
        assert_close(reduced.train(training)(*batch).session, trm.train(training)(*batch).session)


def test_the_names_of_table_1_are_forms_of_the_same_encoder():
    batch = packed(random_sessions(1, 12))
    for name, form, switches in (
        ("da_norecent", "da", {"gate": "global"}),
        ("trm_table1", "da_norecent", {"residual": False}),
        ("hn_table1", "trm_table1", {"residual": True}),
        ("dahn_table1", "da_table1", {}),
        ("da_table1", "da_last", {}),  # in evaluation: they differ in what attention sees of dropout
    ):
        named, other = model(name).eval(), model(form, **switches).eval()
        other.load_state_dict(named.state_dict())
        assert torch.equal(other(*batch).session, named(*batch).session), name


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


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_number_of_threads_changes_rounding_only(variant):
    built = model(variant, n_items=200).eval()
    sessions = random_sessions(64, 200)
    threads, encoded = torch.get_num_threads(), []
    try:
        for n in (1, 2, 3):
            torch.set_num_threads(n)
            encoded.append(vectors(built, sessions))
    finally:
        torch.set_num_threads(threads)
    for other in encoded[1:]:
        assert_close(other, encoded[0], rtol=1e-5, atol=1e-6)
