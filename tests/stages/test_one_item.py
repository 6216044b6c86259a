"""Every stage on a log of one item: each seed is trained, and each ranks that item first."""

import json
import shutil

import pandas as pd
import pytest

from recore import RecoreError, paths
from recore.stages import aggregate, download, evaluate, filter, significance, split, train

from . import small_sources
from .small_sources import CSV, own_files, write


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    """ave and trm under two seeds, in a working directory of their own."""
    folder = tmp_path_factory.mktemp("one")
    with pytest.MonkeyPatch.context() as monkeypatch:
        tree = small_sources.enter(folder, monkeypatch)
        tree |= {"datasets": ["shop"], "seeds": [1, 2], "variants": {"plain": {"ave": {}, "trm": {}}, "hybrid": {}}}
        tree["filter"]["min_support"] = 1
        tree["train"] |= {"epochs": 1, "threads": 1}
        tree["train"]["model"] |= {"embedding_size": 8, "inner_size": 8}
        tree["significance"]["comparisons"] = [["ave", "trm"]]
        lines = [f"s{k},a,{3600 * k + click}" for k in range(20) for click in range(3)]
        write(tree, "shop", own_files(folder, log_csv=("s,i,t\n" + "\n".join(lines) + "\n").encode()), CSV)
        for stage in (download, filter, split):
            stage.main(["shop"])
        for variant in ("ave", "trm"):
            for seed in ("1", "2"):
                train.main(["shop", variant, seed])
                evaluate.main(["shop", variant, seed])
        yield


def ranks(seed: int, variant: str = "trm"):
    folder = paths.ranks("shop", variant, seed)
    return pd.read_parquet(folder / "cases.parquet"), json.loads((folder / "meta.json").read_text())


@pytest.mark.usefixtures("catalogue")
def test_equal_ranks_name_the_weights_that_made_them():
    (first, about), (second, about_second) = ranks(1), ranks(2)
    assert first["above"].eq(0).all()
    assert first["tied"].eq(1).all()
    assert first.equals(second)
    assert about["test_hash"] == about_second["test_hash"]
    assert len({meta["weights_hash"] for v in ("ave", "trm") for _, meta in (ranks(1, v), ranks(2, v))}) == 4


@pytest.mark.usefixtures("catalogue")
def test_two_seeds_are_reported():
    significance.main(["shop"])
    aggregate.main([])
    results = pd.read_csv(paths.METRICS / "results.csv").set_index(["variant", "metric"])
    assert tuple(results.loc[("trm", "mrr@20"), ["n_seeds", "mean", "std"]]) == (2, 1, 0)


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize("kind", [paths.ranks, paths.model])
def test_one_run_in_two_folders_is_refused(kind, tmp_path, monkeypatch):
    shutil.copytree(paths.DATA, tmp_path / "data")
    shutil.copy(paths.PARAMS, tmp_path)
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(kind("shop", "trm", 2))
    shutil.copytree(kind("shop", "trm", 1), kind("shop", "trm", 2))
    if kind is paths.model:
        evaluate.main(["shop", "trm", "2"])
    with pytest.raises(RecoreError, match="shop: trm has the same weights under seeds 1 and 2, so one run would count"):
        significance.main(["shop"])
