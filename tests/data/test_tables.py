"""Click logs as tables: what configuration can say, what is kept exactly, and what each fault is called."""

import time
from datetime import UTC, datetime

import pandas as pd
import pytest

from recore import RecoreError
from recore.data.readers import read

NAMED = {"session": "s", "item": "i", "time": "t"}


def csv(**changes):
    return {"format": "delimited", "delimiter": ",", "columns": NAMED, "time": "seconds", "comparable": False} | changes


def read_text(folder, text, config, name="log.csv"):
    (folder / name).write_text(text, encoding="utf-8")
    parts, vocabulary, _ = read(folder, config)
    assert list(parts) == ["clicks"]
    return parts["clicks"], vocabulary


def lists(clicks, vocabulary):
    items = [vocabulary[int(code)].as_py() for code in clicks.items]
    return [items[a:b] for a, b in zip(clicks.offsets[:-1], clicks.offsets[1:], strict=True)]


def test_clicks_are_sorted_by_time_and_ties_keep_the_order_of_the_file(tmp_path):
    clicks, vocabulary = read_text(tmp_path, "s,i,t\nB,1,5\nA,2,9\nB,3,4\nA,4,9\nB,5,5\n", csv())
    assert lists(clicks, vocabulary) == [[3, 1, 5], [2, 4]]  # B appears first
    assert clicks.ids.tolist() == [0, 1]


def test_an_order_column_wins_over_time_and_is_a_number(tmp_path):
    text = "s,i,t,o\n1,a,3,10\n1,b,2,9\n1,c,1,100\n"
    clicks, vocabulary = read_text(tmp_path, text, csv(columns=NAMED | {"order": "o"}))
    assert lists(clicks, vocabulary) == [["b", "a", "c"]]


def test_orders_beyond_the_exact_floats_stay_apart(tmp_path):
    text = "s,i,t,o\n1,a,1,9007199254740993\n1,b,1,9007199254740992\n"
    clicks, vocabulary = read_text(tmp_path, text, csv(columns=NAMED | {"order": "o"}))
    assert lists(clicks, vocabulary) == [["b", "a"]]


def test_a_sessions_time_is_that_of_its_last_row_not_of_its_newest(tmp_path):
    clicks, _ = read_text(tmp_path, "s,i,t\n1,a,50\n2,a,60\n1,b,40\n", csv())
    assert clicks.times.tolist() == [40_000, 60_000]


def test_columns_by_position_where_there_is_no_header(tmp_path):
    config = csv(delimiter="\t", header=False, columns={"session": 2, "item": 0, "time": 1}, time="milliseconds")
    clicks, vocabulary = read_text(tmp_path, "a\t7\tx\nb\t8\tx\n", config)
    assert lists(clicks, vocabulary) == [["a", "b"]]
    assert clicks.times.tolist() == [8]


def test_positions_also_work_with_a_header(tmp_path):
    clicks, vocabulary = read_text(tmp_path, "x,y,z\n1,a,7\n", csv(columns={"session": 0, "item": 1, "time": 2}))
    assert lists(clicks, vocabulary) == [["a"]]


def test_ids_are_kept_as_they_are_written(tmp_path):
    text = 's,i,t\n1,7,1\n01,007,2\n"1,0",x y,3\n'
    clicks, vocabulary = read_text(tmp_path, text, csv())
    assert vocabulary.to_pylist() == ["7", "007", "x y"]
    assert clicks.n_sessions == 3


def test_plain_whole_numbers_become_integers(tmp_path):
    _, vocabulary = read_text(tmp_path, "s,i,t\n1,70,1\n1,-3,2\n", csv())
    assert vocabulary.to_pylist() == [70, -3]


def test_a_late_odd_id_does_not_depend_on_the_blocks_of_the_file(tmp_path):
    rows = 150_000  # several blocks
    lines = [f"{k // 3},{k % 1000},{k}" for k in range(rows)]
    lines[-1] = f"last,x,{rows}"
    clicks, vocabulary = read_text(tmp_path, "s,i,t\n" + "\n".join(lines) + "\n", csv())
    assert vocabulary.to_pylist() == [str(k) for k in range(1000)] + ["x"]
    assert clicks.n_sessions == rows // 3 + 1
    assert clicks.items[:1000].tolist() == list(range(1000))


