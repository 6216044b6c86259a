"""Logs without sessions, with rows that are not meant, in several files: what configuration makes of them."""

from datetime import UTC, datetime

import pytest
from data.logs import csv, lists, log_of, visits
from hypothesis import given, settings
from hypothesis import strategies as st

from recore import RecoreError
from recore.data.readers import read

MINUTE, HOUR, DAY = 60, 3600, 86_400
NOON = 1_600_000_000 // DAY * DAY + 12 * HOUR  # of some day, UTC


def text_of(*rows):
    return "s,i,t\n" + "".join(f"{who},{item},{time}\n" for who, item, time in rows)


def test_a_pause_longer_than_the_gap_begins_a_session(tmp_path):
    text = text_of(("u", 1, 0), ("u", 2, 30 * MINUTE), ("u", 3, 60 * MINUTE + 1))
    assert lists(log_of(tmp_path, text, visits(gap="30m"))) == [[1, 2], [3]]
    assert lists(log_of(tmp_path, text, visits(gap="1801s"))) == [[1, 2, 3]]
    assert lists(log_of(tmp_path, text, visits(gap="1h"))) == [[1, 2, 3]]


def test_visitors_stand_by_first_appearance_and_their_clicks_by_time(tmp_path):
    text = text_of(("v", 1, 500), ("u", 2, 9_000), ("v", 3, 100), ("u", 4, 50), ("v", 5, 100))
    log = log_of(tmp_path, text, visits(gap="1h"))
    assert lists(log) == [[3, 5, 1], [4], [2]]
    assert log.parts["clicks"].times.tolist() == [500_000, 50_000, 9_000_000]
    assert log.parts["clicks"].ids.tolist() == [0, 1, 2]


def test_a_new_day_begins_a_session_in_the_zone_that_is_meant(tmp_path):
    text = text_of(("u", 1, NOON), ("u", 2, NOON + 11 * HOUR), ("u", 3, NOON + 13 * HOUR), ("u", 4, NOON + 14 * HOUR))
    assert lists(log_of(tmp_path, text, visits(new_day=True))) == [[1, 2], [3, 4]]
    assert lists(log_of(tmp_path, text, visits(new_day=True, zone="Asia/Tokyo"))) == [[1], [2, 3, 4]]  # UTC+9
    both = visits(new_day=True, gap="1h")
    assert lists(log_of(tmp_path, text, both)) == [[1], [2], [3, 4]]


def test_a_night_with_a_change_of_the_clock_is_one_day(tmp_path):
    before = 1_603_576_800  # 2020-10-25 00:00 in Berlin, a day of 25 hours
    text = text_of(("u", 1, before), ("u", 2, before + 25 * HOUR - 1), ("u", 3, before + 25 * HOUR))
    log = log_of(tmp_path, text.replace("t\n", "t\n", 1), visits(new_day=True, zone="Europe/Berlin"))
    assert lists(log) == [[1, 2], [3]]


def test_the_order_column_breaks_ties_of_a_visitor(tmp_path):
    config = visits(gap="1h") | {"columns": {"item": "i", "time": "t", "order": "o"}}
    text = "s,i,t,o\nu,1,60,3\nu,2,60,2\nu,3,50,9\n"
    assert lists(log_of(tmp_path, text, config)) == [[3, 2, 1]]


def test_only_the_rows_that_are_wanted_count(tmp_path):
    text = "s,i,t,event\nu,1,1,view\nu,,2,purchase\nu,3,3,view\nu,4,4,cart\n"
    log = log_of(tmp_path, text, visits(gap="1h") | {"where": {"event": ["view", "cart"]}})
    assert lists(log) == [[1, 3, 4]]
    assert str(log.accounts[0]) == "log.csv: 4 rows, 1 dropped (other `where.event`)"
    with pytest.raises(
        RecoreError, match=r"`where\.event` names 'View', which does not occur; its values are 'view', 'p"
    ):
        log_of(tmp_path, text, csv(where={"event": ["View"]}))


def test_a_fault_behind_dropped_rows_names_its_own_row(tmp_path):
    text = "s,i,t,event\nu,1,1,cart\nu,2,noon,view\n"
    with pytest.raises(RecoreError, match=r"^log\.csv, data row 2: the time 'noon' is not"):
        log_of(tmp_path, text, csv(where={"event": ["view"]}))


