"""A split written for other programs holds the same sessions and cases, under the numbers that ranks come back with."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from builders import flat

from recore import RecoreError, paths, yaml12
from recore.commands import export
from recore.data.cases import Cases
from recore.data.sessions import Sessions
from recore.evaluation.identity import cases_hash

ROOT = Path(__file__).parents[2]
TRAIN = [[1, 2, 1, 3], [2, 3], [3, 1]]
VALID = [[2, 1], [1, 1, 2]]
TEST = [[3, 2, 2], [1, 3]]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A checkout with the split of `shop`; the models read 2 clicks of a prefix."""
    monkeypatch.chdir(tmp_path)
    given = yaml12.read(ROOT / "params.yaml")
    given["datasets"] = ["shop"]
    given["sources"]["shop"] = given["sources"]["demo"]
    given["train"]["model"]["max_length"] = 2
    (tmp_path / "params.yaml").write_text(yaml12.dump(given))
    split = paths.split("shop")
    split.mkdir(parents=True)
    for name, sessions, ids in (("train", TRAIN, [7, 3, 4]), ("valid", VALID, [0, 9]), ("test", TEST, [8, 5])):
        flat(sessions, ids).save(split, name)
    pd.DataFrame({"id": [1, 2, 3], "item": ["a", "b", "c"]}).to_parquet(split / "items.parquet")
    return tmp_path


def exported(form, capsys):
    export.main(["shop", "out", "--format", form])
    return capsys.readouterr().out


def test_recbole_reads_a_row_a_case(place, capsys):
    exported("recbole", capsys)
    assert (place / "out/shop/shop.test.inter").read_text() == (
        "session_id:token\titem_id_list:token_seq\titem_id:token\tcase_id:token\n8\t3\t2\t0\n8\t3 2\t2\t1\n5\t1\t3\t2\n"
    )
    longest = (place / "out/shop/shop.train.inter").read_text().splitlines()[3]
    assert longest == "7\t2 1\t3\t2"  # of 1 2 1 the last two


def test_a_dataset_may_read_another_number_of_clicks(place, capsys):
    given = yaml12.read(place / "params.yaml")
    given["sources"]["shop"]["train"] = {"model": {"max_length": 1}}
    (place / "params.yaml").write_text(yaml12.dump(given))
    exported("recbole", capsys)
    rows = (place / "out/shop/shop.test.inter").read_text().splitlines()
    assert [row.split("\t")[1] for row in rows[1:]] == ["3", "2", "1"]


@pytest.mark.parametrize("name", ["train_full", "train_tr", "train_valid", "test"])
def test_the_clicks_of_a_session_ascend_in_time(place, capsys, name):
    exported("tsv", capsys)
    table = pd.read_csv(place / f"out/shop_{name}.txt", sep="\t", dtype={"SessionId": "int32", "ItemId": str})
    own = {"test": TEST, "train_valid": VALID}.get(name, TRAIN)
    table = table.sort_values(["SessionId", "Time"])
    assert sorted(map("".join, table.groupby("SessionId")["ItemId"].apply(list))) == sorted(
        "".join(map(str, session)) for session in own
    )
    assert (table.groupby("SessionId")["Time"].diff().dropna() > 0).all()


def test_a_click_that_is_no_target_has_no_case(place, capsys):
    exported("tsv", capsys)
    table = pd.read_csv(place / "out/shop_test.txt", sep="\t")
    assert list(table["CaseId"]) == [-1, 0, 1, -1, 2]


def test_parquet_has_the_whole_prefix(place, capsys):
    exported("parquet", capsys)
    table = pd.read_parquet(place / "out/train.parquet")
    assert [list(prefix) for prefix in table["prefix"]] == [[1], [1, 2], [1, 2, 1], [2], [3]]
    assert list(table["target"]) == [2, 1, 3, 3, 1]
    assert list(table["session"]) == [7, 7, 7, 3, 4]


def test_cases_are_written_in_pieces_alike(place, capsys, monkeypatch):
    exported("parquet", capsys)
    whole = pd.read_parquet(place / "out/train.parquet")
    monkeypatch.setattr(export, "CHUNK", 2)
    export.main(["shop", "pieces", "--format", "parquet"])
    pd.testing.assert_frame_equal(pd.read_parquet(place / "pieces/train.parquet"), whole)


@pytest.mark.parametrize("form", export.FORMATS)
def test_the_hash_and_the_items_come_along(place, capsys, form):
    test = Cases(Sessions.load(paths.split("shop"), "test"), 2)
    assert f"test_hash {cases_hash(test.session, test.position, test.target)}" in exported(form, capsys)
    assert list(pd.read_parquet(place / "out/items.parquet")["item"]) == ["a", "b", "c"]


def test_what_cannot_be_written_is_said(place, capsys):
    with pytest.raises(RecoreError, match=r"^'shp' is not among the `datasets` of params.yaml, which are shop$"):
        export.main(["shp", "out", "--format", "tsv"])
    exported("tsv", capsys)
    with pytest.raises(RecoreError, match=r"^out exists; name a new folder, or delete that one$"):
        exported("tsv", capsys)
    paths.split("shop").rename(place / "gone")
    with pytest.raises(RecoreError, match=r"^data/split/shop does not exist; make it with `dvc repro split@shop`$"):
        export.main(["shop", "other", "--format", "tsv"])
    assert not (place / "other").exists()


def test_nothing_is_left_of_a_failed_one(place, monkeypatch):
    monkeypatch.setitem(export.FORMATS, "tsv", lambda *_: (_ for _ in ()).throw(RecoreError("full")))
    with pytest.raises(RecoreError, match="full"):
        export.main(["shop", "out", "--format", "tsv"])
    assert not list(place.glob("*out*"))


def test_an_unknown_format_names_those_there_are(place):
    command = [sys.executable, "-m", "recore", "export", "shop", "out", "--format", "csv"]
    result = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT / "src")})
    assert result.returncode == 2
    assert all(form in result.stderr for form in export.FORMATS)
