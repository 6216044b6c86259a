"""The sweep, really run: a tiny grid, one K more, one failure."""

import json

import pandas as pd
import pytest

pytestmark = pytest.mark.slow

SWEEP = ("python", "-m", "recore", "record", "sweep", "--hard-neg-k", "1,5", "--hard-neg-lambda", "0.2", "--jobs", "1")
BREAKS = 'if os.path.exists({!r}) and settings.at("hard_neg_k") == 1: sys.exit("the cause")'


def test_a_sweep_trains_what_differs_and_goes_on_after_a_failure(clone, tmp_path):
    folder, kept = clone.path / "docs/results/sensitivity", tmp_path / "kept"
    (folder / "params.yaml").write_text(clone.read("params.yaml"))
    for file in ("sweep.csv", "provenance.json"):
        (folder / file).unlink(missing_ok=True)
    broken = tmp_path / "broken"
    broken.touch()
    stage = "src/recore/stages/significance.py"
    clone.edit(stage, "settings = params.load()\n", f"settings = params.load()\n    {BREAKS.format(str(broken))}\n")
    clone.edit(stage, "import argparse\n", "import argparse\nimport os\n")
    clone.commit()

    command = (*SWEEP, "--folder", str(kept))
    refused = clone.run(*command, ok=False, PYTHONPATH="src").stderr
    assert "recore: experiments failed in" in refused
    assert "--- dvc queue logs" in refused
    assert "\nthe cause\n" in refused
    assert not (folder / "sweep.csv").exists()

    broken.unlink()
    clone.run(*command, PYTHONPATH="src")
    table = pd.read_csv(folder / "sweep.csv")
    rows = table[table["metric"] == "mrr@20"].set_index("hard_neg_k")["delta"]
    assert list(rows.index) == [1, 5]
    base = pd.read_csv(kept / "recore/metrics/comparisons.csv")
    assert rows[5] == base.set_index("metric").loc["mrr@20", "delta"] != rows[1]
    record = json.loads((folder / "provenance.json").read_text())
    assert (record["experiments"], record["cells"], record["hard_neg_k"]) == (2, 6, 5)
    assert record["commit"] == clone.run("git", "rev-parse", "HEAD").stdout.strip()

    logs = "".join(log.read_text() for log in (kept / "recore/.dvc/tmp/exps/run").glob("*/*.out"))
    trained = [line.split("'")[1] for line in logs.splitlines() if line.startswith("Running stage 'train")]
    assert sorted(trained) == ["train_hybrid@demo-hn-1", "train_hybrid@demo-hn-2"]  # of K = 1, once
