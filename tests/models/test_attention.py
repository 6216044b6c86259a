"""Attention in tiles: which sessions share one, where each click stands, and that it changes nothing."""

import math

import numpy as np
import pytest
import torch
from builders import SESSIONS, model, packed
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from recore.models import attention
from recore.models.attention import CausalAttention, Tile, Tiling
from recore.models.packing import Packing
from recore.training.seeding import initialise

SLACKS = st.sampled_from([0, 10, 50, math.inf])  # from a tile for each length to one for all


@pytest.mark.parametrize(
    ("slack", "tiles"),
    [
        (0, (Tile(1, 1), Tile(2, 2), Tile(1, 3))),
        (9, (Tile(3, 2), Tile(1, 3))),  # 2 sessions of 2 would waste 2 · (9 - 4) = 10 of a tile of 3
        (10, (Tile(1, 1), Tile(3, 3))),  # and the one of 1 beside them 9 - 1 more
        (18, (Tile(4, 3),)),
    ],
)
def test_a_tile_takes_whole_lengths_while_its_slack_lasts(monkeypatch, slack, tiles):
    monkeypatch.setitem(attention.SLACK, "cpu", slack)
    assert Tiling(Packing(np.array([1, 2, 2, 3])), heads=2).tiles == tiles


def test_a_short_session_repeats_its_last_click():
    tiling = Tiling(Packing(np.array([1, 2])), heads=2)  # clicks 0 | 1, 2 in one tile of 2 sessions, 2 heads, 2 places
    clicks_and_heads = [(0, 0), (0, 0), (0, 1), (0, 1), (1, 0), (2, 0), (1, 1), (2, 1)]
    assert tiling.source.tolist() == [2 * click + head for click, head in clicks_and_heads]
    assert tiling.home.tolist() == [0, 2, 4, 6, 5, 7]


@given(sessions=SESSIONS, seed=st.integers(0, 50), slack=SLACKS)
@settings(deadline=None, max_examples=40)
def test_weights_sum_to_one_over_a_session_up_to_the_click_and_are_exactly_zero_elsewhere(sessions, seed, slack):
    """Each click's value is a unit vector of its own, so what attention returns is its weights."""
    lengths = [len(session) for session in sessions]
    clicks, heads = sum(lengths), 2
    layer = CausalAttention(heads * clicks, heads, dropout=0.0, std=1.0)
    initialise(layer, seed)
    with torch.no_grad(), pytest.MonkeyPatch.context() as patch:
        patch.setitem(attention.SLACK, "cpu", slack)
        for identity in (layer.value, layer.output):
            identity.weight.copy_(torch.eye(heads * clicks))
        weights = layer(torch.eye(clicks).repeat(1, heads), Tiling(Packing(np.array(lengths)), heads))
    weights = weights.view(clicks, heads, clicks).transpose(0, 1)
    seen = torch.block_diag(*[torch.ones(length, length).tril() for length in lengths]).bool()
    assert torch.equal(weights != 0, seen.expand_as(weights))
    assert_close(weights.sum(dim=2), torch.ones(heads, clicks))


@given(sessions=SESSIONS, seed=st.integers(0, 50), variant=st.sampled_from(["trm", "da"]), slack=SLACKS)
@settings(deadline=None, max_examples=30)
def test_padding_changes_neither_output_nor_gradient(sessions, seed, variant, slack):
    def sessions_and_gradients(slack):
        built = model(variant, seed=seed).double().eval()
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(attention.SLACK, "cpu", slack)
            encoded = built(*packed(sessions)).session
        return [encoded, *torch.autograd.grad((encoded * torch.arange(8)).sum(), list(built.parameters()))]

    assert_close(sessions_and_gradients(slack), sessions_and_gradients(0), rtol=1e-10, atol=1e-11)


def test_a_repeated_click_gives_no_gradient_back():
    vectors = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    tiling = Tiling(Packing(np.array([1, 2])), heads=2)
    there_and_back = attention._Collect.apply(attention._Spread.apply(vectors, tiling), tiling)
    weights = torch.randn(6, 3, dtype=torch.float64)
    (there_and_back * weights).sum().backward()
    assert_close(there_and_back, vectors)
    assert_close(vectors.grad, weights)
