"""What a run trains with: params.yaml, the source's own on top of `train`, the variant's row on top of both."""

import pytest

from recore import RecoreError
from recore.models.objectives import Objective
from recore.params import Params
from recore.training.settings import Settings

TRAIN = {"epochs": 20, "batch_size": 2048, "model": {"layers": 2, "heads": 2}}


def given(own=None, plain=None, hybrid=None) -> Params:
    return Params(
        {
            "train": TRAIN,
            "sources": {"demo": {"train": own or {}}},
            "variants": {"plain": {"trm": plain or {}}, "hybrid": {"hn": hybrid or {}}},
            "hard_neg_k": 5,
            "hard_neg_lambda": 0.2,
        }
    )


def test_a_source_overrides_numbers_of_its_own_and_of_the_model():
    settings = Settings.of(given({"epochs": 3, "model": {"heads": 1}}), "demo", "trm", hybrid=False)
    expected = {"epochs": 3, "batch_size": 2048, "precision": "float32", "model": {"layers": 2, "heads": 1}}
    assert settings.train == expected
    assert settings.model == {"layers": 2, "heads": 1}
    assert TRAIN["model"] == {"layers": 2, "heads": 2}


def test_the_row_of_a_variant_wins_over_its_source():
    settings = Settings.of(given({"model": {"heads": 1}}, plain={"heads": 4, "own": "x"}), "demo", "trm", hybrid=False)
    assert settings.model == {"layers": 2, "heads": 4, "own": "x"}
    assert settings.objective.hard_neg_lambda == 0


def test_a_hybrid_row_sets_its_objective_and_its_model():
    settings = Settings.of(given(hybrid={"hard_neg_k": 64, "layers": 1}), "demo", "hn", hybrid=True)
    assert (settings.objective.hard_neg_k, settings.objective.hard_neg_lambda) == (64, 0.2)
    assert settings.model == {"layers": 1, "heads": 2}


def test_the_row_s_mining_wins_over_the_file_s_and_an_older_file_has_none():
    row = {"hard_neg_own": "skip", "hard_neg_pool": 100, "hard_neg_skip": 2, "hard_neg_warmup": 3}
    assert Settings.of(given(hybrid=row), "demo", "hn", hybrid=True).objective == Objective(5, 0.2, "skip", 100, 2, 3)
    assert Settings.of(given(), "demo", "hn", hybrid=True).objective == Objective(5, 0.2, "keep", 0, 0, 0)


def test_the_precision_is_that_of_the_row_else_of_the_source_else_float32():
    def precision(row, own=None, hybrid=False):
        settings = Settings.of(given(own, row, row), "demo", "hn" if hybrid else "trm", hybrid)
        assert "precision" not in settings.model
        return settings.train["precision"]

    for hybrid in (False, True):
        assert precision({}, hybrid=hybrid) == "float32"  # of a params.yaml that is older than the setting
        assert precision({"precision": "bfloat16"}, hybrid=hybrid) == "bfloat16"
        assert precision({}, {"precision": "bfloat16"}, hybrid) == "bfloat16"
        assert precision({"precision": "float32"}, {"precision": "bfloat16"}, hybrid) == "float32"


def test_a_variant_of_the_other_group_is_none():
    with pytest.raises(RecoreError, match=r"`variants\.plain\.hn` does not exist"):
        Settings.of(given(), "demo", "hn", hybrid=False)
