"""The item space: padding, dropout and what gradients reach."""

import pytest
import torch
from builders import VARIANTS, model, packed

from recore.models.items import scores
from recore.models.layers import Dropout
from recore.models.objectives import CROSS_ENTROPY, Objective


def backward(built, objective=CROSS_ENTROPY):
    loss = built.loss(*packed([[1], [2, 3], [4, 5, 6]]), torch.tensor([7, 8, 9]), objective)
    loss.backward()
    return loss


@pytest.mark.parametrize("variant", [*VARIANTS, "mi", "graph", "repeat"])
def test_every_parameter_but_padding_learns(variant):
    built = model(variant)
    backward(built, Objective(3, 0.2))
    assert torch.equal(built.items.table[0], torch.zeros(8))
    assert torch.equal(built.items.table.grad[0], torch.zeros(8))
    for name, parameter in built.named_parameters():
        # The bias of a score that a softmax follows moves every score alike; so does the key's bias.
        if name.endswith(("scorer.bias", "scorer.output.bias", "key.bias")):
            assert parameter.grad.abs().max() < 1e-6, name
        else:
            assert parameter.grad.abs().max() > 0, name


def test_padding_is_no_item_of_the_catalogue():
    built = model("ave", n_items=12).eval()
    catalogue = built.items.catalogue()
    assert catalogue.shape == (12, 8)
    assert scores(catalogue[:2], catalogue, 0.07).shape == (2, 12)
    torch.testing.assert_close(catalogue[4], built.items.table[5] / built.items.table[5].norm())


def test_scores_are_cosines_over_the_temperature():
    session, catalogue = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0], [-0.6, 0.8]])
    torch.testing.assert_close(scores(session, catalogue, 0.5), torch.tensor([[2.0, 0.0, -1.2]]))


@pytest.mark.parametrize("variant", VARIANTS)
def test_dropout_is_off_in_evaluation_and_on_in_training(variant):
    built = model(variant)
    batch = packed([[1, 2, 3]])
    assert not torch.equal(built(*batch).session, built(*batch).session)
    assert not torch.equal(built.items.catalogue(), built.items.catalogue())
    assert not torch.equal(built.with_catalogue(*batch)[1], built.with_catalogue(*batch)[1])
    built.eval()
    assert torch.equal(built.with_catalogue(*batch)[1], built.items.catalogue())
    assert torch.equal(built(*batch).session, built(*batch).session)
    assert torch.equal(built.items.catalogue(), built.items.catalogue())


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_dropout_keeps_the_mean_and_the_rate(rate):
    dropout = Dropout(rate)
    dropout.generator = torch.Generator().manual_seed(0)
    values = dropout(torch.ones(1000, 201))
    assert values.unique().tolist() == pytest.approx([0.0, 1 / (1 - rate)], rel=1e-4)
    dropped = (values == 0).double()
    assert dropped.mean().item() == pytest.approx(rate, abs=0.004)
    # Neighbours share a 64-bit draw; they must be dropped independently all the same.
    for step in (1, 2, 3):
        both = (dropped[:, step:] * dropped[:, :-step]).mean().item()
        assert both == pytest.approx(rate**2, abs=0.005)


@pytest.mark.parametrize(("rate", "kept"), [(0.0, 1.0), (1e-9, 1.0), (1 - 1e-9, 0.0)])
def test_dropout_at_the_ends_of_its_range(rate, kept):
    dropout = Dropout(rate)
    dropout.generator = torch.Generator().manual_seed(0)
    assert (dropout(torch.ones(1000)) > 0).float().mean().item() == pytest.approx(kept, abs=0.01)


def test_dropout_without_a_stream_is_refused():
    with pytest.raises(RuntimeError, match="no random stream"):
        Dropout(0.5)(torch.ones(3))
