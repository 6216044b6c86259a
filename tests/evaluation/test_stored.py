"""A cell that was saved is the cell that is loaded, and nothing else passes for it."""

import dataclasses
import hashlib
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recore import RecoreError
from recore.evaluation import stored
from recore.evaluation.on_record.files import is_new, load, save, saved
from recore.evaluation.stored import Stored

HISTORY = "epoch,loss,mrr@20\n1,2.5,0.1\n2,2.25,0.2\n"
MADE = {"commit": "0123456789", "dirty": False, "train_seconds": 1.5}
RECORD = {"best_epoch": 2, "epochs": 2, "valid": {"mrr@20": 0.2}}


def cell(variant: str = "da", seed: int = 1, gate: bool = True, shift: int = 0, weights: str | None = None) -> Stored:
    random = np.random.default_rng(seed)
    columns = {
        "session": np.repeat(np.arange(20, dtype=np.int64), 3) + shift,
        "position": np.tile(np.arange(1, 4, dtype=np.int32), 20),
        "target": np.arange(60, dtype=np.int32) % 7 + 1,
        "above": random.integers(0, 90, 60).astype(np.int32),
        "tied": np.ones(60, np.int32),
    }
    if gate:
        columns["gate"] = random.random(60).astype(np.float32)
    record = RECORD | MADE
    inputs = {"params": {"train": {"epochs": 2}}, "sha256": {"src": "ab"}}
    return Stored("shop", variant, seed, pa.table(columns), 100, record, inputs, HISTORY, weights)


def test_a_cost_beside_the_record_is_kept_beside_it(tmp_path):
    given = dataclasses.replace(cell(), record=RECORD, cost=MADE | {"commit": "abc"})
    save(tmp_path, given)
    found = load(tmp_path, "shop", "da", 1)
    assert (found.record, found.cost) == (given.record, given.cost)
    assert found.made == RECORD | MADE | {"commit": "abc"}


@pytest.mark.parametrize(("gate", "weights"), [(True, None), (False, "ab")])
def test_what_was_saved_is_what_is_loaded(tmp_path, gate, weights):
    whole = cell(gate=gate, weights=weights)
    assert is_new(tmp_path, whole)
    save(tmp_path, whole)
    found = load(tmp_path, "shop", "da", 1)
    assert found.cases.equals(whole.cases)
    assert dataclasses.replace(found, cases=None) == dataclasses.replace(whole, cases=None)
    assert list(saved(tmp_path)) == [("shop", "da", 1)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("recommended", {"cutoff": 20, "coverage": 0.5, "popularity": 3.25}),
        ("held", {"cutoff": 20, "mean": 0.4, "rows": [{"group": "2", "cases": 7, "global": -0.01}]}),
    ],
)
def test_what_ranks_say_of_a_run_stays_with_them(tmp_path, name, value):
    whole = dataclasses.replace(cell(), **{name: value})
    save(tmp_path, whole)
    assert getattr(load(tmp_path, "shop", "da", 1), name) == value
    whole.write_ranks(tmp_path)
    assert json.loads((tmp_path / "meta.json").read_text())[name] == value
    cell().write_ranks(tmp_path)
    assert name not in json.loads((tmp_path / "meta.json").read_text())


def test_a_baseline_has_neither_a_seed_nor_a_curve(tmp_path):
    record = {"settings": {"k": 100}, "tuned": ["k"], "valid": {"mrr@20": 0.2}} | MADE
    whole = dataclasses.replace(cell("vmis", gate=False), seed=None, history=None, record=record)
    save(tmp_path, whole)
    save(tmp_path, cell("da"))
    assert sorted(file.name for file in (tmp_path / "ranks/shop/vmis").iterdir()) == ["none.json", "none.parquet"]
    assert sorted(saved(tmp_path), key=str) == [("shop", "da", 1), ("shop", "vmis", None)]
    found = load(tmp_path, "shop", "vmis", None)
    assert found.cases.equals(whole.cases)
    assert dataclasses.replace(found, cases=None) == dataclasses.replace(whole, cases=None)
    assert not is_new(tmp_path, whole)
    (tmp_path / "ranks/shop/vmis/none.json").write_text((tmp_path / "ranks/shop/da/1.json").read_text())
    with pytest.raises(RecoreError, match="restore it from git"):
        load(tmp_path, "shop", "vmis", None)


