"""A record says which runs of another one it took, and stays what it is when that one grows."""

import json
from pathlib import Path

import pytest
from builders import published_params
from stages import fake_grid

from recore import paths
from recore.evaluation.on_record import split, sums
from recore.evaluation.on_record.files import load, save
from recore.records import check, finish, take
from recore.records.checkout import cell_of

SEEDS = [0, 1, 2, 3, 4, 5, 6]
OLD, MINE = Path("docs/results/old"), Path("docs/results/mine")


def grow(seeds: list[int]) -> None:
    for seed in seeds:
        save(OLD, cell_of(Path("theirs"), "shop", "trm", seed))
    split.take(Path("theirs"), OLD, "shop")
    summed(OLD)


def summed(record: Path) -> None:
    sums.write(record, [file for file in record.rglob("*") if file.is_file() and file.name != sums.NAME])


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A finished record of da with looks, which took trm from one that had the seeds of the first look."""
    source = published_params()
    significance = source["significance"] | {"comparisons": [["da", "kept"]], "looks": [5, 7]}
    sources = source["sources"] | {"shop": source["sources"]["demo"]}
    external = {"kept": {"record": "old", "variant": "trm"}}
    for folder, variants in (
        ("theirs", {"plain": {"trm": {}}, "hybrid": {}}),
        ("clone", {"plain": {"da": {}}, "hybrid": {}, "external": external}),
    ):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        fake_grid.write_params(["shop"], SEEDS, variants=variants, significance=significance, sources=sources)
        for seed in SEEDS:
            fake_grid.write_run("shop", *variants["plain"], seed)
    monkeypatch.chdir(tmp_path)
    OLD.mkdir(parents=True)
    (OLD / "params.yaml").write_text((tmp_path / "clone/params.yaml").read_text())
    grow(SEEDS[:5])
    monkeypatch.setattr(take, "current", lambda checkout: [("shop", "da", seed) for seed in SEEDS])
    with fake_grid.unrendered():
        take.main(["mine", "clone"])
        yield MINE


def faults() -> list[str]:
    return [said for _, said, right in check.checked(MINE) if not right]


def noted() -> dict:
    return json.loads((MINE / "provenance.json").read_text())["external"]


def test_it_notes_the_runs_that_it_took(mine):
    kept = noted()["kept"]["shop"]
    assert list(kept) == ["0", "1", "2", "3", "4"]
    for seed, own in kept.items():
        theirs = load(OLD, "shop", "trm", int(seed))
        assert own == {"test_hash": theirs.test_hash, "counts_sha256": theirs.counts_hash}
    assert len({own["counts_sha256"] for own in kept.values()}) == 5
    assert faults() == []


def test_it_stays_what_it_is_when_the_other_record_grows(mine):
    grow(SEEDS[5:])
    assert faults() == []
    finish.main(["mine"])
    assert list(noted()["kept"]["shop"]) == [str(seed) for seed in SEEDS]
    assert faults() == []


def test_other_ranks_in_the_other_record_are_told(mine):
    """Of a run that was made again, with all hashes of that record right."""
    for file in (OLD / "ranks/shop/trm").glob("3.*"):
        file.unlink()
    fault = "kept of shop, seed 3: record old holds other ranks than this record was made of; restore it from git, or"
    summed(OLD)
    assert [said.startswith(fault) for said in faults()] == [True]
    theirs = Path("theirs") / paths.ranks("shop", "trm", 3)
    for name in ("cases.parquet", "meta.json"):
        content = (Path("theirs") / paths.ranks("shop", "trm", 6) / name).read_bytes()
        (theirs / name).write_bytes(content.replace(b'"seed": 6', b'"seed": 3'))
    grow([3])
    assert [said.startswith(fault) for said in faults()] == [True]


def test_a_record_that_does_not_say_what_it_took_is_told(mine):
    about = json.loads((MINE / "provenance.json").read_text())
    del about["external"]
    (MINE / "provenance.json").write_text(json.dumps(about))
    summed(MINE)
    said = "does not say which runs kept took; `python -m recore record tables mine` notes them"
    assert [fault.endswith(said) for fault in faults()] == [True]