def test_where_works_by_position_and_on_numbers(tmp_path):
    config = csv(header=False, columns={"session": 0, "item": 1, "time": 2}, where={3: [0]})
    assert lists(log_of(tmp_path, "a,1,1,0\na,2,2,1\na,3,3,0\n", config)) == [[1, 3]]


def test_sessions_above_the_highest_one_are_left_out(tmp_path):
    text = text_of((1, 1, 1), (120_000, 2, 2), (120_001, 3, 3), (2, 4, 4))
    log = log_of(tmp_path, text, csv(max_session=120_000))
    assert lists(log) == [[1], [2], [4]]
    assert log.accounts[0].dropped == {"session above 120000": 1}
    for word in ("a", "²"):
        with pytest.raises(
            RecoreError, match=f"data row 1: the session '{word}' is not a whole number, as `max_session`"
        ):
            log_of(tmp_path, text_of((word, 1, 1), (2, 2, 2)), csv(max_session=5))


def test_several_files_are_one_log_in_the_order_given(tmp_path):
    (tmp_path / "oct.csv").write_text(text_of((7, "x", 30), (8, "y", 31)))
    (tmp_path / "nov.csv").write_text("i,t,s\nz,40,7\nx,41,9\n")  # columns in another order
    log = read(tmp_path, csv(files=["oct.csv", "nov.csv"]))
    assert lists(log) == [["x", "z"], ["y"], ["x"]]
    assert log.items.to_pylist() == ["x", "y", "z"]
    assert [account.rows for account in log.accounts] == [2, 2]
    assert lists(read(tmp_path, csv(files=["nov.csv", "oct.csv"]))) == [["x", "z"], ["x"], ["y"]]


def test_what_is_wanted_may_be_in_one_file_only(tmp_path):
    header = "s,i,t,e\n"
    for name, rows in {"a": "u,1,1,view\n", "b": "u,2,2,cart\nu,3,3,buy\n", "c": "", "d": "u,4,4,buy\n"}.items():
        (tmp_path / f"{name}.csv").write_text(header + rows)
    files = ["a.csv", "b.csv", "c.csv", "d.csv"]
    log = read(tmp_path, csv(files=files, where={"e": ["view", "cart"]}))
    assert lists(log) == [[1, 2]]
    assert [account.dropped for account in log.accounts] == [{}, {"other `where.e`": 1}, {}, {"other `where.e`": 1}]
    with pytest.raises(
        RecoreError, match=r"^a\.csv, b\.csv, c\.csv, d\.csv: `where\.e` names 'veiw', which does not occur"
    ):
        read(tmp_path, csv(files=files, where={"e": ["veiw"]}))


def test_one_file_in_another_unit_is_named(tmp_path):
    (tmp_path / "a.csv").write_text(text_of((1, 1, 1_600_000_000_000)))
    (tmp_path / "b.csv").write_text(text_of((2, 2, 1_600_000)))
    with pytest.raises(RecoreError, match=r"^b\.csv, data row 1: the time '1600000' is not between 1990 and 2099"):
        read(tmp_path, csv(files=["a.csv", "b.csv"], time="milliseconds"))