MOMENT_MS = int(datetime(2014, 4, 6, 20, 21, 58, 444000, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("unit", "text", "expected_ms"),
    [
        ("seconds", "1396815718", 1396815718_000),
        ("seconds", "1396815718.444", MOMENT_MS),  # RecBole's float times
        ("milliseconds", "1396815718444", MOMENT_MS),
        ("iso8601", "2014-04-06T20:21:58.444Z", MOMENT_MS),
        ("iso8601", "2014-04-06T20:21:58.444999Z", MOMENT_MS),
        ("iso8601", "2014-04-06 20:21:58.444", MOMENT_MS),
        ("iso8601", "2014-04-06T22:21:58.444+02:00", MOMENT_MS),
        ("iso8601", "2014-04-06", 1396742400_000),
        ("date", "2014-04-06", 1396742400_000),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_times_are_utc_wherever_they_are_read(tmp_path, monkeypatch, unit, text, expected_ms, zone):
    with monkeypatch.context() as patched:
        patched.setenv("TZ", zone)
        time.tzset()
        clicks, _ = read_text(tmp_path, f"s,i,t\n1,a,{text}\n", csv(time=unit))
    time.tzset()
    assert clicks.times.tolist() == [expected_ms]


@pytest.mark.parametrize(
    ("unit", "good", "bad"),
    [
        ("seconds", "12", "noon"),
        ("seconds", "12", "1396815718444"),  # milliseconds
        ("milliseconds", "12", "1e300"),
        ("iso8601", "2014-04-06T20:21:58Z", "2014-04-06T20:21:58"),  # no zone: which would it be?
        ("iso8601", "2014-04-06T20:21:58", "2014-04-06T20:21:58Z"),
        ("iso8601", "2014-04-06T20:21:58", "06.04.2014"),
        ("date", "2014-04-06", "2014-02-30"),
        ("date", "2014-04-06", "2014-04-06T10:00:00"),
    ],
)
@pytest.mark.parametrize("row", [2, 5])
def test_an_unusable_time_names_file_row_and_value(tmp_path, unit, good, bad, row):
    times = [good] * 5
    times[row - 1] = bad
    text = "s,i,t\n" + "".join(f"1,a,{value}\n" for value in times)
    with pytest.raises(RecoreError, match=rf"^log\.csv, data row {row}: the time '{bad}' is not"):
        read_text(tmp_path, text, csv(time=unit))


@pytest.mark.parametrize(
    ("text", "config", "said"),
    [
        ("", csv(), r"log\.csv is empty"),
        ("s,i,t\n", csv(), r"log\.csv: 0 rows: no click is left"),
        ("s,i,when\n1,a,2\n", csv(), r"log\.csv has no column 't' for `columns\.time`; its columns are s, i, when"),
        ("s,i,t,i\n1,a,2,b\n", csv(), "more than one column 'i'"),
        (
            "i,i,t\n1,a,2\n",
            csv(columns={"session": 0, "item": 1, "time": 2}),
            "more than one column 'i', which `columns.s",
        ),
        ("1,a,2\n", csv(header=False), "`columns.session` is a position from 0, not 's'"),
        ("s,i\n1,a\n", csv(columns=NAMED | {"time": 2}), "`columns.time` cannot be number 2"),
        ("s,i,t\n1,a,2\n1,,3\n", csv(), r"log\.csv, data row 2: the item is empty"),
        ("s,i,t\n,a,2\n", csv(), r"log\.csv, data row 1: the session is empty"),
        ("s,i,t\n1,a,2\n1,b,\n", csv(), r"log\.csv, data row 2: the time is empty"),
        ("s,i,t\n1,a,2\n1,b\n", csv(), r"log\.csv, line 3: it has 2 columns, but the first line has 3"),
        ("s,i,t,o\n1,a,2,x\n", csv(columns=NAMED | {"order": "o"}), "data row 1: the order 'x' is not a number"),
    ],
)
def test_a_faulty_log_is_one_sentence(tmp_path, text, config, said):
    with pytest.raises(RecoreError, match=said) as fault:
        read_text(tmp_path, text, config)
    assert "\n" not in str(fault.value)


def test_a_header_that_is_not_utf8_is_one_sentence(tmp_path):
    (tmp_path / "log.csv").write_bytes("sitzung,stück,zeit\n1,a,2\n".encode("latin-1"))
    with pytest.raises(RecoreError, match=r"log\.csv, line 1: this is not UTF-8 text; convert it, as by `iconv"):
        read(tmp_path, csv(columns={"session": 0, "item": 1, "time": 2}))


def test_recbole_tables_name_columns_without_their_type(tmp_path):
    (tmp_path / "set.item").write_text("item_id:token\n3\n")
    config = {"format": "recbole", "columns": {"session": "session_id", "item": "item_id", "time": "timestamp"}}
    text = 'session_id:token\titem_id:token\ttimestamp:float\n4\t"a\t12.5\n4\tb\t11\n'
    clicks, vocabulary = read_text(tmp_path, text, config | {"time": "seconds"}, name="set.inter")
    assert lists(clicks, vocabulary) == [["b", '"a']]
    assert clicks.times.tolist() == [11_000]


STAMPS = pd.to_datetime(["2014-04-06T20:21:58.444", "2014-04-06T20:21:57.000"])


@pytest.mark.parametrize(
    ("unit", "times"),
    [
        ("seconds", [1396815718.444, 1396815717]),
        ("milliseconds", [MOMENT_MS, MOMENT_MS - 1444]),
        ("iso8601", STAMPS),
        ("iso8601", STAMPS.tz_localize("UTC").tz_convert("Europe/Berlin")),
        ("iso8601", ["2014-04-06T20:21:58.444Z", "2014-04-06T20:21:57Z"]),
    ],
)
def test_parquet_in_any_type_of_time(tmp_path, unit, times):
    pd.DataFrame({"s": [1, 1], "i": ["x", "y"], "t": times, "else": [0, 0]}).to_parquet(tmp_path / "log.parquet")
    parts, vocabulary, _ = read(tmp_path, {"format": "parquet", "columns": NAMED, "time": unit})
    assert lists(parts["clicks"], vocabulary) == [["y", "x"]]
    assert parts["clicks"].times.tolist() == [MOMENT_MS - 1444]


@pytest.mark.parametrize(
    ("columns", "unit", "said"),
    [
        ({"s": [1.5], "i": [1], "t": [1]}, "seconds", "`columns.session` is of type double"),
        ({"s": [1], "i": [None], "t": [1]}, "seconds", "data row 1: the item is empty"),
        ({"s": [1], "i": [1], "t": STAMPS[:1]}, "seconds", "time column is of type timestamp"),
        ({"s": [1], "i": [1], "t": [2]}, "iso8601", "time column is of type int64"),
        ({"s": [1], "i": [1], "when": [2]}, "seconds", "has no column 't'"),
    ],
)
def test_a_faulty_parquet_log_is_one_sentence(tmp_path, columns, unit, said):
    pd.DataFrame(columns).to_parquet(tmp_path / "log.parquet")
    with pytest.raises(RecoreError, match=rf"^log\.parquet.*{said}"):
        read(tmp_path, {"format": "parquet", "columns": NAMED, "time": unit})


def test_parquet_categories_keep_the_order_of_the_rows(tmp_path):
    items = pd.Categorical(["b", "a", "b"], categories=["unused", "a", "b"])
    pd.DataFrame({"s": [1, 1, 1], "i": items, "t": [1, 2, 3]}).to_parquet(tmp_path / "log.parquet")
    parts, vocabulary, _ = read(tmp_path, {"format": "parquet", "columns": NAMED, "time": "seconds"})
    assert vocabulary.to_pylist() == ["b", "a"]
    assert lists(parts["clicks"], vocabulary) == [["b", "a", "b"]]


def test_several_files_are_named(tmp_path):
    (tmp_path / "other.csv").write_text("s,i,t\n")
    with pytest.raises(RecoreError, match=r"2 files \* \(log\.csv, other\.csv\)"):
        read_text(tmp_path, "s,i,t\n", csv())
