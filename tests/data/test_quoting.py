"""What quotes mean: nothing is swallowed, ids keep what belongs to them, and what is not plain is asked."""

import pytest
from data.logs import csv, lists, log_of

from recore import RecoreError
from recore.data.readers import kinds, read, text
from recore.data.readers.quoting import way_of

HEADER = "s,i,t,title\n"
whole = text.pacsv.read_csv


def rows(*titles, first=1):
    """Clicks of session 1 on items 1, 2, …, with these titles, verbatim."""
    return HEADER + "".join(f"1,{n},{n},{title}\n" for n, title in enumerate(titles, first))


def read_items(folder, text, **config):
    return lists(log_of(folder, text, csv(**config)))[0]


@pytest.mark.parametrize(
    "titles",
    [
        ("plain", '"17 inch monitor', "plain", "plain"),  # opens and never closes
        ("plain", '"Hits" of 1999', "plain"),
        ("plain", 'a 5" screen', 'a 7" screen'),
    ],
)
def test_a_stray_quote_swallows_no_row(tmp_path, titles):
    assert read_items(tmp_path, rows(*titles)) == list(range(1, len(titles) + 1))


def test_stray_quotes_of_a_large_log_lose_nothing_either(tmp_path):
    content = rows(*('"stray' if n % 40_000 == 7 else "plain" for n in range(160_000)))
    log = log_of(tmp_path, content)
    assert log.parts["clicks"].n_clicks == 160_000
    assert log.accounts[0].rows == 160_000


@pytest.mark.parametrize("size", [2, 60_000])  # of the text: within a block of the parser, and over several
def test_quoted_line_breaks_are_read_whatever_the_size(tmp_path, size):
    content = rows(*(f'"two\nlines, and a comma {n}"' if n % 2 else "plain" for n in range(size)))
    log = log_of(tmp_path, content)
    assert log.parts["clicks"].n_clicks == size
    assert log.accounts[0].quoting == "csv"


def test_a_row_longer_than_a_block_is_read(tmp_path):
    assert read_items(tmp_path, rows('"' + "x,\n" * 1_000_000 + '"', "plain")) == [1, 2]


def test_two_stray_quotes_that_make_a_field_of_whole_rows_are_asked_about(tmp_path):
    content = rows(
        "plain", '"17 inch', "plain", 'so-called "monitor"'.replace('"monitor"', 'monitor"'), '"yes, quoted"'
    )
    with pytest.raises(
        RecoreError, match=r"log\.csv, line 3: a quote opens a field here that ends in line 5, but each"
    ):
        read_items(tmp_path, content)
    assert read_items(tmp_path, content, quoting="csv") == [1, 2, 5]  # the user's word
    with pytest.raises(RecoreError, match=r"log\.csv, line 6: it has 5 columns, but the first line has 4"):
        read_items(tmp_path, content, quoting="none")


def test_a_stray_quote_beside_fields_that_need_theirs_names_its_line(tmp_path):
    content = rows("plain", '"17 inch', '"yes, quoted"')
    with pytest.raises(RecoreError, match=r"log\.csv, line 3: a quote opens a field here and none closes it"):
        read_items(tmp_path, content)


def test_quotes_that_hide_nothing_are_no_part_of_ids(tmp_path):
    content = '"s","i","t","title"\n"1","07","1","a"\n"1","x","2","b"\n'
    assert read_items(tmp_path, content) == ["07", "x"]


def test_quotes_stay_where_they_tell_two_ids_apart(tmp_path):
    assert read_items(tmp_path, 's,i,t\n1,heroes,1\n1,"heroes",2\n1,low,3\n') == ["heroes", '"heroes"', "low"]


def test_quotes_stay_in_a_file_that_does_not_quote(tmp_path):
    content = 's\ti\tt\n1\t"weird al" yankovic\t1\n1\t"heroes"\t2\n1\theroes\t3\n'
    assert read_items(tmp_path, content, delimiter="\t") == ['"weird al" yankovic', '"heroes"', "heroes"]


def test_the_user_may_say_that_quotes_are_characters(tmp_path):
    assert read_items(tmp_path, 's,i,t\n1,"heroes",1\n1,"low",2\n', quoting="none") == ['"heroes"', '"low"']


def test_quotes_in_ids_are_doubled_or_follow_a_backslash(tmp_path):
    assert read_items(tmp_path, 's,i,t\n1,"7"" single, red",1\n1,b,2\n') == ['7" single, red', "b"]
    content = 's,i,t\n1,"7\\" single, red",1\n1,b,2\n'
    assert read_items(tmp_path, content, quoting="backslash") == ['7" single, red', "b"]
    with pytest.raises(RecoreError, match=r"line 2: a quote opens a field here .*backslash"):
        read_items(tmp_path, content)


