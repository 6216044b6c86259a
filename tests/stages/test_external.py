"""A row that takes its ranks from a record is compared as if it had been trained here."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builders import published_params
from stages import fake_grid

from recore import RecoreError, params, paths, yaml12
from recore.commands import standing
from recore.data.sessions import Sessions
from recore.evaluation.on_record import split, sums
from recore.evaluation.on_record.files import save
from recore.evaluation.stored import Stored
from recore.records.checkout import cell_of
from recore.stages import aggregate, external, significance

SEEDS = [0, 1, 2, 3, 4]
KEPT = {"record": "old", "variant": "trm"}
RECORD = Path("docs/results/old")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A grid of trm, ave and hn, and a record that has the same trm and another da."""
    folder = tmp_path_factory.mktemp("grid")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        write_params()
        for variant in ("trm", "da", "ave", "hn"):
            for seed in SEEDS:
                fake_grid.write_run("demo", variant, seed)
                if variant in ("trm", "da"):
                    save(RECORD, on_record(variant, seed))
        split.take(Path(), RECORD, "demo")
        shutil.copy("params.yaml", RECORD)
        summed()
        shutil.rmtree(paths.RANKS / "demo/da")
    return folder


@pytest.fixture(autouse=True)
def grid(template, tmp_path, monkeypatch):
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)


def write_params(row=KEPT, pairs=(("ave", "kept"), ("hn", "kept")), seeds=SEEDS, **changes) -> None:
    section = published_params()["significance"]
    section |= {"comparisons": [list(pair) for pair in pairs], **changes}
    variants = {"plain": {"ave": {}, "trm": {}}, "hybrid": {"hn": {}}} | ({"external": {"kept": row}} if row else {})
    fake_grid.write_params(seeds=seeds, variants=variants, significance=section)


def on_record(variant: str, seed: int | None) -> Stored:
    weights = None if seed is None else f"weights {variant} {seed}"
    return replace(cell_of(Path(), "demo", variant, seed), weights_hash=weights)


def summed() -> None:
    """The hashes of the record's files as they are now."""
    sums.write(RECORD, [file for file in RECORD.rglob("*") if file.is_file() and file.name != sums.NAME])


def test_the_ranks_are_those_of_the_record_under_the_name_of_the_row():
    external.main(["demo", "kept"])
    assert sorted(path.name for path in (paths.RANKS / "demo/kept").iterdir()) == [str(seed) for seed in SEEDS]
    for seed in SEEDS:
        own, theirs = (paths.ranks("demo", variant, seed) for variant in ("kept", "trm"))
        assert pd.read_parquet(own / "cases.parquet").equals(pd.read_parquet(theirs / "cases.parquet"))
        former = json.loads((theirs / "meta.json").read_text())
        named = {"variant": "kept", "weights_hash": f"weights trm {seed}", "taken": {"row": KEPT, "depth": 20}}
        assert json.loads((own / "meta.json").read_text()) == former | named


def test_it_is_compared_as_if_it_had_been_trained_here():
    external.main(["demo", "kept"])
    significance.main(["demo"])
    aggregate.main([])
    taken = {file.name: file.read_text() for file in paths.METRICS.iterdir()}
    write_params(row=None, pairs=(("ave", "trm"), ("hn", "trm")))
    significance.main(["demo"])
    aggregate.main([])
    trained = (paths.METRICS / "comparisons.csv").read_text()
    assert taken["comparisons.csv"] == trained.replace(",trm,", ",kept,")
    runs = [line.split(",") for line in taken["runs.csv"].splitlines()]
    at = [runs[0].index(name) for name in ("best_epoch", "epochs")]
    of = {(row[1], row[2]): row for row in runs[1:]}
    assert [of["trm", "3"][i] for i in at] == ["4", "6"]
    assert [of["kept", "3"][i] for i in at] == ["", ""]
    assert of["kept", "3"][7:] == of["trm", "3"][7:]
    assert ("- kept was not trained here: its ranks are those of trm in the record old (docs/results/old).\n") in taken[
        "table.md"
    ]
    assert set(pd.read_csv(paths.PLOTS / "curves.csv")["variant"]) == {"ave", "trm", "hn"}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (KEPT | {"record": "new"}, r"^docs/results/new is no record with ranks; those that have some are old$"),
        (KEPT | {"variant": "dahn"}, r"^docs/results/old has no ranks of variant dahn; it has those of da, trm$"),
    ],
)
def test_what_the_record_does_not_have_is_named(row, said):
    write_params(row)
    with pytest.raises(RecoreError, match=said):
        external.main(["demo", "kept"])
    assert not (paths.RANKS / "demo/kept").exists()


