"""CORE's benchmark files: whatever is written as CORE writes it is recovered, and nothing else is accepted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recore import RecoreError
from recore.data.readers import read

HEADER = "session_id:token\titem_id_list:token_seq\titem_id:token\n"
CONFIG = {"format": "core_inter", "comparable": True}


def rows_of(sessions: list[list[int]]) -> list[tuple[list[int], int]]:
    """A row a case, longest prefix first, cut to the last 50 clicks."""
    return [(one[:end][-50:], one[end]) for one in sessions for end in range(len(one) - 1, 0, -1)]


def write(folder, name, rows):
    lines = (f"{i}\t{' '.join(map(str, prefix))}\t{target}\n" for i, (prefix, target) in enumerate(rows, 1))
    (folder / f"some.{name}.inter").write_text(HEADER + "".join(lines))


def write_all(folder, train, valid=((1, 2),), test=((2, 1),)):
    for name, sessions in (("train", train), ("valid", valid), ("test", test)):
        write(folder, name, rows_of([list(one) for one in sessions]))


def lists(sessions, vocabulary):
    numbers = vocabulary.to_numpy()[sessions.items]
    return [numbers[a:b].tolist() for a, b in zip(sessions.offsets[:-1], sessions.offsets[1:], strict=True)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(1, 6), min_size=2, max_size=60), min_size=1, max_size=8))
def test_sessions_come_back_as_they_were_written(tmp_path_factory, train):
    folder = tmp_path_factory.mktemp("inter")
    write_all(folder, train)
    parts, vocabulary, _ = read(folder, CONFIG)
    assert lists(parts["train"], vocabulary) == train
    assert lists(parts["valid"], vocabulary) == [[1, 2]]
    assert lists(parts["test"], vocabulary) == [[2, 1]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(1, 6), min_size=2, max_size=60), min_size=1, max_size=8))
def test_sessions_written_from_their_shortest_prefix_up_come_back_too(tmp_path_factory, train):
    folder = tmp_path_factory.mktemp("inter")
    write_all(folder, train)
    write(folder, "train", [row for one in train for row in reversed(rows_of([one]))])
    parts, vocabulary, _ = read(folder, CONFIG)
    # Files of sessions like [1, 1] and [1, 1, 1] read the same from both ends, but for their order.
    assert sorted(lists(parts["train"], vocabulary)) == sorted(train)


def test_a_file_with_commas_is_told_what_it_needs(tmp_path):
    write_all(tmp_path, [[1, 2], [2, 1]])
    file = tmp_path / "some.train.inter"
    file.write_text(file.read_text().replace("\t", ","))
    with pytest.raises(
        RecoreError, match=r"some\.train\.inter is not a CORE \.inter file \(three columns, tabs between\)"
    ):
        read(tmp_path, CONFIG)


def test_ids_and_times_run_on_through_the_parts(tmp_path):
    write_all(tmp_path, [[1, 2], [2, 1, 1]], valid=[[1, 1]], test=[[2, 2], [1, 2]])
    parts, _, _ = read(tmp_path, CONFIG)
    assert [part.ids.tolist() for part in parts.values()] == [[0, 1], [2], [3, 4]]
    assert [part.times.tolist() for part in parts.values()] == [[0, 1], [2], [3, 4]]


@pytest.mark.parametrize(
    ("row", "prefix"),
    [
        (2, [1, 9, 3]),  # an item that the session does not have
        (2, [9, 1, 2, 3]),  # one click too many
        (0, [3, 4, 5]),  # cut shorter than 50
    ],
)
def test_a_prefix_of_another_session_names_file_and_line(tmp_path, row, prefix):
    write_all(tmp_path, [[1, 2]])
    rows = rows_of([[1, 2, 3, 4, 5, 6]])
    rows[row] = (prefix, rows[row][1])
    write(tmp_path, "train", rows)
    with pytest.raises(RecoreError, match=rf"some\.train\.inter, line {row + 2}: the prefix"):
        read(tmp_path, CONFIG)


def test_a_wrong_target_is_seen_in_the_row_above_it(tmp_path):
    write_all(tmp_path, [[1, 2]])
    rows = rows_of([[1, 2, 3, 4]])
    rows[1] = (rows[1][0], 9)
    write(tmp_path, "test", rows)
    with pytest.raises(RecoreError, match=r"some\.test\.inter, line 2:"):
        read(tmp_path, CONFIG)


def test_prefixes_longer_than_the_cut_are_refused(tmp_path):
    write_all(tmp_path, [[1, 2]])
    session = list(range(1, 54))
    write(tmp_path, "train", [(session[:end], session[end]) for end in range(52, 0, -1)])
    with pytest.raises(RecoreError, match="line 2: the prefix is not the last 50 clicks"):
        read(tmp_path, CONFIG)


def test_a_truncated_file_is_one_sentence(tmp_path):
    write_all(tmp_path, [[1, 2]])
    write(tmp_path, "valid", rows_of([[1, 2, 3]])[:-1])
    with pytest.raises(RecoreError, match=r"some\.valid\.inter ends within a session"):
        read(tmp_path, CONFIG)


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEADER,
        "a\tb\tc\n1\t1\t2\n",
        HEADER + "1\tx\t2\n",
        HEADER + "1\t\t2\n",
        HEADER + "1\t2\tx\n",
        HEADER + "1\t2\n",
    ],
)
def test_another_format_is_one_sentence_with_the_file(tmp_path, text):
    write_all(tmp_path, [[1, 2]])
    (tmp_path / "some.train.inter").write_text(text)
    with pytest.raises(RecoreError, match=r"some\.train\.inter") as fault:
        read(tmp_path, CONFIG)
    assert "\n" not in str(fault.value)


def test_a_missing_or_second_file_is_named(tmp_path):
    write_all(tmp_path, [[1, 2]])
    write(tmp_path / ".", "train", rows_of([[1, 2]]))
    (tmp_path / "other.train.inter").write_text(HEADER)
    with pytest.raises(RecoreError, match=r"2 files \*\.train\.inter \(other\.train\.inter, some\.train\.inter\)"):
        read(tmp_path, CONFIG)
    (tmp_path / "other.train.inter").unlink()
    (tmp_path / "some.valid.inter").unlink()
    with pytest.raises(RecoreError, match=r"no file \*\.valid\.inter"):
        read(tmp_path, CONFIG)
