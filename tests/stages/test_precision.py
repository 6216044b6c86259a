"""One row in bfloat16 among others: its record and the report say so, and a processor that is slow at it warns."""

import pytest

from recore import artifacts, paths
from recore.stages import aggregate, download, evaluate, filter, significance, split, train

from . import small_sources
from .small_sources import CSV, own_files, write


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """trm in either precision, of one seed and epoch, up to its split."""
    tree = small_sources.enter(tmp_path, monkeypatch)
    rows = {"trm": {}, "trm_bf16": {"precision": "bfloat16"}}
    tree |= {"datasets": ["shop"], "seeds": [1], "variants": {"plain": rows, "hybrid": {}}}
    tree["filter"]["min_support"] = 1
    tree["train"] |= {"epochs": 1, "threads": 1}
    tree["train"]["model"] |= {"embedding_size": 8, "inner_size": 8}
    tree["significance"]["comparisons"] = [["trm_bf16", "trm"]]
    clicks = [f"s{k},i{(k * step) % 7},{3600 * k + step}" for k in range(40) for step in range(1, 4)]
    write(tree, "shop", own_files(tmp_path, log_csv=("s,i,t\n" + "\n".join(clicks) + "\n").encode()), CSV)
    for stage in (download, filter, split):
        stage.main(["shop"])


@pytest.mark.usefixtures("shop")
def test_one_row_in_bfloat16(monkeypatch, capsys):
    monkeypatch.setattr(train, "fast_in_bfloat16", lambda device: False)
    losses = {}
    for variant, precision in (("trm", "float32"), ("trm_bf16", "bfloat16")):
        capsys.readouterr()
        train.main(["shop", variant, "1"])
        evaluate.main(["shop", variant, "1"])
        assert ("no instructions for bfloat16" in capsys.readouterr().err) == (precision == "bfloat16")
        folder = paths.record("shop", variant, 1)
        assert artifacts.read_json(folder / "record.json")["precision"] == precision
        losses[variant] = float((folder / "history.csv").read_text().splitlines()[1].split(",")[1])
    assert losses["trm"] != losses["trm_bf16"] == pytest.approx(losses["trm"], rel=1e-2)
    significance.main(["shop"])
    aggregate.main([])
    assert "Trained with the loss in bfloat16 (`precision`), ranked in float32 like the others: trm_bf16." in (
        (paths.METRICS / "table.md").read_text()
    )
