"""Attention in tiles: which sessions share one, where each click stands, and that it changes nothing."""

import math

import numpy as np
import pytest
import torch
from builders import model, packed
from torch.testing import assert_close

from recore.models import attention
from recore.models.attention import Tile, Tiling

SESSIONS = [[3], [5], [1, 2], [4, 4], [2, 7, 1], [6, 1, 2, 9, 9, 3]]


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
    monkeypatch.setattr(attention, "SLACK", slack)
    assert Tiling(np.array([1, 2, 2, 3]), heads=2).tiles == tiles


def test_a_short_session_repeats_its_last_click():
    tiling = Tiling(np.array([1, 2]), heads=2)  # clicks 0 | 1, 2 in one tile of 2 sessions, 2 heads, 2 places
    clicks_and_heads = [(0, 0), (0, 0), (0, 1), (0, 1), (1, 0), (2, 0), (1, 1), (2, 1)]
    assert tiling.source.tolist() == [2 * click + head for click, head in clicks_and_heads]
    assert tiling.home.tolist() == [0, 2, 4, 6, 5, 7]


@pytest.mark.parametrize("slack", [0, 10, 50])
def test_padding_changes_neither_output_nor_gradient(monkeypatch, slack):
    def sessions_and_gradients(slack):
        monkeypatch.setattr(attention, "SLACK", slack)
        trm = model("trm").double().eval()
        sessions = trm(*packed(SESSIONS)).session
        (sessions * torch.arange(8)).sum().backward()
        return [sessions, *(parameter.grad for parameter in trm.parameters())]

    for ours, all_in_one_tile in zip(sessions_and_gradients(slack), sessions_and_gradients(math.inf), strict=True):
        assert_close(ours, all_in_one_tile, rtol=1e-12, atol=1e-14)


def test_a_repeated_click_gives_no_gradient_back():
    vectors = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    tiling = Tiling(np.array([1, 2]), heads=2)
    there_and_back = attention._Collect.apply(attention._Spread.apply(vectors, tiling), tiling)
    weights = torch.randn(6, 3, dtype=torch.float64)
    (there_and_back * weights).sum().backward()
    assert_close(there_and_back, vectors)
    assert_close(vectors.grad, weights)