def test_one_file_given_twice_is_named(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(text_of((1, 1, 1)))
    with pytest.raises(RecoreError, match=r"a\.csv and b\.csv of `read\.files` have the same content"):
        read(tmp_path, csv(files=["a.csv", "b.csv"]))


def test_files_that_are_not_named_are_asked_about(tmp_path):
    (tmp_path / "other.csv").write_text("s,i,t\n")
    with pytest.raises(
        RecoreError, match=r"2 files \* \(log\.csv, other\.csv\); name the one to read, .*`read: \{files"
    ):
        log_of(tmp_path, text_of((1, 1, 1)))
    with pytest.raises(
        RecoreError, match=r"`read\.files` names 'dec\.csv', which .* does not hold; it holds log\.csv, other"
    ):
        read(tmp_path, csv(files=["dec.csv"]))


@pytest.mark.parametrize(
    ("unit", "text", "expected_ms"),
    [
        ("iso8601", "2019-10-01 00:00:01 UTC", 1569888001_000),
        ("iso8601", "2019-10-01T00:00:01 GMT", 1569888001_000),
        ("iso8601", "2019/10/01 00:00:01", 1569888001_000),
        ("iso8601", "2019-10-01T02:00:01+0200", 1569888001_000),
        ("microseconds", "1569888001000000", 1569888001_000),
        ("nanoseconds", "1569888001000000000", 1569888001_000),
        ("%m/%d/%Y %I:%M:%S %p", "10/01/2019 12:00:01 AM", 1569888001_000),
        ("%d.%m.%Y %H:%M", "01.10.2019 00:00", 1569888000_000),
        ("%Y-%m-%dT%H:%M:%S.%fZ", "2019-10-01T00:00:00.277Z", 1569888000_277),
        ("%d/%b/%Y:%H:%M:%S %z", "01/Oct/2019:02:00:01 +0200", 1569888001_000),  # a web server's log
    ],
)
def test_times_as_people_have_them(tmp_path, unit, text, expected_ms):
    log = log_of(tmp_path, f"s,i,t\n1,a,{text}\n1,b,{text}\n", csv(time=unit))
    assert log.parts["clicks"].times.tolist() == [expected_ms]


@pytest.mark.parametrize("time", ["10/01/2019 3:05 PM", "1.10.2019", "Oct 1 2019", "2019-10-01 00:00:01 CET"])
def test_a_time_in_another_form_is_told_how_to_say_it(tmp_path, time):
    with pytest.raises(RecoreError, match=r"data row 1: the time .* is not an ISO 8601 time; .*`time: \"%m/%d/%Y"):
        log_of(tmp_path, text_of((1, 1, time)), csv(time="iso8601"))


def test_a_day_that_does_not_exist_is_no_other_day(tmp_path):
    with pytest.raises(RecoreError, match=r"data row 2: the time '31/02/2015' is not a time as '%d/%m/%Y'"):
        log_of(tmp_path, text_of((1, 1, "28/02/2015"), (1, 2, "31/02/2015")), csv(time="%d/%m/%Y"))


@pytest.mark.parametrize("odd", ["2019-10-01 00:00:02", "2019/10/01 00:00:02 UTC", "2019-10-01 00:00:02 CET"])
def test_times_of_one_file_have_one_form(tmp_path, odd):
    with pytest.raises(RecoreError, match="data row 2: the time"):
        log_of(tmp_path, text_of((1, 1, "2019-10-01 00:00:01 UTC"), (1, 2, odd)), csv(time="iso8601"))


FORMS = {
    "iso8601": lambda when: when.isoformat(sep=" "),
    "%d/%m/%Y %I:%M:%S.%f %p": lambda when: when.strftime("%d/%m/%Y %I:%M:%S.%f %p"),
    "seconds": lambda when: f"{when.timestamp():.6f}",
    "milliseconds": lambda when: str(round(when.timestamp() * 1000)),
    "microseconds": lambda when: str(round(when.timestamp() * 1_000_000)),
}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 31)), min_size=1), st.sampled_from(list(FORMS)))
def test_any_time_in_any_form_is_read_to_the_millisecond(tmp_path_factory, times, unit):
    times = [when.replace(microsecond=when.microsecond // 1000 * 1000, tzinfo=UTC) for when in times]
    text = text_of(*((n, 1, FORMS[unit](when)) for n, when in enumerate(times)))
    log = log_of(tmp_path_factory.mktemp("times"), text, csv(time=unit))
    assert log.parts["clicks"].times.tolist() == [round(when.timestamp() * 1000) for when in times]


def test_columns_by_position_are_the_same_in_every_file(tmp_path):
    (tmp_path / "a.csv").write_text("s,i,t\nA,x,1\n")
    (tmp_path / "b.csv").write_text("i,s,t\nx,A,2\n")
    config = csv(files=["a.csv", "b.csv"], columns={"session": 0, "item": 1, "time": 2})
    with pytest.raises(RecoreError, match=r"b\.csv has the columns i, s, t where a\.csv has s, i, t; give their names"):
        read(tmp_path, config)
