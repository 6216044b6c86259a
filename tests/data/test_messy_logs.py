"""Rows that lack something, values that were cut, files of another kind: dropped by word, or one sentence."""

import bz2
import gzip
import io
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data.logs import NAMED, csv, lists, log_of

from recore import RecoreError
from recore.data.readers import read
from recore.data.readers.missing import WORDS

ROWS = [("A", "x", "1600000001"), ("A", "y", "1600000002"), ("B", "x", "1600000003"), ("B", "z", "1600000004")]


def text_of(rows, header="s,i,t"):
    return "\n".join([header, *(",".join(row) for row in rows)]) + "\n"


def changed(column, *values):
    """ROWS with the last ones changed in one column."""
    rows = [list(row) for row in ROWS]
    for row, value in zip(rows[-len(values) :], values, strict=True):
        row[column] = value
    return rows


@pytest.mark.parametrize("word", [*WORDS, "NULL", "NaN", "None", r"\N", "Undefined", "   "])
@pytest.mark.parametrize(("column", "role"), [(0, "session"), (1, "item"), (2, "time")])
def test_a_word_for_nothing_is_never_an_id(tmp_path, word, column, role):
    text = text_of(changed(column, word, word))
    with pytest.raises(RecoreError, match=rf"^log\.csv, data row 3: the {role} .*, and so in 1 more rows; .*drop`"):
        log_of(tmp_path, text)
    log = log_of(tmp_path, text, csv(missing="drop"))
    assert lists(log) == [["x", "y"]]
    assert str(log.accounts[0]) == f"log.csv: 4 rows, 2 dropped (no {role})"


def test_rows_that_lack_several_things_are_counted_once(tmp_path):
    rows = [("A", "x", "1"), ("", "", ""), ("B", "", "2"), ("B", "y", "3")]
    log = log_of(tmp_path, text_of(rows), csv(missing="drop"))
    assert lists(log) == [["x"], ["y"]]
    assert log.accounts[0].dropped == {"no session": 1, "no item": 1}


def test_a_log_of_which_nothing_is_left_says_why(tmp_path):
    with pytest.raises(RecoreError, match=r"log\.csv: 4 rows, 4 dropped \(no item\): no click is left"):
        log_of(tmp_path, text_of(changed(1, *["NULL"] * 4)), csv(missing="drop"))


@pytest.mark.parametrize("time", ["0", "-1", "1", "1600000"])
def test_times_that_were_not_set_are_named_beside_real_ones(tmp_path, time):
    with pytest.raises(RecoreError, match=rf"data row 4: the time '{time}' is not between 1990 and 2099"):
        log_of(tmp_path, text_of(changed(2, time)))
    assert lists(log_of(tmp_path, text_of(changed(2, time)), csv(missing="drop"))) == [["x", "y"], ["x"]]


def test_a_clock_of_its_own_may_begin_at_0(tmp_path):
    log = log_of(tmp_path, text_of([("A", "x", "0"), ("A", "y", "5"), ("B", "x", "-1"), ("B", "z", "9")]))
    assert lists(log) == [["x", "y"], ["x", "z"]]


@pytest.mark.parametrize(
    ("column", "value"), [(0, "1.29403E+18"), (1, "1,29403e+18"), (1, "5E+09"), (2, "1.60000E+09")]
)
def test_what_a_spreadsheet_has_cut_is_refused(tmp_path, column, value):
    rows = [";".join(row) for row in changed(column, value)]
    with pytest.raises(RecoreError, match=r"log\.csv, data row 4: .*with all its digits; a spreadsheet or R has cut"):
        log_of(tmp_path, "s;i;t\n" + "\n".join(rows), csv(delimiter=";"))


def test_what_only_looks_cut_is_an_id_or_a_time(tmp_path):
    rows = [("12E4", "1E5", "1.600000001E+09"), ("12E4", "5e1x", "1600000002")]
    log = log_of(tmp_path, text_of([("12E4", "E+10", "1.600000001E+09"), ("12E4", "5e1x", "1600000002")]))
    assert lists(log) == [["E+10", "5e1x"]]
    assert log.parts["clicks"].times.tolist() == [1600000002000]
    with pytest.raises(RecoreError, match="'1E5'"):  # 100,000, or an id: nobody can know
        log_of(tmp_path, text_of(rows))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("s,i,t\n1,a,2\n".encode("utf-16"), "is UTF-16 text; convert it: `iconv -f UTF-16 -t UTF-8`"),
        ("s,i,t\n1,a,2\n".encode("utf-16-le"), "line 1: this is not text \\(it has a zero byte\\)"),
        ("s,i,t\n1,商品,2\n".encode("gbk"), "line 2: this is not UTF-8 text; convert it, as by `iconv -f GBK"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "is an Excel workbook; save its sheet as csv"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "is a web page; fetch the log itself"),
        (b'{"session": 1, "item": 2}\n', "is JSON; save it as csv or Parquet"),
        (b"SQLite format 3\0" + bytes(100), "is an SQLite database; export its table as csv"),
        (b"\x80\x04\x95\x00", "is a pickle; save it as csv or Parquet"),
    ],
)
def test_another_kind_of_file_is_named_without_noise(tmp_path, content, said):
    with pytest.raises(RecoreError, match=rf"^log\.csv,? {said}") as fault:
        log_of(tmp_path, content)
    assert str(fault.value).isprintable()


