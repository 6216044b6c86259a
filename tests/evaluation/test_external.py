"""Ranks in other programs' files: one for each case, or one sentence on what is wrong."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from builders import flat

from recore import RecoreError
from recore.data.cases import Cases
from recore.evaluation.external import form
from recore.evaluation.external.form import read
from recore.evaluation.external.ranks import ranks_of

# Cases 0 to 3: (8, 1) -> 2, (8, 2) -> 4, (5, 1) -> 3, (5, 2) -> 1.
TEST = Cases(flat([[3, 2, 4], [1, 3, 1]], [8, 5]), 1)
N_ITEMS = 6
COUNTS = "case,above,tied\n0,0,1\n1,5,1\n2,2,3\n3,1,1\n"


def ranks(content, depth=2):
    content = content if isinstance(content, bytes) else content.encode()
    made = ranks_of(content, "f", TEST, N_ITEMS, depth)
    return made.above.tolist(), made.tied.tolist()


def parquet(frame: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.to_parquet(file, index=False)
    return file.getvalue()


def table(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text))


def lists(**of_cases) -> pd.DataFrame:
    """A row an item, of ``c0="1:0.5 2:0.4"``."""
    rows = [(int(case[1:]), *pair.split(":")) for case, text in of_cases.items() for pair in text.split()]
    frame = pd.DataFrame(rows, columns=["q_id", "doc_id", "score"])
    return frame.astype({"doc_id": int, "score": float})


# The target of case 0 is first, of case 1 second of two, of case 2 absent, of case 3 tied with the first.
LISTS = {"c0": "2:3 1:2 3:1", "c1": "5:1 4:0.5", "c2": "1:9 2:8", "c3": "6:1 1:1 2:0.5"}
OF_LISTS = ([0, 1, 2, 0], [1, 1, 1, 2])


def trec(frame: pd.DataFrame) -> str:
    return "".join(f"{q} Q0\t{d} 1  {s} mine\n" for q, d, s in frame.itertuples(index=False))


def session_rec(frame: pd.DataFrame) -> str:
    lines = ["SessionId;Position;Recommendations;Scores"]
    for (session, position), case in zip([(8, 0), (8, 1), (5, 0), (5, 1)], range(4), strict=True):
        own = frame[frame["q_id"] == case]
        items, scores = (",".join(map(str, own[name])) for name in ("doc_id", "score"))
        lines.append(f"{session};{position};{items};{scores}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "content",
    [
        COUNTS,
        COUNTS.replace("\n", "\r\n"),
        COUNTS.replace(",", "\t"),
        "\ufeff" + COUNTS,
        "case,above,tied\n3,1,1\n2,2,3\n0,0,1\n1,5,1\n",
        "tied,model,case,above\n1,a,1,5\n3,a,2,2\n1,b,3,1.0\n1,b,0,0\n",
        parquet(table(COUNTS)),
        parquet(table(COUNTS).astype({"above": "float32", "tied": "uint8", "case": "str"})),
    ],
)
def test_counts_come_in_any_order_and_file(content):
    assert ranks(content) == ([0, 5, 2, 1], [1, 1, 3, 1])


@pytest.mark.parametrize(
    "content",
    [
        lists(**LISTS).to_csv(index=False),
        lists(**LISTS).sample(frac=1, random_state=1).to_csv(index=False),
        parquet(lists(**LISTS).astype({"q_id": str, "doc_id": str})),
        trec(lists(**LISTS)),
        session_rec(lists(**LISTS)),
    ],
)
def test_lists_are_counted(content):
    assert ranks(content) == OF_LISTS


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("5:3 4:2", (1, 1)),  # its target, 4, is last, and nothing shows a tie there
        ("5:3 6:2", (2, 1)),  # absent
        ("5:3 4:2 6:2", (1, 5)),  # the tie may go on to all of the other 5 items
        ("4:2 5:2", (0, 6)),
        ("5:3 3:2 6:2", (3, 1)),  # absent, even though it may be in the tie
        ("5:3 4:2.5 3:2 6:2", (1, 1)),  # above the tie that is cut
        ("5:3 1:3 4:2 6:2 2:2 3:2", (2, 4)),  # the whole catalogue: nothing is cut
    ],
)
def test_the_end_of_a_list_hides_what_is_beyond(end, expected):
    above, tied = ranks(lists(**LISTS | {"c1": end}).to_csv(index=False))
    assert (above[1], tied[1]) == expected
    assert (above[0], tied[0]) == (0, 1)


def test_scores_tie_only_where_they_are_equal_to_the_last_bit():
    near = session_rec(lists(**LISTS)).replace("1.0,1.0,0.5", "0.30000000000000004,0.3,0.1")
    assert ranks(near)[0][3] == 1
    assert ranks(near)[1][3] == 1


def test_lists_need_not_be_longer_than_the_catalogue():
    full = {f"c{case}": " ".join(f"{item}:{item}" for item in range(1, 7)) for case in range(4)}
    assert ranks(lists(**full).to_csv(index=False), depth=20)[0] == [4, 2, 3, 5]


def test_columns_of_the_split_vouch_for_the_numbers_of_the_cases():
    vouched = table(COUNTS).assign(session=[8, 8, 5, 5], position=[1, 2, 1, 2], target=[2, 4, 3, 1])
    assert ranks(vouched.to_csv(index=False)) == ranks(COUNTS)
    shuffled = vouched.assign(case=[1, 0, 2, 3])
    with pytest.raises(RecoreError, match=r"^f: case 1 has target 2, but 4 in this split"):
        ranks(shuffled.drop(columns=["session", "position"]).to_csv(index=False))


@pytest.mark.parametrize(
    ("content", "listed"),
    [(COUNTS, False), *((write(lists(**LISTS)), True) for write in (trec, session_rec, parquet))],
)
def test_it_is_known_which_ranks_are_from_lists(content, listed):
    content = content if isinstance(content, bytes) else content.encode()
    assert ranks_of(content, "f", TEST, N_ITEMS, 2).listed is listed


FRAME = lists(**LISTS)
WRONG = {
    "": "f is empty",
    "\n": "f is empty",
    "case,above,tied\n": "f has no rows",
    "case,above\n0,1\n": "f has the columns case, above; it needs those of one form: case, above, tied; q_id",
    "case,above,tied,above\n0,1,1,1\n": "f names a column twice, case, above, tied, above",
    COUNTS + "4,0\n": "f cannot be read (CSV parse error: Expected 3 columns, got 2",
    COUNTS.replace("3,1,1\n", ""): "f: case 3 is missing; write all 4 cases",
    COUNTS + "2,2,3\n": "f: case 2 has 2 rows; write one for every case",
    COUNTS + "1,5,1\n3,1,1\n3,1,1\n": "f: case 1 has 2 rows",
    COUNTS + "4,0,1\n": "f: case 4 is unknown; the cases of this test set are 0 to 3",
    COUNTS + "-1,0,1\n": "f: case -1 is unknown",
    COUNTS.replace("2,2,3", "2,2.5,3"): "f: above of row 3 is 2.5, which is no whole number",
    COUNTS.replace("2,2,3", "2,,3"): "f: above of row 3 is empty, which is no whole number",
    COUNTS.replace("2,2,3", "2,nan,3"): "f: above of row 3 is empty, which is no whole number",
    COUNTS.replace("2,2,3", "2,x,3"): "f: above of row 3 is x, which is no whole number",
    COUNTS.replace("2,2,3", "2,inf,3"): "f: above of row 3 is inf, which is no whole number",
    COUNTS.replace("2,2,3", "2,-1,3"): "f: case 2 has -1 items above its target and 3 tied with it",
    COUNTS.replace("2,2,3", "2,2,0"): "f: case 2 has 2 items above its target and 0 tied with it",
    COUNTS.replace("2,2,3", "2,4,3"): "which is impossible among 6 items; count again",
    FRAME[FRAME["q_id"] != 2].to_csv(index=False): "f: case 2 is missing; write a list for all 4 cases",
    FRAME.to_csv(index=False) + "4,1,0\n": "f: case 4 is unknown",
    FRAME.to_csv(index=False) + "2,7,0\n": "f: case 2 has item 7, but the items of this split are 1 to 6",
    FRAME.to_csv(index=False) + "2,0,0\n": "f: case 2 has item 0, but",
    FRAME.to_csv(index=False) + "2,1,0\n": "f: the list of case 2 has item 1 twice",
    FRAME.to_csv(index=False) + "2,3,nan\n": "f: score of row 11 is empty, which is no finite number",
    FRAME.to_csv(index=False) + "2,3,inf\n": "f: score of row 11 is inf, which is no finite number",
    FRAME.iloc[:-5].to_csv(index=False)
    + "3,1,1\n2,1,1\n2,2,2\n": "the list of case 3 has 1 items, and `evaluate.cutoffs`",
    trec(FRAME).replace("2 Q0", "two Q0"): "f: q_id of row 6 is two, which is no whole number",
    session_rec(FRAME).replace("5;1;", "5;2;"): "f: SessionId 5 and Position 2 are no case of this test set",
    session_rec(FRAME).replace("5;1;", "5;0;"): "f: case 2 has 2 rows; write one for every case",
    session_rec(FRAME).replace("5;0;1,2;9.0,8.0\n", ""): "f: case 2 is missing",
    session_rec(FRAME).replace("9.0,8.0", "9.0"): "f: case 2 has 2 items and 1 scores",
    session_rec(FRAME).replace("9.0,8.0", "9.0,nan"): "Scores of row 7 is nan, which is no finite number",
    session_rec(FRAME).replace("5;0;1,2;", "5;0;1,b;"): "Recommendations of row 7 is b, which is no whole number",
}


@pytest.mark.parametrize(("content", "said"), WRONG.items(), ids=list(WRONG.values()))
def test_anything_else_is_one_sentence(content, said):
    with pytest.raises(RecoreError) as fault:
        ranks(content)
    assert said in str(fault.value)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    "column",
    [[True, False, True, True], pd.to_datetime(["2020-01-01"] * 4), [[1], [2], [3], [4]]],
    ids=["truth", "time", "list"],
)
def test_a_column_of_another_kind_is_no_number(column):
    with pytest.raises(RecoreError, match=r"^f: above of row 1 is .*, which is no whole number"):
        ranks(parquet(table(COUNTS).assign(above=column)))


def test_a_torn_parquet_file_cannot_be_read():
    with pytest.raises(RecoreError, match=r"^f cannot be read"):
        ranks(parquet(table(COUNTS))[:-30])


def test_lists_of_all_items_say_what_their_counts_say():
    """A model's scores, counted here or handed over as lists, are the same ranks."""
    random = np.random.default_rng(1)
    scores = random.integers(0, 4, (len(TEST), N_ITEMS)).astype(float)
    own = scores[np.arange(len(TEST)), TEST.target - 1][:, None]
    rows = [(case, item + 1, scores[case, item]) for case in range(len(TEST)) for item in range(N_ITEMS)]
    content = pd.DataFrame(rows, columns=["q_id", "doc_id", "score"]).to_csv(index=False)
    assert ranks(content) == ((scores > own).sum(1).tolist(), (scores == own).sum(1).tolist())