def test_the_test_set_stands_there_once(tmp_path):
    save(tmp_path, cell("da"))
    save(tmp_path, cell("trm", gate=False))
    files = {str(file.relative_to(tmp_path / "ranks")) for file in tmp_path.rglob("*") if file.is_file()}
    of_cells = {f"shop/{v}/1.{kind}" for v in ("da", "trm") for kind in ("parquet", "json", "csv")}
    assert files == of_cells | {"shop/test.parquet"}


def test_saving_it_again_changes_nothing_and_another_run_is_refused(tmp_path):
    save(tmp_path, cell())
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert not is_new(tmp_path, cell())
    assert {file: file.read_bytes() for file in before} == before
    other = dataclasses.replace(cell(seed=2), seed=1)
    with pytest.raises(RecoreError, match=r"1\.json is of another run of shop da 1; delete its files"):
        is_new(tmp_path, other)
    assert {file: file.read_bytes() for file in before} == before


def test_another_version_of_the_packer_makes_no_other_run(tmp_path, monkeypatch):
    """Parquet names the version that wrote it, and the hash on record is of those bytes."""
    save(tmp_path, cell())
    assert stored.FORMAT["compression_level"] == 19
    monkeypatch.setitem(stored.FORMAT, "compression_level", 1)
    assert cell().files["parquet"] != (tmp_path / "ranks/shop/da/1.parquet").read_bytes()
    assert not is_new(tmp_path, cell())
    with pytest.raises(RecoreError, match=r"1\.json is of another run of shop da 1"):
        is_new(tmp_path, with_counts(cell(), "above", 55))


def test_another_test_set_is_refused(tmp_path):
    save(tmp_path, cell("da"))
    with pytest.raises(RecoreError, match="shop trm 1 was tested on other cases than"):
        is_new(tmp_path, cell("trm", shift=1))
    assert list(saved(tmp_path)) == [("shop", "da", 1)]


@pytest.mark.parametrize("file", ["da/1.parquet", "da/1.csv", "test.parquet"])
def test_a_byte_that_was_changed_is_found(tmp_path, file):
    save(tmp_path, cell())
    save(tmp_path, cell("trm", gate=False))
    path = tmp_path / "ranks/shop" / file
    if file == "test.parquet":  # a sound file, of another test set
        path.unlink()
        save(tmp_path, cell("ave", gate=False, shift=5))
    else:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    with pytest.raises(RecoreError, match="restore it from git"):
        load(tmp_path, "shop", "da", 1)


@pytest.mark.parametrize("at", [0, 4, -20, -3])
def test_a_torn_test_set_is_told(tmp_path, at):
    save(tmp_path, cell())
    file = tmp_path / "ranks/shop/test.parquet"
    content = bytearray(file.read_bytes())
    content[at:] = bytes(len(content[at:]))
    file.write_bytes(content)
    with pytest.raises(RecoreError, match=r"test\.parquet cannot be read \(.*\); restore it from git"):
        load(tmp_path, "shop", "da", 1)


def test_a_cell_without_its_last_file_is_not_there(tmp_path):
    save(tmp_path, cell())
    (tmp_path / "ranks/shop/da/1.json").unlink()
    assert list(saved(tmp_path)) == []
    with pytest.raises(RecoreError, match=r"1\.json does not exist"):
        load(tmp_path, "shop", "da", 1)
    assert is_new(tmp_path, cell())
    save(tmp_path, cell())  # half of it is written over
    assert list(saved(tmp_path)) == [("shop", "da", 1)]