@pytest.mark.parametrize(("member", "said"), [("a.csv", "a zip archive; set `unzip: true`"), ("xl/a.xml", "an Excel")])
def test_a_zip_and_a_workbook_under_a_wrong_name(tmp_path, member, said):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(member, "s,i,t\n1,a,2\n")
    with pytest.raises(RecoreError, match=rf"^log\.csv is {said}"):
        log_of(tmp_path, packed.getvalue())


def test_parquet_and_text_under_each_others_names(tmp_path):
    pd.DataFrame({"s": [1], "i": [1], "t": [1]}).to_parquet(tmp_path / "log.csv")
    with pytest.raises(RecoreError, match=r"^log\.csv is a Parquet file; set `format: parquet`"):
        read(tmp_path, csv())
    with pytest.raises(RecoreError, match=r"^log\.parquet is not a Parquet file; correct `format`"):
        log_of(tmp_path, "s,i,t\n1,a,2\n", {"format": "parquet", "columns": NAMED, "time": "seconds"}, "log.parquet")


@pytest.mark.parametrize("name", ["log.csv.gz", "log.csv"])
@pytest.mark.parametrize("packed", ["gzip", "bz2", "zstd"])
def test_a_packed_log_is_read_under_any_name(tmp_path, name, packed):
    def zstd(plain):
        return pa.Codec("zstd").compress(plain, asbytes=True)

    content = {"gzip": gzip.compress, "bz2": bz2.compress, "zstd": zstd}[packed](text_of(ROWS).encode())
    assert lists(log_of(tmp_path, content, name=name)) == [["x", "y"], ["x", "z"]]


def test_the_mark_before_utf8_is_no_part_of_the_header(tmp_path):
    assert lists(log_of(tmp_path, b"\xef\xbb\xbf" + text_of(ROWS).encode())) == [["x", "y"], ["x", "z"]]


def test_a_click_is_not_taken_for_the_header(tmp_path):
    with pytest.raises(
        RecoreError, match="its first line is taken for the header, but '1600000001' looks like the time"
    ):
        log_of(tmp_path, text_of(ROWS[1:], ",".join(ROWS[0])), csv(columns={"session": 0, "item": 1, "time": 2}))
    with pytest.raises(RecoreError, match="if the first line is a click, set `header: false` and give positions"):
        log_of(tmp_path, text_of(ROWS[1:], ",".join(ROWS[0])))


def test_a_wrong_delimiter_shows_the_line_as_it_is(tmp_path):
    with pytest.raises(RecoreError, match=r"its first line is one column, 's,i,t'; correct `delimiter`"):
        log_of(tmp_path, text_of(ROWS), csv(delimiter=";"))
    recbole = {"format": "recbole", "columns": {"session": "s", "item": "i", "time": "t"}, "time": "seconds"}
    (tmp_path / "log.csv").unlink()
    with pytest.raises(
        RecoreError, match=r"its first line is one column, 's:token,i:token,t:float'; .*RecBole's tables"
    ):
        log_of(tmp_path, text_of(ROWS, "s:token,i:token,t:float"), recbole, "log.inter")


PARQUET = {"format": "parquet", "columns": NAMED, "time": "seconds"}


@pytest.mark.parametrize(
    "items",
    [
        pa.array(["a", "b"], pa.string_view()),
        pa.array(["a", "b"], pa.large_string()),
        pa.array([b"a", b"b"], pa.binary()),
        pa.array(["a", "b"]).dictionary_encode(),
    ],
)
def test_text_of_any_parquet_type_is_text(tmp_path, items):
    pq.write_table(pa.table({"s": [1, 1], "i": items, "t": [1, 2]}), tmp_path / "log.parquet")
    assert lists(read(tmp_path, PARQUET)) == [["a", "b"]]


def test_whole_decimals_are_ids_and_times(tmp_path):
    numbers = pa.array([12, 13]).cast(pa.decimal128(38, 0))
    pq.write_table(pa.table({"s": [1, 1], "i": numbers, "t": numbers}), tmp_path / "log.parquet")
    log = read(tmp_path, PARQUET)
    assert lists(log) == [[12, 13]]
    assert log.parts["clicks"].times.tolist() == [13_000]


def test_a_time_of_day_is_not_cut_off(tmp_path):
    stamps = pd.to_datetime(["2020-09-13 12:26:40", "2020-09-13 12:26:10"])
    pd.DataFrame({"s": [1, 1], "i": [1, 2], "t": stamps}).to_parquet(tmp_path / "log.parquet")
    with pytest.raises(
        RecoreError, match=r"the time column is of type timestamp\[..\], not a date \(a timestamp is `iso8601`"
    ):
        read(tmp_path, PARQUET | {"time": "date"})
    assert lists(read(tmp_path, PARQUET | {"time": "iso8601"})) == [[2, 1]]