def test_a_dataset_that_the_record_does_not_have_is_named():
    with pytest.raises(RecoreError, match=r"^docs/results/old has no ranks of dataset tmall; it has those of demo$"):
        external.main(["tmall", "kept"])


def test_other_cases_or_items_are_refused():
    test = Sessions.load(paths.split("demo"), "test", mmap=False)
    Sessions(test.items[::-1].copy(), test.offsets, test.ids, test.times).save(paths.split("demo"), "test")
    with pytest.raises(RecoreError, match=r"^demo: kept cannot be compared with the runs here, because record old was"):
        external.main(["demo", "kept"])
    test.save(paths.split("demo"), "test")
    stats = json.loads((paths.split("demo") / "stats.json").read_text())
    (paths.split("demo") / "stats.json").write_text(json.dumps(stats | {"items": 301}))
    with pytest.raises(
        RecoreError, match=r"300 and 301 items\); use the `sources`, `filter` and `split` of its params"
    ):
        external.main(["demo", "kept"])
    assert not (paths.RANKS / "demo/kept").exists()


def test_a_file_of_the_record_that_was_changed_is_refused():
    file = RECORD / "ranks/demo/trm/2.parquet"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(RecoreError, match=r"trm/2\.parquet is not the file that was recorded"):
        external.main(["demo", "kept"])


@pytest.mark.parametrize("name", ["trm/2.json", "stats.json", "trm/9.csv"])
def test_the_hashes_of_the_record_are_read(name):
    """Of a run's description too, which no other hash speaks for."""
    (RECORD / "ranks/demo" / name).write_text("{}")
    with pytest.raises(RecoreError, match=rf"{name} is not (the file that was recorded|in SHA256SUMS); re"):
        external.main(["demo", "kept"])
    assert not (paths.RANKS / "demo/kept").exists()


def test_another_training_set_is_refused():
    """With the same test cases, out of as many items: a difference would be that of the data."""
    train = Sessions.load(paths.split("demo"), "train", mmap=False)
    items = train.items.copy()
    items[0] = items[1]
    Sessions(items, train.offsets, train.ids, train.times).save(paths.split("demo"), "train")
    said = (
        r"^demo: kept cannot be compared with the runs here, because record old is of another split \(other clicks in "
        r"training\); use the `sources`, `filter` and `split` of its params\.yaml$"
    )
    with pytest.raises(RecoreError, match=said):
        external.main(["demo", "kept"])
    assert not (paths.RANKS / "demo/kept").exists()


@pytest.mark.parametrize("of_the_dataset", [False, True])
def test_another_number_of_clicks_that_are_read_is_refused(of_the_dataset):
    tree = fake_grid.read_params()
    train = tree["sources"]["demo"]["train"] if of_the_dataset else tree["train"]
    train.setdefault("model", {})["max_length"] = 20
    Path("params.yaml").write_text(yaml12.dump(tree))
    said = r"record old reads the last 50 clicks of a session, and the runs here read 20; use its `max_length`$"
    with pytest.raises(RecoreError, match=said):
        external.main(["demo", "kept"])
    assert not (paths.RANKS / "demo/kept").exists()


def test_without_looks_every_seed_has_to_be_there():
    for file in (RECORD / "ranks/demo/trm").glob("3.*"):
        file.unlink()
    summed()
    external.main(["demo", "kept"])
    assert sorted(path.name for path in (paths.RANKS / "demo/kept").iterdir()) == ["0", "1", "2"]
    with pytest.raises(
        RecoreError,
        match=r"^demo: kept has ranks of 3 of 5 seeds, because record old has none of trm under seed 3; name",
    ):
        significance.main(["demo"])
    write_params(seeds=[3, 4])
    with pytest.raises(RecoreError, match=r"old has no ranks of seed 3; it has those of 0, 1, 2, 4$"):
        external.main(["demo", "kept"])


