"""A trained model answers in the log's own ids, and as the evaluation ranks."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from builders import SETTINGS, flat, model, random_sessions
from safetensors.torch import save_file

import recore
from recore import RecoreError, artifacts, paths, recommender
from recore.commands import embeddings, recommend
from recore.data.cases import Cases
from recore.data.sessions import clicks_hash
from recore.evaluation.ranking import rank
from recore.models.scorer import CoreScorer
from recore.recommender import Recommender

CPU = torch.device("cpu")
WORDS = np.array(["p", "q", "r", "s"], object)


def leave(built, ids, variant="ave", seed=1):
    """What the stages split and train leave of a run."""
    folder = paths.model("shop", variant, seed)
    folder.mkdir(parents=True)
    save_file(built.state_dict(), folder / "weights.safetensors")
    settings = SETTINGS | {"embedding_size": built.items.table.shape[1]}
    artifacts.write_json(folder / "config.json", {"n_items": len(built.items.table) - 1, "settings": settings})
    paths.split("shop").mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"id": range(1, len(ids) + 1), "item": ids}), paths.split("shop") / "items.parquet")


def by_hand():
    """CORE-ave in the plane; p to s point to 0, 90, 180 and about 53 degrees."""
    built = model("ave", n_items=4, embedding_size=2)
    with torch.no_grad():
        built.items.table[1:] = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [3.0, 4.0]])
    return built


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    leave(by_hand(), WORDS)
    return recore.load("shop", "ave", 1, "cpu")


def test_scores_and_order_are_those_worked_out_by_hand(shop):
    """p and q make 45 degrees: p and q score cos 45° = 0.7071 alike, s (0.6 + 0.8)/√2 = 0.9899, r -0.7071."""
    (answer,) = shop.recommend([["p", "q"]], k=4)
    assert answer.items.tolist() == ["s", "p", "q", "r"]
    np.testing.assert_allclose(answer.scores, [0.989949, 0.707107, 0.707107, -0.707107], atol=1e-6)
    assert shop.recommend([["p", "q"]], k=2)[0].items.tolist() == ["s", "p"]


def test_unknown_items_are_left_out_and_counted(shop):
    known, mixed, nothing, empty = shop.recommend([["q"], ["x", "q", "y"], ["x"], []], k=1)
    assert (known.items.tolist(), known.unknown) == (["q"], 0)
    assert (mixed.items.tolist(), mixed.scores.tolist(), mixed.unknown) == (["q"], known.scores.tolist(), 2)
    assert [(len(none.items), len(none.scores), none.unknown) for none in (nothing, empty)] == [(0, 0, 1), (0, 0, 0)]
    assert shop.recommend([], k=1) == []


def test_the_last_clicks_count_as_in_training(shop):
    """SETTINGS reads 10 clicks: those before them change nothing, nor do unknown ones between them take a place."""
    last = ["p"] * 4 + ["q"] * 6
    alone, longer = shop.recommend([last, ["r"] * 7 + last[:5] + ["x"] + last[5:]], k=4)
    assert longer.items.tolist() == alone.items.tolist()
    assert longer.scores.tolist() == alone.scores.tolist()


@pytest.mark.parametrize("k", [0, 5])
def test_k_is_a_number_of_items(shop, k):
    with pytest.raises(RecoreError, match=f"^k is {k}, but it is a number of items, from 1 to the catalogue's 4$"):
        shop.recommend([["p"]], k)


def test_ids_are_told_apart_as_the_readers_do():
    scorer = CoreScorer(by_hand())
    numbers = Recommender(scorer, np.array([7, 8, 9, 70]), 10, CPU)
    answers = numbers.recommend([[7], ["7"], [np.int64(7)], ["07"], [7.5]], k=1)
    assert [answer.items.tolist() for answer in answers] == [[7], [7], [7], [], []]
    text = Recommender(scorer, np.array(["07", "7", "c", "d"], object), 10, CPU)
    assert [answer.items.tolist() for answer in text.recommend([["07"], [7]], k=1)] == [["07"], ["7"]]


@pytest.mark.parametrize("variant", ["ave", "da", "mi", "graph", "repeat"])
def test_a_target_stands_where_the_evaluation_ranks_it(variant, monkeypatch):
    sessions = random_sessions(25, 30)
    scorer = CoreScorer(model(variant, n_items=30))
    ranks = rank(scorer, Cases(flat(sessions), 10), 1000, CPU)
    prefixes = [(session[:end], session[end]) for session in sessions for end in range(1, len(session))]
    answers = {}
    for size in (1000, 7, 1):
        monkeypatch.setattr(recommender, "BATCH", size)
        answers[size] = Recommender(scorer, np.arange(1, 31), 10, CPU).recommend([prefix for prefix, _ in prefixes], 30)
    for at, (_, target) in enumerate(prefixes):
        order = answers[1000][at].items.tolist()
        assert sorted(order) == list(range(1, 31))  # every item, the session's own among them, and no padding
        if ranks.tied[at] == 1:
            assert order.index(target) == ranks.above[at]
        assert order == answers[7][at].items.tolist() == answers[1][at].items.tolist()
    assert (ranks.tied == 1).mean() > 0.9


def test_a_model_of_another_split_of_as_many_items_is_refused(shop):
    """Whose items have the same numbers and may be others."""
    split, config = paths.split("shop"), paths.model("shop", "ave", 1) / "config.json"
    flat([[1, 2, 3]]).save(split, "train")
    about = artifacts.read_json(config)
    artifacts.write_json(config, about | {"trained_on": clicks_hash(split)})
    assert recore.load("shop", "ave", 1, "cpu").recommend([["p"]], k=1)[0].items.tolist() == ["p"]
    flat([[1, 2, 4]]).save(split, "train")
    with pytest.raises(RecoreError, match=r"ave/1 was trained on other clicks than data/split/shop holds; `dvc repro`"):
        recore.load("shop", "ave", 1)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (("fair", "ave", 1), r"data/models has no dataset 'fair'; it has shop, and `dvc repro` trains"),
        (("shop", "trm", 1), r"data/models/shop has no variant 'trm'; it has ave, and"),
        (("shop", "ave", 2), r"data/models/shop/ave has no seed '2'; it has 1, and"),
        (("shop", "..", 1), r"data/models/shop has no variant '\.\.'"),
    ],
)
def test_a_model_that_is_not_there_names_those_that_are(shop, name, sentence):
    with pytest.raises(RecoreError, match=f"^{sentence}"):
        recore.load(*name)


def test_what_is_missing_or_of_another_split_is_a_sentence(shop, tmp_path, monkeypatch):
    file = paths.split("shop") / "items.parquet"
    pq.write_table(pq.read_table(file).slice(0, 3), file)
    with pytest.raises(
        RecoreError, match=r"shop/ave/1 was trained on 4 items, but .*items.parquet holds 3; `dvc repro`"
    ):
        recore.load("shop", "ave", 1)
    config = paths.model("shop", "ave", 1) / "config.json"
    whole = config.read_text()
    config.write_text("{}")
    with pytest.raises(
        RecoreError, match=r"config\.json is torn or not what was written there \(KeyError: 'settings'\)"
    ):
        recore.load("shop", "ave", 1)
    config.write_text(whole)
    (paths.model("shop", "ave", 1) / "weights.safetensors").unlink()
    with pytest.raises(RecoreError, match=r"weights.safetensors does not exist; `dvc repro` makes it"):
        recore.load("shop", "ave", 1)
    leave(by_hand(), WORDS, variant="gone")
    with pytest.raises(RecoreError, match=r"trained as variant 'gone', but src/recore/variants/gone.py is not there"):
        recore.load("shop", "gone", 1)
    monkeypatch.chdir(tmp_path.parent)
    with pytest.raises(RecoreError, match=r"^data/models does not exist; run this where params.yaml is"):
        recore.load("shop", "ave", 1)


def table_of(content, out, *options):
    """What the command makes of a table of clicks."""
    Path("sessions.csv").write_text(content)
    recommend.main(["shop", "ave", "--seed", "1", "sessions.csv", "-o", out, *options])
    if out.endswith(".csv"):
        return list(csv.reader(Path(out).open(newline="")))
    return pq.read_table(out).to_pydict()


def test_a_table_in_and_a_table_out(shop, capsys):
    """Clicks of a session need not stand together, sessions come out as they came in, and c has no known item."""
    made = table_of("session,item\nb,q\na,p\nc,x\nb,x\na,q\n", "out.parquet", "--k", "2")
    assert {name: made[name] for name in ("session", "rank", "item")} == {
        "session": ["b", "b", "a", "a"],
        "rank": [1, 2, 1, 2],
        "item": ["q", "s", "s", "p"],
    }
    np.testing.assert_allclose(made["score"], [1, 0.8, 0.989949, 0.707107], atol=1e-6)
    assert capsys.readouterr().out == (
        "out.parquet: 2 items for each of 2 sessions; 2 of 5 clicks left out, because training never saw their item; "
        "sessions without a known item, which have no row: 1, the first is c\n"
    )


def test_slices_of_sessions_make_the_same_table(shop, monkeypatch, capsys):
    content = "session,item\na,p\nb,q\nc,x\n"
    whole = table_of(content, "out.parquet", "--k", "1")
    said = capsys.readouterr().out
    monkeypatch.setattr(recommend, "SLICE", 1)  # that of c has no row
    assert table_of(content, "out.parquet", "--k", "1") == whole
    assert whole["session"] == ["a", "b"]
    assert capsys.readouterr().out == said
    assert said.endswith("which have no row: 1, the first is c\n")


def test_columns_of_other_names_an_order_and_numbers_for_sessions(shop):
    """By time the last ten clicks of 31 are of q; as in the file they would be of p."""
    rows = [f"31;{place};{'q' if place > 10 else 'p'}" for place in reversed(range(1, 21))]
    content = "\n".join(["visit;at;what", *rows])
    named = ("--session", "visit", "--item", "what", "--delimiter", ";", "--k", "1")
    assert table_of(content, "out.csv", *named, "--order", "at") == [
        ["session", "rank", "item", "score"],
        ["31", "1", "q", "1"],
    ]
    assert table_of(content, "out.csv", *named)[1][2] == "p"


def test_parquet_and_quotes_are_read_too(shop):
    pq.write_table(pa.table({"session": [5, 5], "item": ["p", "q"]}), "in.parquet")
    recommend.main(["shop", "ave", "--seed", "1", "in.parquet", "-o", "out.parquet", "--k", "1"])
    expected = {"session": [5], "rank": [1], "item": ["s"]}
    assert pq.read_table("out.parquet").drop(["score"]).to_pydict() == expected
    made = table_of('session,item\n"5","p"\n"5","q"\n', "out.parquet", "--k", "1")
    assert {name: made[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        ("", (), "sessions.csv is empty"),
        ("session,item\n", (), "sessions.csv has no row; give it a row for each click"),
        ("visit,item\n1,p\n", (), "sessions.csv has no column 'session' for `--session`; its columns are visit, item"),
        ("session,item\n1,p\n2,\n", (), "sessions.csv, data row 2: it has no item; correct the row or remove it"),
        ("session,item\n1,p\n,p\n", (), "sessions.csv, data row 2: it has no session"),
        (
            "session,item,at\n1,p,noon\n",
            ("--order", "at"),
            "sessions.csv, data row 1: the order 'noon' is not a number",
        ),
        ("session,item\n1,x\n2,y\n", ("--k", "1"), "no item of the sessions is in the catalogue, whose ids are like p"),
        ("session,item\n1,p\n", ("--k", "9"), "k is 9, but it is a number of items, from 1 to the catalogue's 4"),
    ],
)
def test_a_fault_is_one_sentence_and_leaves_nothing(shop, content, options, sentence):
    with pytest.raises(RecoreError, match=f"^{sentence}"):
        table_of(content, "out.parquet", *options)
    assert sorted(path.name for path in Path().iterdir()) == ["data", "sessions.csv"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["-o", "out.txt"], r"--output is out\.txt, but its name has to end in \.parquet or \.csv"),
        (["-o", "./sessions.csv"], r"--output is sessions\.csv, the table of the sessions itself; name another file"),
        (["-o", "out.csv", "--delimiter", "ab"], r"--delimiter: a delimiter is one printable ASCII .*, not 'ab'"),
        (["-o", "out.csv", "--delimiter", "§"], r"--delimiter: a delimiter is one printable ASCII .*, not '§'"),
    ],
)
def test_what_cannot_be_done_is_refused_first(options, sentence):
    with pytest.raises(RecoreError, match=f"^{sentence}$"):
        recommend.main(["shop", "ave", "--seed", "1", "sessions.csv", *options])


def test_embeddings_are_parquet():
    with pytest.raises(RecoreError, match=r"^--output is out\.csv, but its name has to end in \.parquet$"):
        embeddings.main(["shop", "ave", "--seed", "1", "-o", "out.csv"])


def test_embeddings_are_unit_vectors_under_their_own_ids(shop):
    embeddings.main(["shop", "ave", "--seed", "1", "-o", "items.parquet"])
    made = pq.read_table("items.parquet").to_pydict()
    assert made["item"] == ["p", "q", "r", "s"]
    np.testing.assert_allclose(made["embedding"], [[1, 0], [0, 1], [-1, 0], [0.6, 0.8]], atol=1e-6)


def test_importing_recore_loads_no_library():
    code = "import recore, sys; print(sorted({'torch', 'numpy', 'pyarrow', 'recore.recommender'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
