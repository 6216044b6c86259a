"""Outputs, losses and gradients against the equations written out by hand in float64."""

import core_by_hand
import numpy as np
import pytest
import torch
from builders import model, packed

from recore.models.fused import fused_loss
from recore.models.objectives import CROSS_ENTROPY, Objective, plain_loss

SESSIONS = [[3], [7], [1, 2], [5, 5], [4, 9, 2], [8, 1, 8, 6], [1, 2, 3, 4, 5, 6, 7]]
TARGETS = [5, 7, 12, 1, 3, 9, 11]
# With dropout off, what attention sees of it makes no difference.
SAME_ENCODER = {"hn": "trm", "hn64": "trm", "dahn": "da", "hn_table1": "da_norecent", "da_table1": "da_last"}
FORMS = {form: form for form in ("ave", *core_by_hand.FORMS)} | SAME_ENCODER
OBJECTIVES = [CROSS_ENTROPY, Objective(1, 0.5), Objective(5, 0.2), Objective(11, 1.0)]


def weights(built):
    return {name: value.double().numpy() for name, value in built.state_dict().items()}


@pytest.mark.parametrize("variant", FORMS)
def test_session_vectors(variant):
    built = model(variant).eval()
    expected = [core_by_hand.session_vector(FORMS[variant], weights(built), session) for session in SESSIONS]
    got = built(*packed(SESSIONS)).session.detach().numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("implementation", [plain_loss, fused_loss])
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("variant", ["ave", "trm", "da"])
def test_loss(variant, objective, implementation):
    built = model(variant).eval()
    w = weights(built)
    expected = np.mean(
        [
            core_by_hand.loss(
                core_by_hand.session_vector(variant, w, session),
                w["items.table"],
                target,
                0.07,
                objective.hard_neg_k,
                objective.hard_neg_lambda,
            )
            for session, target in zip(SESSIONS, TARGETS, strict=True)
        ]
    )
    session = built(*packed(SESSIONS)).session
    got = implementation(session, built.items.catalogue(), torch.tensor(TARGETS), 0.07, objective)
    assert got.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("variant", ["ave", "trm", "da"])
def test_gradients(variant):
    """Central differences of the hand-written loss, for entries of every parameter."""
    built = model(variant).double().eval()
    objective = Objective(3, 0.2)
    session = built(*packed(SESSIONS)).session
    fused_loss(session, built.items.catalogue(), torch.tensor(TARGETS), 0.07, objective).backward()
    w = weights(built)

    def by_hand():
        cases = zip(SESSIONS, TARGETS, strict=True)
        vectors = [(core_by_hand.session_vector(variant, w, session), target) for session, target in cases]
        return np.mean([core_by_hand.loss(h, w["items.table"], target, 0.07, 3, 0.2) for h, target in vectors])

    rng = np.random.default_rng(0)
    for name, parameter in built.named_parameters():
        gradient = parameter.grad.numpy()
        for _ in range(2):
            at = tuple(rng.integers(size) for size in gradient.shape)
            if name == "items.table":
                at = (rng.integers(1, gradient.shape[0]), at[1])
            kept, step = w[name][at], 1e-6
            w[name][at] = kept + step
            above = by_hand()
            w[name][at] = kept - step
            slope = (above - by_hand()) / (2 * step)
            w[name][at] = kept
            assert gradient[at] == pytest.approx(slope, rel=1e-5, abs=1e-8), (name, at)
