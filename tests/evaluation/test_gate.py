"""Ranks with the gate held: against models without a gate, and against gates that are level by themselves."""

import numpy as np
import pytest
import torch
from builders import flat, model, random_sessions

from recore.data.cases import Cases
from recore.evaluation.expected import VALIDATED, expected_gains
from recore.evaluation.gate import counterfactuals
from recore.evaluation.ranking import rank
from recore.models.packing import gather, resident
from recore.models.scorer import CoreScorer

CPU = torch.device("cpu")
TEST = Cases(flat(random_sessions(30, 12, seed=4)), 10)
CHANGES = ("global", "recent", "mean")


def ranked(built, cases=TEST):
    return rank(CoreScorer(built), cases, 16, CPU)


def counted(built, cases=TEST, cutoff=5):
    return counterfactuals(built, cases, ranked(built, cases), cutoff, 16, CPU)


def mrr(ranks, chosen, cutoff=5):
    return float(expected_gains(VALIDATED, ranks.above, ranks.tied, [cutoff])[f"mrr@{cutoff}"][chosen].mean())


def test_held_at_0_it_is_the_model_without_a_recent_branch():
    gated, without = model("da").eval(), model("da_norecent").eval()
    without.load_state_dict({name: gated.state_dict()[name] for name in without.state_dict()})
    found, own, other = counted(gated), ranked(gated), ranked(without)
    assert (own.above != other.above).any()
    for row in found["rows"]:
        chosen = {"2": TEST.position == 2, "3": TEST.position == 3}.get(row["group"])
        if chosen is not None:
            assert row["cases"] == chosen.sum()
            assert row["mrr"] == pytest.approx(mrr(own, chosen), abs=1e-12)
            assert row["global"] == pytest.approx(mrr(other, chosen) - mrr(own, chosen), abs=1e-12)
    assert [row["group"] for row in found["rows"]] == ["2", "3", "4", "5-6", "7-9"]
    assert sum(row["cases"] for row in found["rows"]) == (TEST.position >= 2).sum()


@pytest.mark.parametrize(("bias", "share", "unchanged"), [(-60.0, 0.0, "global"), (60.0, 1.0, "recent")])
def test_a_gate_that_is_level_by_itself_changes_nothing_when_held_there(bias, share, unchanged):
    built = model("da").eval()
    with torch.no_grad():
        built.encoder.gate.output.weight.zero_()
        built.encoder.gate.output.bias.copy_(torch.tensor([-bias, bias]))
    found = counted(built)
    assert found["mean"] == share
    for row in found["rows"]:
        assert row["mean"] == row[unchanged] == 0
    (changed,) = {*CHANGES} - {"mean", unchanged}
    assert any(row[changed] != 0 for row in found["rows"])


def test_the_mean_is_that_of_the_cases_of_two_clicks_and_more():
    built = model("da").eval()
    gate = ranked(built).gate
    assert counted(built)["mean"] == pytest.approx(gate[TEST.position >= 2].astype(float).mean(), rel=1e-12)
    assert counted(built)["mean"] != pytest.approx(gate.astype(float).mean(), rel=1e-12)


def test_the_cosine_is_that_of_the_two_branches():
    built = model("da").eval()
    clicks = resident(TEST.items, CPU)
    chosen = np.flatnonzero(TEST.position == 2)
    batch = TEST.batch(chosen)
    items, packing, _ = gather(clicks, batch.lengths, batch.ends)
    with torch.no_grad():
        vectors, encoder = built.items.embed(items), built.encoder
        states = encoder.transformer(vectors, packing)
        branches = (
            packing.pool(weights(states, packing), vectors)
            for weights in (encoder.global_weights, encoder.recent_weights)
        )
        a, b = (branch.double() for branch in branches)
    expected = ((a * b).sum(dim=1) / (a.norm(dim=1) * b.norm(dim=1))).mean()
    (row,) = (row for row in counted(built)["rows"] if row["group"] == "2")
    assert row["cosine"] == pytest.approx(float(expected), rel=1e-5)
    assert row["cosine"] < 0.999


def test_the_model_keeps_its_gate():
    built = model("da").eval()
    gate, before = built.encoder.gate, ranked(built)
    counted(built)
    assert built.encoder.gate is gate
    assert np.array_equal(ranked(built).above, before.above)


@pytest.mark.parametrize("variant", ["trm", "da_fixed", "ave"])
def test_without_a_learned_gate_there_is_nothing_to_hold(variant):
    assert counted(model(variant).eval()) is None


def test_with_one_click_everywhere_there_is_nothing_to_say():
    assert counted(model("da").eval(), Cases(flat([[1, 2], [3, 4]]), 10)) is None