@pytest.mark.parametrize(
    "content",
    [
        '0 Q0 2 1 3.0 "mine\n0 Q0 1 2 2.0 "mine\n1 Q0 4 1 2.0 mine\n1 Q0 5 2 1.0 mine\n',
        "".join(f"{case} Q0 {item} 1 {9 - item}.0 mine\n" for case in range(4) for item in (1, 2)),
    ],
)
def test_a_trec_run_knows_no_quotes(content):
    rows = content.splitlines()
    kind, made = read(content.encode(), "f")
    assert (kind, len(made)) == ("list", len(rows))
    assert made["tag"].to_pylist() == [row.split()[-1] for row in rows]


def test_a_quote_that_swallows_rows_is_refused():
    content = 'q_id,doc_id,score,name\n0,2,3.0,"a\n0,1,2.0,"b\n1,4,2.0,c\n1,5,1.0,d\n'
    with pytest.raises(RecoreError, match=r"^f has 4 lines of values, of which \d rows can be made: a quote opens"):
        read(content.encode(), "f")


def test_whole_numbers_that_float64_cannot_tell_apart_are_no_scores():
    far = parquet(lists(**LISTS).assign(score=lambda rows: 2**60 - rows.index))
    with pytest.raises(RecoreError, match=rf"^f: score of row 1 is {2**60}, too large to be told from its neighbours"):
        ranks(far)