def test_empty_lines_are_no_rows_but_those_in_a_field_are(tmp_path):
    content = 's,i,t,title\r\n\r\n1,1,1,a\r\n\r\n1,2,2,"b\r\n\r\nc, d"\r\n'
    assert read_items(tmp_path, content) == [1, 2]
    assert read_items(tmp_path, "s,i,t\r1,1,1\r1,2,2\r") == [1, 2]  # line ends of an old Mac


@pytest.mark.parametrize("block", [1, 5, 17, 1 << 24])
@pytest.mark.parametrize(
    ("text", "quoting", "n_rows"),
    [
        ('a,b,c\n1,2,"x, y"\n4,5,"a\n7"\n1,2,"q""q"\n', "csv", 4),
        ('a,b,c\r\n1,2,"x, y"\r\n4,5,"a\r\n7"\r\n1,2,5" s\r\n', "csv", 4),
        ('a,b,c\n1,2,"x"\n4,5,""\n', "none", 3),
        ('a,b,c\n1,"2,"x"\n4,5,""\n', "none", 3),
        ("a,b,c\n\n1,2,3\n\n", "none", 2),
        ('a,b,c\n1,2,"""x, """\n4,5,""""\n', "csv", 3),
    ],
)
def test_how_a_file_is_cut_into_blocks_changes_nothing(tmp_path, monkeypatch, block, text, quoting, n_rows):
    monkeypatch.setattr(kinds, "BLOCK", block)
    (tmp_path / "log.csv").write_bytes(text.encode())
    way = way_of(tmp_path / "log.csv", ",", None)
    assert (way.quoting, way.rows) == (quoting, n_rows)


@pytest.mark.parametrize("between", ["", "\n"])
def test_a_span_of_rows_is_seen_beside_rightly_quoted_fields(tmp_path, between):
    content = f's,i,t,a,b\n1,1,1,"x, y","17 inch\n{between}1,2,2,c,plain\n1,3,3,c,a 5"\n1,4,4,c,plain\n'
    with pytest.raises(RecoreError, match=r"log\.csv, line 2: a quote opens a field here that ends in line [45]"):
        read_items(tmp_path, content)


@pytest.mark.parametrize("word", [r"\N", r"\\N"])
def test_a_databases_word_for_nothing_stays_one_behind_a_backslash(tmp_path, word):
    content = f's,i,t,e\n1,x,1,"a"\n{word},y,2,"b\\"c"\n'
    with pytest.raises(RecoreError, match="data row 2: the session"):
        read_items(tmp_path, content, quoting="backslash")


def test_a_backslash_that_escapes_no_quote_is_kept(tmp_path):
    content = 's,i,t\n1,C:\\new,1\n1,C:new,2\n1,"say \\"hi\\"",3\n'
    assert read_items(tmp_path, content, quoting="backslash") == ["C:\\new", "C:new", 'say "hi"']


def test_a_file_that_quotes_every_name_has_no_stray_quotes(tmp_path):
    content = '"s","i","t","n"\n"1","x","1","a"\n"1","y","2","b\n'
    with pytest.raises(RecoreError, match="line 3: a quote opens a field here and none closes it"):
        read_items(tmp_path, content)


def test_a_line_that_hides_a_delimiter_shows_that_the_file_quotes(tmp_path):
    config = {"header": False, "columns": {"session": 2, "item": 1, "time": 3}}
    content = '"Doe, Jane",7,1,5\n"Roe, "Jo" Al",8,1,6\n'
    with pytest.raises(RecoreError, match="line 2: a quote opens a field here and none closes it"):
        read_items(tmp_path, content, **config)


def test_files_of_one_log_quote_alike(tmp_path):
    (tmp_path / "a.csv").write_text('s,i,t,n\n"1","x",1,"a"\n')
    (tmp_path / "b.csv").write_text('s,i,t,n\n"1","x",2,"a\n')
    with pytest.raises(RecoreError, match=r"a\.csv quotes its fields, but b\.csv has quotes that open or close none"):
        read(tmp_path, csv(files=["a.csv", "b.csv"]))


def test_quotes_that_tell_ids_of_two_files_apart_stay(tmp_path):
    (tmp_path / "a.csv").write_text('s,i,t\n1,"heroes",1\n')
    (tmp_path / "b.csv").write_text("s,i,t\n1,heroes,2\n")
    assert lists(read(tmp_path, csv(files=["a.csv", "b.csv"]))) == [['"heroes"', "heroes"]]


def test_rows_that_a_parser_loses_are_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(text.pacsv, "read_csv", lambda *given, **options: whole(*given, **options).slice(1))
    with pytest.raises(RecoreError, match=r"log\.csv: 2 rows were read, but the file has 3"):
        read_items(tmp_path, rows("a", "b", "c"))
