"""Outputs, losses and gradients against the equations written out by hand in float64."""

from pathlib import Path

import core_by_hand
import numpy as np
import pytest
import torch
from builders import model, observed, packed
from torch.nn.functional import normalize

from recore import yaml12
from recore.models.fused import fused_loss
from recore.models.layers import Dropout
from recore.models.objectives import CROSS_ENTROPY, Objective, plain_loss

SESSIONS = [[3], [7], [1, 2], [5, 5], [4, 9, 2], [8, 1, 8, 6], [1, 2, 3, 4, 5, 6, 7]]
TARGETS = [5, 7, 12, 1, 3, 9, 11]
FORMS = ("ave", *core_by_hand.FORMS, "gru", "last", "mi")
ROOT = Path(__file__).parents[2]
OBJECTIVES = [CROSS_ENTROPY, Objective(1, 0.5), Objective(5, 0.2), Objective(11, 1.0)]


def test_every_variant_of_a_record_has_its_equations():
    """What is published; a variant of your own needs no row in core_by_hand."""
    recorded = [yaml12.read(file)["variants"] for file in (ROOT / "docs/results").glob("*/params.yaml")]
    rows = [row for groups in recorded for group in ("plain", "hybrid") for row in groups[group].items()]
    published = {row.get("encoder", name) for name, row in rows}
    assert "trm_table1" in published
    assert published <= set(FORMS)


def session_vector(variant, w, session, masks=None):
    return core_by_hand.session_vector(variant, w, session, masks, counted=observed(12))


def loss(variant, w, session, target, objective, masks=None):
    h = session_vector(variant, w, session, masks)
    delta = core_by_hand.lift(w, session, 0.07, masks) if variant == "repeat" else 0.0
    k, lam = objective.hard_neg_k, objective.hard_neg_lambda
    return core_by_hand.loss(h, w["items.table"], target, 0.07, k, lam, masks, session, delta)


def weights(built):
    return {name: value.double().numpy() for name, value in built.state_dict().items()}


@pytest.mark.parametrize("variant", FORMS)
def test_session_vectors(variant):
    built = model(variant).eval()
    expected = [session_vector(variant, weights(built), session) for session in SESSIONS]
    got = built(*packed(SESSIONS)).session.detach().numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("implementation", [plain_loss, fused_loss])
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("variant", ["ave", "trm", "da"])
def test_loss(variant, objective, implementation):
    built = model(variant).eval()
    w = weights(built)
    cases = zip(SESSIONS, TARGETS, strict=True)
    expected = np.mean([loss(variant, w, session, target, objective) for session, target in cases])
    session = built(*packed(SESSIONS)).session
    got = implementation(session, built.items.catalogue(), torch.tensor(TARGETS), 0.07, objective)
    assert got.item() == pytest.approx(expected, rel=1e-5)


def check_gradients(built, w, loss_by_hand):
    """Central differences of the loss by hand, at the largest gradient of every parameter and at two others."""
    rng = np.random.default_rng(0)
    for name, parameter in built.named_parameters():
        gradient = parameter.grad.numpy()
        entries = [tuple(rng.integers(size) for size in gradient.shape) for _ in range(2)]
        if name == "items.table":  # row 0 is no item
            entries = [(rng.integers(1, len(gradient)), column) for _, column in entries]
        for at in (np.unravel_index(np.abs(gradient).argmax(), gradient.shape), *entries):
            kept, step = w[name][at], 1e-6
            w[name][at] = kept + step
            above = loss_by_hand()
            w[name][at] = kept - step
            slope = (above - loss_by_hand()) / (2 * step)
            w[name][at] = kept
            assert gradient[at] == pytest.approx(slope, rel=1e-5, abs=1e-8), (name, at)


@pytest.mark.parametrize("variant", ["ave", "trm", "da", "gru", "mi", "graph", "repeat"])
def test_gradients(variant):
    """Of a batch, in evaluation."""
    built = model(variant).double().eval()
    built.loss(*packed(SESSIONS), torch.tensor(TARGETS), Objective(3, 0.2)).backward()
    w = weights(built)

    def by_hand():
        cases = zip(SESSIONS, TARGETS, strict=True)
        return np.mean([loss(variant, w, session, target, Objective(3, 0.2)) for session, target in cases])

    check_gradients(built, w, by_hand)


@pytest.mark.parametrize(
    ("variant", "objective"),
    [
        *((variant, CROSS_ENTROPY) for variant in FORMS),
        *((variant, Objective(3, 0.2)) for variant in ("ave", "trm", "da", "mi", "graph", "repeat")),
    ],
)
def test_a_step_with_every_dropout_on(variant, objective, monkeypatch):
    """One case in training: what the model multiplied with, handed to the equations, gives its session, loss and
    gradients. So every mask is applied, once and where it belongs."""
    built = model(variant).double()
    masks = {}
    draw = Dropout.mask
    monkeypatch.setattr(Dropout, "mask", lambda layer, like: masks.setdefault(layer, draw(layer, like)))
    prefix, target = [4, 9, 2, 8, 1], 7
    sessions = []
    built.encoder.register_forward_hook(lambda encoder, inputs, output: sessions.append(output.session))
    found = built.loss(*packed([prefix]), torch.tensor([target]), objective)
    found.backward()
    names = {layer: name for name, layer in built.named_modules()}
    masks = {names[layer]: mask.numpy() for layer, mask in masks.items()}
    for name in (name for name in masks if name.endswith("attention.dropout")):
        masks[name] = masks[name].reshape(2, 5, 5)  # heads, click, clicks it looks at
    assert {name for layer, name in names.items() if isinstance(layer, Dropout)} == masks.keys()
    assert all((mask == 0).any() for mask in masks.values())
    w = weights(built)

    def by_hand():
        return loss(variant, w, prefix, target, objective, masks)

    session = normalize(sessions[0][0].detach(), dim=-1)
    np.testing.assert_allclose(session, session_vector(variant, w, prefix, masks), rtol=1e-9)
    assert found.item() == pytest.approx(by_hand(), rel=1e-9)
    check_gradients(built, w, by_hand)
