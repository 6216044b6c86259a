"""Streams by name: what variants share starts equal, and nothing else moves anything."""

import numpy as np
import pytest
import torch
from builders import SETTINGS, model, packed
from torch import nn

from recore.training.seeding import batch_order, generator, global_stream, initialise, stream_seed
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


PYTORCH = {
    "linear": lambda: nn.Linear(16, 32),
    "norm": lambda: nn.LayerNorm(16),
    "gru": lambda: nn.GRU(16, 32, num_layers=2, bidirectional=True),
    "attention": lambda: nn.MultiheadAttention(16, 2),
    "block": lambda: nn.TransformerEncoderLayer(16, 2, 32, batch_first=True),
    "whole": lambda: nn.Transformer(16, 2, 1, 1, 32, batch_first=True),
}


def drawn(module, seed=1):
    initialise(module, seed)
    return {name: value.clone() for name, value in module.state_dict().items()}


@pytest.mark.parametrize("layer", PYTORCH)
def test_pytorchs_layers_are_drawn_by_the_seed_and_their_place(layer):
    """Not by what else there is, by what was there before, or by the global generator, which stays as it was."""
    make = PYTORCH[layer]
    torch.manual_seed(3)
    before = torch.get_rng_state()
    alone = drawn(nn.ModuleDict({"mine": make()}))
    torch.manual_seed(3)
    module = nn.ModuleDict({"other": nn.Linear(5, 5), "mine": make(), "third": make()})
    for value in module.parameters():
        value.data.fill_(99.0)
    torch.set_rng_state(before)
    beside = drawn(module)
    assert torch.equal(torch.get_rng_state(), before)
    for name, value in alone.items():
        assert torch.equal(value, beside[name]), name
    again = drawn(nn.ModuleDict({"mine": make()}), seed=2)
    random = [name for name, value in alone.items() if value.unique().numel() > 1]
    assert all(not torch.equal(alone[name], again[name]) for name in random)
    assert all(not torch.equal(beside[name], beside[name.replace("mine", "third")]) for name in random)


@pytest.mark.parametrize("layer", PYTORCH)
def test_pytorchs_layers_are_drawn_as_pytorch_draws_them(layer):
    """Constants are the same numbers and what is drawn has the same range, although outer modules reset inner ones."""
    torch.manual_seed(3)
    module = PYTORCH[layer]()
    theirs = {name: value.clone() for name, value in module.state_dict().items()}
    for value in module.parameters():
        value.data.fill_(99.0)
    ours = drawn(module)
    for name, value in theirs.items():
        if value.unique().numel() == 1:
            assert torch.equal(ours[name], value), name
        else:
            assert ours[name].abs().max().item() == pytest.approx(value.abs().max().item(), rel=0.3), name


def test_what_says_its_distribution_keeps_it_beside_pytorchs_layers():
    class Both(nn.Linear):
        def __init__(self):
            super().__init__(3, 4)
            self.weight.draw = lambda value, generator: value.normal_(generator=generator)

    expected = torch.empty(4, 3).normal_(generator=generator(1, "init/weight"))
    found = drawn(Both())
    assert torch.equal(found["weight"], expected)
    assert found["bias"].abs().max() > 0


def test_a_parameter_that_nothing_draws_is_refused():
    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(2))

    with pytest.raises(ValueError, match=r"parameter inner\.scale has no initial distribution"):
        initialise(nn.ModuleDict({"inner": Bare()}), 1)


def test_the_global_generator_is_a_stream_within_a_block_and_as_before_behind_it():
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    with global_stream(1, "torch/1"):
        first = torch.rand(2)
    assert torch.equal(torch.rand(2), expected)
    with global_stream(1, "torch/1"):
        assert torch.equal(torch.rand(2), first)
    with global_stream(1, "torch/2"):
        assert not torch.equal(torch.rand(2), first)