def test_a_missing_value_of_parquet_is_missing(tmp_path):
    pd.DataFrame({"s": [1, 1, 1], "i": [1, 2, 3], "t": [1.0, None, 3.0]}).to_parquet(tmp_path / "log.parquet")
    with pytest.raises(RecoreError, match=r"log\.parquet, data row 2: the time is empty"):
        read(tmp_path, PARQUET)
    assert lists(read(tmp_path, PARQUET | {"missing": "drop"})) == [[1, 3]]


def test_a_damaged_parquet_file_is_one_sentence(tmp_path):
    pd.DataFrame({"s": [1] * 999, "i": range(999), "t": range(999)}).to_parquet(tmp_path / "log.parquet")
    whole = (tmp_path / "log.parquet").read_bytes()
    (tmp_path / "log.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RecoreError, match=r"^log\.parquet is a damaged Parquet file \(.*\); fetch it again"):
        read(tmp_path, PARQUET)


def test_a_null_is_none_of_the_values_that_are_wanted(tmp_path):
    events = pa.array(["buy", None, "view", None])
    pq.write_table(
        pa.table({"s": [1] * 4, "i": [1, 2, 3, 4], "t": [1, 2, 3, 4], "e": events}), tmp_path / "log.parquet"
    )
    assert lists(read(tmp_path, PARQUET | {"where": {"e": ["view"]}})) == [[3]]


@pytest.mark.parametrize(
    ("values", "wanted", "left"),
    [([True, False, None], [True], [[1]]), ([1.0, 2.0, None], [1], [[1]]), ([1.5, 2.5, 1.5], [1.5], [[1, 3]])],
)
def test_values_of_parquet_are_those_of_params(tmp_path, values, wanted, left):
    pq.write_table(
        pa.table({"s": [1] * 3, "i": [1, 2, 3], "t": [1, 2, 3], "v": pa.array(values)}), tmp_path / "log.parquet"
    )
    assert lists(read(tmp_path, PARQUET | {"where": {"v": wanted}})) == left


@pytest.mark.parametrize("column", ["s", "i", "t", "e"])
def test_parquet_text_that_is_not_utf8_is_one_sentence(tmp_path, column):
    bad = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"], pa.binary()).buffers())
    columns = {"s": ["1"], "i": ["1"], "t": ["1"], "e": ["1"]} | {column: bad}
    pq.write_table(pa.table(columns), tmp_path / "log.parquet")
    with pytest.raises(RecoreError, match=r"log\.parquet: `.*` holds bytes that are not UTF-8 text"):
        read(tmp_path, PARQUET | {"where": {"e": ["1"]}})


@pytest.mark.parametrize("content", [b"", gzip.compress(b"", mtime=0), b"\xef\xbb\xbf", bz2.compress(b"")])
def test_an_empty_file_of_any_kind(tmp_path, content):
    with pytest.raises(RecoreError, match=r"log\.csv is empty; give a log with at least one row"):
        log_of(tmp_path, content)


@pytest.mark.parametrize("unit", ["seconds", "iso8601", "date", "%d/%m/%Y"])
def test_a_log_of_a_header_alone(tmp_path, unit):
    with pytest.raises(RecoreError, match=r"log\.csv: 0 rows: no click is left"):
        log_of(tmp_path, "s,i,t\n", csv(time=unit))


def test_a_single_click_without_an_end_is_read(tmp_path):
    assert lists(log_of(tmp_path, "1,a,5", csv(header=False, columns={"session": 0, "item": 1, "time": 2}))) == [["a"]]


@pytest.mark.parametrize(
    ("unit", "time", "said"),
    [
        ("milliseconds", "1600000000", "is not milliseconds after 1990 \\(is it in seconds"),
        ("seconds", "20200913", 'is not seconds \\(is it a date\\?\\); set `time: "%Y%m%d"`'),
        ("milliseconds", "20200913122640", "is not between 1990 and 2099|before the year 2100"),
        ("seconds", "-9223372036854775808", "before the year 2100"),
        ("seconds", "253402214400", "before the year 2100"),
        ("date", "9999-12-31", "is not between 1990 and 2099"),
    ],
)
def test_a_time_of_another_unit_or_century(tmp_path, unit, time, said):
    with pytest.raises(RecoreError, match=said):
        log_of(tmp_path, f"s,i,t\n1,a,{time}\n", csv(time=unit))


def test_ids_that_differ_by_a_point_and_zero_are_one_id_written_twice(tmp_path):
    with pytest.raises(RecoreError, match=r"both the item 123 and 123\.0 occur; write the ids of all rows alike"):
        log_of(tmp_path, "s,i,t\n1,123,1\n1,123.0,2\n")


def test_a_hidden_file_is_no_log(tmp_path):
    (tmp_path / "._log.csv").write_bytes(b"\0\0")
    assert lists(log_of(tmp_path, text_of(ROWS))) == [["x", "y"], ["x", "z"]]
