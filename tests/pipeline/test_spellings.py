"""However params.yaml spells a value, DVC's stages and recore's mean the same one."""

import json

import pytest

pytestmark = pytest.mark.slow

CHECK = ("env", "PYTHONPATH=src", "python", "-m", "recore", "check")


def test_small_numbers_on_the_command_line_train(clone):
    changed = ("-S", "train.model.layer_norm_eps=1.0e-11", "-S", "significance.margins={mrr@20: 0.00005}")
    clone.run("dvc", "exp", "run", "-S", "sources.demo.train.learning_rate=0.00001", *changed)
    assert "learning_rate: 1e-05" in clone.read("params.yaml")
    assert json.loads(clone.read("data/models/demo/trm/1/config.json"))["settings"]["layer_norm_eps"] == 1e-11
    assert "1e-05" in clone.run("dvc", "params", "diff").stdout


def test_seeds_of_any_spelling_have_one_name(clone):
    clone.edit("params.yaml", "seeds:\n- 1\n- 2\n", "seeds: [010, 0x1F]\n")
    ran = clone.repro()
    assert {"train@demo-trm-10", "train@demo-trm-31", "significance@demo", "aggregate"} <= ran
    seeds = {row.split(",")[2] for row in clone.read("metrics/runs.csv").splitlines()[1:]}
    assert seeds == {"10", "31", ""}  # a baseline has none


@pytest.mark.parametrize(
    ("old", "new"), [("hard_neg_k: 5", "hard_neg_k: 5\nhard_neg_k: 7"), ("  valid: 0.1", "  valid: 0.1\n  valid: 0.2")]
)
def test_both_refuse_a_key_that_stands_twice(clone, old, new):
    clone.edit("params.yaml", old, new)
    assert "found duplicate key" in clone.run(*CHECK, ok=False).stderr
    assert clone.run("dvc", "repro", ok=False).returncode