def test_session_rec_is_held_against_a_target_too():
    text = session_rec(lists(**LISTS))
    head, *rows = text.splitlines()
    wrong = "\n".join([f"{head};target", *(f"{row};6" for row in rows)]) + "\n"
    with pytest.raises(RecoreError, match=r"^f: case \d has target 6, but \d in this split"):
        ranks(wrong)


@pytest.mark.parametrize("name", ["target", "Target"])
def test_a_voucher_is_known_by_its_name_in_any_case(name):
    wrong = table(COUNTS).assign(**{name: 6}).to_csv(index=False)
    with pytest.raises(RecoreError, match=r"^f: case \d has target 6, but \d in this split"):
        ranks(wrong)


@pytest.mark.parametrize(
    "content", [COUNTS.replace("tied", "tied,modèle").encode("latin-1"), COUNTS.encode("utf-16"), b"\x1f\x8b\x08\x00"]
)
def test_what_is_no_text_is_one_sentence(content):
    with pytest.raises(RecoreError, match=r"^f is neither Parquet nor text in UTF-8; unpack it, or write it as UTF-8$"):
        ranks(content)


@pytest.mark.parametrize(("kind", "largest"), [("float16", 2**11), ("float32", 2**24)])
def test_numbers_that_their_column_rounds_are_refused(kind, largest):
    """Half of the numbers above are not there: 2049 is 2048, which another item or count is too."""
    case, items = range(4), 2 * largest

    def of(above: int) -> list[int]:
        content = parquet(pd.DataFrame({"case": case, "above": np.array([above, 1, 2, 3]).astype(kind), "tied": 1}))
        return ranks_of(content, "f", TEST, items, 2).above.tolist()

    assert of(largest - 1) == [largest - 1, 1, 2, 3]
    rounds = {"float16": "halffloat", "float32": "float"}[kind]
    with pytest.raises(RecoreError, match=rf"^f: above of row 1 is {largest}.0, where {rounds} rounds whole numbers;"):
        of(largest + 1)