def test_a_description_of_another_cell_or_a_stray_file_is_told(tmp_path):
    save(tmp_path, cell())
    folder = tmp_path / "ranks/shop/da"
    for kind in ("parquet", "csv", "json"):
        (folder / f"2.{kind}").write_bytes((folder / f"1.{kind}").read_bytes())
    with pytest.raises(RecoreError, match=r"2\.json describes shop da 1; restore it from git"):
        load(tmp_path, "shop", "da", 2)
    (folder / "2.json").write_text("<<<<<<< HEAD")
    with pytest.raises(RecoreError, match=r"2\.json is not JSON"):
        load(tmp_path, "shop", "da", 2)
    (folder / "2.json").write_text('{"dataset": "shop"}')
    with pytest.raises(RecoreError, match=r"2\.json lacks inputs; restore it from git"):
        load(tmp_path, "shop", "da", 2)
    (folder / "notes.json").write_text("{}")
    with pytest.raises(RecoreError, match=r"notes\.json is not named after a seed"):
        list(saved(tmp_path))


def with_counts(whole: Stored, name: str, value: float) -> Stored:
    """With one value of a column changed."""
    at = whole.cases.column_names.index(name)
    values = whole.cases[name].to_numpy().copy()
    values[7] = value
    return dataclasses.replace(whole, cases=whole.cases.set_column(at, name, pa.array(values)))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda c: dataclasses.replace(c, n_items=50), "its counts are not of a catalogue of 50 items"),
        (lambda c: with_counts(c, "above", -1), "its counts are not of a catalogue of 100 items"),
        (lambda c: with_counts(c, "tied", 0), "its counts are not of a catalogue of 100 items"),
        (lambda c: with_counts(c, "gate", 1.5), "its gate has a share outside 0 to 1"),
        (lambda c: dataclasses.replace(c, record=c.record | {"dirty": True}), "was not made by a clean commit"),
        (lambda c: dataclasses.replace(c, record=c.record | {"commit": None}), "was not made by a clean commit"),
        (lambda c: dataclasses.replace(c, record=c.record | {"best_epoch": 0}), "curve is not that of its record"),
        (lambda c: dataclasses.replace(c, record=c.record | {"valid": {"mrr@20": 0.3}}), "curve is not that of its"),
        (lambda c: dataclasses.replace(c, history=HISTORY.replace("2.25", "")), "has a loss that is no number"),
        (
            lambda c: dataclasses.replace(c, record=MADE),
            r"1\.json is not whole, or not of these cases \(KeyError: 'best_epoch'\)",
        ),
    ],
)
def test_what_would_not_go_on_record_is_not_taken_from_one(tmp_path, spoil, said):
    """With every hash right: whoever can edit a record can make those too."""
    save(tmp_path, spoil(cell()))
    with pytest.raises(RecoreError, match=rf"{said}.*; restore it from git$"):
        load(tmp_path, "shop", "da", 1)


@pytest.mark.parametrize("spoil", [lambda table: table.slice(5), lambda table: table.drop_columns(["session"])])
def test_a_test_set_that_does_not_fit_is_told(tmp_path, spoil):
    save(tmp_path, cell())
    file = tmp_path / "ranks/shop/test.parquet"
    file.write_bytes(stored.packed(spoil(pq.read_table(file))))
    with pytest.raises(
        RecoreError, match=r"1\.json is not whole, or not of these cases \(\w+: .*\); restore it from git"
    ):
        load(tmp_path, "shop", "da", 1)


def test_a_curve_that_is_no_text_is_told(tmp_path):
    save(tmp_path, cell())
    own = tmp_path / "ranks/shop/da/1.csv"
    own.write_bytes(b"\xff")
    about = json.loads(own.with_suffix(".json").read_text())
    about["sha256"]["csv"] = hashlib.sha256(b"\xff").hexdigest()
    own.with_suffix(".json").write_text(json.dumps(about))
    with pytest.raises(RecoreError, match=r"1\.json is not whole, .*UnicodeDecodeError"):
        load(tmp_path, "shop", "da", 1)


@pytest.mark.parametrize("value", ["abc", None, 7])
def test_a_description_with_another_kind_of_value_is_told(tmp_path, value):
    save(tmp_path, cell())
    file = tmp_path / "ranks/shop/da/1.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"sha256": value}))
    with pytest.raises(RecoreError, match=rf"1\.json has {value!r} for sha256, which is a map; restore it from git"):
        load(tmp_path, "shop", "da", 1)
    file.write_text("7")
    with pytest.raises(RecoreError, match=r"1\.json is not JSON"):
        load(tmp_path, "shop", "da", 1)
