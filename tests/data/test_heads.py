"""The first part of a log is whole rows, and says which share of it that is."""

import gzip
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data.logs import NAMED, csv, lists

from recore.data import heads
from recore.data.readers import read

ROW = "1,{0},{0},plain\n"
TEXT = "s,i,t,title\n" + "".join(ROW.format(n) for n in range(1, 101))


@pytest.fixture
def head_of(tmp_path, monkeypatch):
    def look(content, name="log.csv", limit=200, **config):
        monkeypatch.setattr(heads, "LIMIT", limit)
        file, folder = tmp_path / name, tmp_path / "head"
        file.write_bytes(content)
        folder.mkdir()
        share, size = heads.head(file, folder / name, csv(**config))
        assert size == len(content)
        return share, read(folder, csv(**config))

    return look


def test_a_large_text_is_cut_at_the_end_of_a_row(head_of):
    share, log = head_of(TEXT.encode())
    n = log.accounts[0].rows
    assert lists(log) == [list(range(1, n + 1))]
    assert len(TEXT[: TEXT.index(ROW.format(n + 1))]) <= 200 < len(TEXT[: TEXT.index(ROW.format(n + 2))])
    assert share == pytest.approx(200 / len(TEXT), abs=0.01)


def test_a_row_with_line_breaks_is_whole_or_not_there(head_of):
    text = "s,i,t,title\n" + "".join(f'1,{n},{n},"two\nlines, three"\n' for n in range(1, 50))
    _, log = head_of(text.encode(), limit=150)
    assert lists(log) == [[1, 2, 3, 4, 5]]


def test_a_small_text_is_read_whole(head_of):
    share, log = head_of(TEXT.encode(), limit=1 << 20)
    assert share == 1
    assert log.accounts[0].rows == 100


def test_a_packed_text_counts_what_is_left_packed(head_of):
    text = TEXT + "".join(ROW.format(n) for n in range(101, 200_000))
    share, log = head_of(gzip.compress(text.encode()), limit=len(text) // 2)
    assert share == pytest.approx(0.5, abs=0.2)
    assert 90_000 < log.accounts[0].rows < 110_000


def test_a_member_of_a_zip(tmp_path, monkeypatch):
    monkeypatch.setattr(heads, "LIMIT", 200)
    with zipfile.ZipFile(tmp_path / "log.zip", "w") as archive:
        archive.writestr("in/log.csv", TEXT)
    folder = tmp_path / "head"
    assert heads.of_zip(tmp_path / "log.zip", folder, csv()) == [(200 / len(TEXT), len(TEXT))]
    assert lists(read(folder, csv()))[0][:3] == [1, 2, 3]


def test_a_large_parquet_file(tmp_path, monkeypatch):
    monkeypatch.setattr(heads, "ROWS", 10)
    pq.write_table(pa.table({"s": [1] * 40, "i": range(40), "t": range(40)}), tmp_path / "log.parquet")
    config = {"format": "parquet", "columns": NAMED, "time": "seconds"}
    (tmp_path / "head").mkdir()
    share, _ = heads.head(tmp_path / "log.parquet", tmp_path / "head" / "log.parquet", config)
    assert share == 0.25
    assert lists(read(tmp_path / "head", config)) == [list(range(10))]