def test_every_column_that_vouches_is_compared():
    for names in (("target", "Target"), ("Target", "target")):
        frame = table(COUNTS).assign(**dict(zip(names, ([2, 4, 3, 2], [2, 4, 3, 1]), strict=True)))
        with pytest.raises(RecoreError, match=r"^f: case 3 has target 2, but 1 in this split"):
            ranks(frame.to_csv(index=False))


def test_a_file_of_two_forms_says_which_is_meant():
    both = table(COUNTS).assign(q_id=[0, 1, 2, 3], doc_id=1, score=1.0)
    with pytest.raises(RecoreError, match=r"^f has the columns of 2 forms \(counts, list\); keep those of one$"):
        ranks(both.to_csv(index=False))


def test_text_that_is_too_long_for_the_reader_is_one_sentence(monkeypatch):
    monkeypatch.setattr(form, "LONGEST", len(COUNTS))
    assert ranks(COUNTS)[0] == [0, 5, 2, 1]
    with pytest.raises(RecoreError, match=r"^f has 0.0 GB of text, too much to be read; write it as Parquet$"):
        ranks(COUNTS + "\n")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_scores_as_text_of_any_kind_are_read_to_the_last_bit(kind):
    """The nearest number to each, which a faster reader misses by a bit: 1 of 20 of such words."""
    random = np.random.default_rng(1)
    words = [repr(float(value)) for value in random.random(2000) * 10.0 ** random.integers(-20, 20, 2000)]
    read_back = form.finite(pa.chunked_array([pa.array(words).cast(kind)]), "score", "f")
    assert read_back.tolist() == [float(word) for word in words]