def test_with_looks_it_takes_part_as_far_as_its_seeds_go():
    """Nothing is trained for a comparison whose row cannot follow, however open it is."""
    seeds = [*SEEDS, 5, 6, 7]
    same = {"margins": {"mrr@20": 1e-5, "recall@20": 1e-5}, "fragile": {"effective_sessions": 0}}
    write_params(pairs=[("trm", "kept"), ("ave", "trm")], seeds=seeds, looks=[5, 8], **same)
    for seed in SEEDS:  # trm and ave as good as equal to each other and to what is on record
        noise = np.random.default_rng(seed)
        for variant in ("trm", "ave"):
            file = paths.ranks("demo", variant, seed) / "cases.parquet"
            table = pd.read_parquet(paths.ranks("demo", "trm", seed) / "cases.parquet")
            table["above"] = np.maximum(table["above"] + noise.integers(-1, 2, len(table)), 0).astype(np.int32)
            table.to_parquet(file, index=False)
    external.main(["demo", "kept"])
    significance.main(["demo"])
    experiment = standing.Experiment.load()
    assert experiment.tests == ["external@demo-kept", "significance@demo", "aggregate"]
    table, cells = standing.standing(experiment, standing.tested(experiment))
    assert table["verdict"].tolist() == ["inconclusive", "inconclusive"]
    assert cells == [("demo", "ave", 5), ("demo", "ave", 6), ("demo", "ave", 7)] + [
        ("demo", "trm", seed) for seed in (5, 6, 7)
    ]
    write_params(pairs=[("trm", "kept")], seeds=seeds, looks=[5, 8], **same)
    significance.main(["demo"])
    experiment = standing.Experiment.load()
    assert standing.standing(experiment, standing.tested(experiment))[1] == []


def test_a_baseline_on_record_has_no_seeds_here_either():
    fake_grid.write_run("demo", "vmis", None)
    save(RECORD, on_record("vmis", None))
    summed()
    write_params(KEPT | {"variant": "vmis"}, pairs=[("trm", "kept")])
    external.main(["demo", "kept"])
    assert [path.name for path in (paths.RANKS / "demo/kept").iterdir()] == ["none"]
    significance.main(["demo"])
    aggregate.main([])
    taken = pd.read_csv(paths.METRICS / "comparisons.csv")
    variants = {"plain": {"ave": {}, "trm": {}}, "hybrid": {"hn": {}}, "baselines": {"vmis": {}}}
    section = published_params()["significance"] | {"comparisons": [["trm", "vmis"]]}
    fake_grid.write_params(seeds=SEEDS, variants=variants, significance=section)
    significance.main(["demo"])
    aggregate.main([])
    assert taken.replace("kept", "vmis").equals(pd.read_csv(paths.METRICS / "comparisons.csv"))


def test_with_looks_a_baseline_on_record_is_there_at_each_of_them():
    fake_grid.write_run("demo", "vmis", None)
    save(RECORD, on_record("vmis", None))
    summed()
    write_params(KEPT | {"variant": "vmis"}, pairs=[("trm", "kept")], seeds=[*SEEDS, 5, 6], looks=[5, 7])
    external.main(["demo", "kept"])
    assert standing.Experiment.load().can_reach("demo", "kept", 7)
    significance.main(["demo"])
    assert standing.tested(standing.Experiment.load())["n_seeds"].tolist() == [5]


def test_it_is_no_run_that_is_trained():
    given = params.load()
    assert [cell[1] for cell in given.runs()] == ["ave"] * 5 + ["trm"] * 5 + ["hn"] * 5


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"record": "old"}, "`variants.external.kept.variant` is missing"),
        (KEPT | {"seed": 1}, "`variants.external.kept.seed` is not a known key"),
        (KEPT | {"record": "../old"}, "`variants.external.kept.record` is '../old', but"),
    ],
)
def test_a_row_that_is_none_is_one_sentence(row, said):
    write_params(row)
    with pytest.raises(RecoreError) as fault:
        params.load()
    assert said in str(fault.value)


def test_a_name_stands_in_one_group():
    fake_grid.write_params(variants={"plain": {"trm": {}}, "hybrid": {}, "external": {"trm": KEPT}})
    with pytest.raises(RecoreError, match=r"'trm' stands in `variants.plain` and in `variants.external`; keep one"):
        params.load()
