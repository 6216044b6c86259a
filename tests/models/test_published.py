"""Against the published code: numbers that it gave for the same weights (published.json says where and with what).

CORE rounds its attention weights to float32, which limits how close the numbers can be.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import model, packed

from recore.models.fused import fused_loss
from recore.models.items import scores
from recore.models.objectives import CROSS_ENTROPY, Objective

SESSIONS = [[3], [7], [1, 2], [5, 5], [4, 9, 2], [8, 1, 8, 6], [1, 2, 3, 4, 5, 6, 7]]
TARGETS = torch.tensor([5, 7, 12, 1, 3, 9, 11])
CASES = json.loads((Path(__file__).parent / "published.json").read_text())["cases"]


def weights(name, shape):
    """A generator whose stream NumPy has frozen, so that the published code can be given the same weights."""
    return torch.from_numpy(np.random.RandomState(zlib.crc32(name.encode())).normal(0, 0.3, tuple(shape)))


@pytest.fixture(params=CASES, ids=lambda case: f"{case['repository']} {case['form']}")
def published(request):
    built = model(request.param["form"], n_items=12).double().eval()
    with torch.no_grad():
        for name, parameter in built.named_parameters():
            parameter.copy_(weights(name, parameter.shape))
        built.items.table[0] = 0
    return built, request.param


def test_session_vectors_and_their_gradients(published):
    built, expected = published
    session = built(*packed(SESSIONS)).session
    np.testing.assert_allclose(session.detach(), expected["session"], rtol=1e-6, atol=1e-7)
    direction = torch.from_numpy(np.cos(np.arange(session.numel(), dtype=float)).reshape(session.shape))
    (session * direction).sum().backward()
    np.testing.assert_allclose(built.items.table.grad[1:], expected["table_gradient"], rtol=1e-5, atol=1e-6)


def test_losses(published):
    """The published loss counts the padding row, here zero with score 0, in the denominator; ours does not."""
    built, expected = published
    session, catalogue = built(*packed(SESSIONS)).session, built.items.catalogue()
    z = scores(session, catalogue, 0.07)
    with_padding = torch.cat([torch.zeros(len(z), 1), z], dim=1).logsumexp(dim=1)
    counted = (with_padding - z.logsumexp(dim=1)).mean().item()
    ours = fused_loss(session, catalogue, TARGETS, 0.07, CROSS_ENTROPY).item()
    assert ours + counted == pytest.approx(expected["loss"], rel=1e-7)
    if "hybrid_loss" in expected:
        ours = fused_loss(session, catalogue, TARGETS, 0.07, Objective(5, 0.2)).item()
        assert ours + 0.8 * counted == pytest.approx(expected["hybrid_loss"], rel=1e-7)
