"""Streams by name: what variants share starts equal, and nothing else moves anything."""

import numpy as np
import pytest
import torch
from builders import SETTINGS, model, packed
from torch import nn

from recore.training.seeding import batch_order, generator, initialise, stream_seed
from recore.variants import da, trm


def test_a_stream_depends_on_its_name_and_the_seed_alone():
    assert stream_seed(1, "a") == stream_seed(1, "a")
    assert len({stream_seed(1, "a"), stream_seed(2, "a"), stream_seed(1, "b"), stream_seed(11, "")}) == 4
    draws = [torch.rand(3, generator=generator(1, "a")) for _ in range(2)]
    assert torch.equal(*draws)


@pytest.mark.parametrize(("first", "second"), [("ave", "trm"), ("trm", "da"), ("trm", "hn"), ("da", "dahn")])
def test_shared_parameters_start_equal(first, second):
    a, b = model(first).state_dict(), model(second).state_dict()
    shared = [name for name in a if name in b and a[name].shape == b[name].shape]
    assert "items.table" in shared
    if first != "ave":
        assert "encoder.transformer.blocks.1.attention.query.weight" in shared
    for name in shared:
        assert torch.equal(a[name], b[name]), name


def test_shared_parts_drop_the_same_numbers():
    sessions = packed([[1, 2], [3, 4, 5]])
    states = []
    for variant in ("trm", "da"):
        built = model(variant)
        vectors = built.items.session_dropout(built.items.embed(sessions[0]))
        states.append(built.encoder.transformer(vectors, sessions[1]))
    assert torch.equal(*states)


def test_every_dropout_layer_has_a_stream_of_its_own():
    def drops(seed, layer):
        return getattr(model("trm", seed=seed).encoder.transformer.blocks[0], layer)(torch.ones(50, 8))

    first = drops(1, "attention_dropout")
    assert torch.equal(first, drops(1, "attention_dropout"))
    assert not torch.equal(first, drops(1, "feed_forward_dropout"))
    assert not torch.equal(first, drops(2, "attention_dropout"))


def test_seeds_differ():
    assert not torch.equal(model("trm", seed=1).items.table, model("trm", seed=2).items.table)
    assert not np.array_equal(batch_order(1, 1, 50), batch_order(2, 1, 50))
    assert not np.array_equal(batch_order(1, 1, 50), batch_order(1, 2, 50))
    assert sorted(batch_order(1, 1, 50)) == list(range(50))


def test_the_global_generator_is_not_used():
    torch.manual_seed(0)
    first = da.build(SETTINGS, 12)
    initialise(first, 3)
    torch.manual_seed(99)
    second = da.build(SETTINGS, 12)
    initialise(second, 3)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_initial_distributions():
    built = trm.build(SETTINGS | {"embedding_size": 100, "init_std": 0.02}, 2000)
    initialise(built, 5)
    table = built.items.table[1:]
    assert table.abs().max() <= 0.1  # uniform ±1/√100
    assert table.std().item() == pytest.approx(0.1 / np.sqrt(3), rel=0.02)
    assert torch.equal(built.items.table[0], torch.zeros(100))
    query = built.encoder.transformer.blocks[0].attention.query
    assert query.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert query.bias.abs().max() == 0
    gated = da.build(SETTINGS | {"embedding_size": 100}, 10)
    initialise(gated, 5)
    bound = 1 / np.sqrt(200)
    assert 0.9 * bound < gated.encoder.gate.hidden.weight.abs().max().item() <= bound
    assert gated.encoder.gate.hidden.bias.abs().max() > 0


def test_a_parameter_without_a_distribution_is_refused():
    with pytest.raises(ValueError, match="weight has no initial distribution"):
        initialise(nn.Linear(2, 2), 1)
