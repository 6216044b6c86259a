"""What was written is what is read, or one sentence comes: random ids and titles, written as programs write them."""

import csv as writer
import io

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from data.logs import csv, lists, log_of
from hypothesis import given, settings
from hypothesis import strategies as st

from recore import RecoreError
from recore.data.readers import kinds

ODD = "ab7\";,\t\n\r\\ 'é商…"
IDS = st.text(ODD, min_size=1, max_size=6) | st.sampled_from(["NULL", "nan", "007", "7", "1E+05", "-", "x" * 300])
TITLES = st.text(ODD + '"""\n', max_size=12)
HEADER = ["s", "i", "t", "title"]


@st.composite
def rows(draw):
    """Clicks with ids, growing times and a title each."""
    n = draw(st.integers(1, 12))
    sessions, items = (draw(st.lists(IDS, min_size=1, max_size=4)) for _ in range(2))
    return [
        [draw(st.sampled_from(sessions)), draw(st.sampled_from(items)), str(1_600_000_000 + k), draw(TITLES)]
        for k in range(n)
    ]


def expected(table):
    sessions = {}
    for session, item, _, _ in table:
        sessions.setdefault(session, []).append(item)
    return list(sessions.values())


def as_text(log):
    return [[str(item) for item in one] for one in lists(log)]


def read_or_sentence(folder, content, config):
    """The log; None where one sentence came."""
    try:
        log = log_of(folder, content, config)
    except RecoreError as sentence:
        fault = str(sentence)
    else:
        return log
    assert fault.isprintable()
    assert len(fault) < 700
    return None


QUOTINGS = [writer.QUOTE_MINIMAL, writer.QUOTE_ALL, writer.QUOTE_NONNUMERIC]


@settings(max_examples=150, deadline=None)
@given(
    rows(),
    st.sampled_from(QUOTINGS),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.sampled_from([3, 64, 1 << 24]),
)
def test_a_file_that_quotes(tmp_path_factory, table, quoting, delimiter, end, said, block):
    """Of Python's csv writer: read as written, whether the way is said or found."""
    stream = io.StringIO()
    writer.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows([HEADER, *table])
    folder = tmp_path_factory.mktemp("fuzz")
    config = csv(delimiter=delimiter) | ({"quoting": "csv"} if said else {})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kinds, "BLOCK", block)
        log = read_or_sentence(folder, stream.getvalue(), config)
    if log is not None:
        assert as_text(log) == expected(table)


@settings(max_examples=100, deadline=None)
@given(rows(), st.sampled_from(",;\t"), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_a_file_that_does_not_quote(tmp_path_factory, table, delimiter, end, said):
    """Delimiters and line ends cannot be written there, everything else can."""
    taken = str.maketrans(dict.fromkeys(delimiter + "\n\r", "_"))
    table = [[cell.translate(taken) for cell in row] for row in table]
    text = end.join(delimiter.join(row) for row in [HEADER, *table]) + end
    config = csv(delimiter=delimiter) | ({"quoting": "none"} if said else {})
    log = read_or_sentence(tmp_path_factory.mktemp("fuzz"), text, config)
    if log is None:
        return
    found, wanted = as_text(log), expected(table)
    if said:
        assert found == wanted
    else:  # quotes around a whole id may be those of a file that quotes; no click and no difference is lost
        assert [[item.strip('"') for item in one] for one in found] == [
            [item.strip('"') for item in one] for one in wanted
        ]
        assert len({item for one in found for item in one}) == len({item for one in wanted for item in one})


@settings(max_examples=100, deadline=None)
@given(rows(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gbk", "latin-1", "cp1252"]))
def test_any_encoding(tmp_path_factory, table, encoding):
    stream = io.StringIO()
    writer.writer(stream, lineterminator="\n").writerows([HEADER, *table])
    content = stream.getvalue().encode(encoding, errors="replace")
    log = read_or_sentence(tmp_path_factory.mktemp("fuzz"), content, csv(quoting="csv"))
    if log is not None and encoding.startswith("utf-8"):
        assert as_text(log) == expected(table)
    elif log is not None:  # then the ids happen to be UTF-8 as well
        assert as_text(log) == expected(
            [[cell.encode(encoding, "replace").decode() for cell in row[:3]] + [""] for row in table]
        )


@settings(max_examples=100, deadline=None)
@given(rows())
def test_arrows_own_writer(tmp_path_factory, table):
    columns = list(map(list, zip(*table, strict=True)))
    written = pa.BufferOutputStream()
    pacsv.write_csv(pa.table(dict(zip(HEADER, columns, strict=True))), written)
    log = read_or_sentence(tmp_path_factory.mktemp("fuzz"), written.getvalue().to_pybytes(), csv())
    if log is not None:
        assert as_text(log) == expected(table)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"s,i,t\n", b"s,i,t\n1,a,5\n"]))
def test_any_bytes(tmp_path_factory, noise, begin):
    """No traceback, no noise in a sentence, and no row that is not there."""
    log = read_or_sentence(tmp_path_factory.mktemp("fuzz"), begin + noise, csv())
    if log is not None:
        assert log.accounts[0].rows + 1 <= len((begin + noise).splitlines())


def test_what_is_written_well_is_read(tmp_path_factory):
    """The tests above would pass if a sentence always came; of plain logs none does."""
    folder = tmp_path_factory.mktemp("plain")
    for n in range(50):
        table = [[f"s{k % 3}", f'{n}" disc, no. {k}', str(k), "two\nlines" if k % 2 else 'a "b"'] for k in range(9)]
        stream = io.StringIO()
        writer.writer(stream, lineterminator="\n").writerows([HEADER, *table])
        assert as_text(log_of(folder, stream.getvalue())) == expected(table)
