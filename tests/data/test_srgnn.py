"""SR-GNN session lists: plain lists are read, and a pickle that names anything runs nothing."""

import collections
import os
import pickle

import pytest

from recore import RecoreError
from recore.data.readers import read

CONFIG = {"format": "srgnn", "comparable": False}


def read_bytes(folder, content):
    (folder / "all_train_seq.txt").write_bytes(content)
    return read(folder, CONFIG)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_list_of_lists_is_read_in_its_order(tmp_path, protocol):
    parts, vocabulary, _ = read_bytes(tmp_path, pickle.dumps([[7, 3], [3, 9, 7], [5]], protocol))
    clicks = parts["clicks"]
    assert vocabulary.to_pylist() == [7, 3, 9, 5]
    assert clicks.items.tolist() == [0, 1, 1, 2, 0, 3]
    assert clicks.offsets.tolist() == [0, 2, 5, 6]
    assert clicks.ids.tolist() == clicks.times.tolist() == [0, 1, 2]


def test_what_follows_the_list_is_no_part_of_it_and_no_silent_loss(tmp_path):
    with pytest.raises(RecoreError, match="its pickle ends before the file does"):
        read_bytes(tmp_path, pickle.dumps([[7, 3]]) + pickle.dumps([[9, 5]]))


class Payload:
    def __init__(self, call, *arguments):
        self.call = call, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_calls_a_program_is_refused_before_it_runs(tmp_path, protocol):
    proof = tmp_path / "ran"
    content = pickle.dumps([[1, Payload(os.system, f"touch {proof}")]], protocol)
    pickle.loads(content)
    assert proof.exists()  # the payload is real: loaded plainly, it runs
    proof.unlink()
    folder = tmp_path / "raw"
    folder.mkdir()
    with pytest.raises(RecoreError, match=r"all_train_seq\.txt is refused: its pickle names (posix|nt)\.system"):
        read_bytes(folder, content)
    assert not proof.exists()


@pytest.mark.parametrize("value", [collections.OrderedDict(), {1, 2}.__class__, len])
def test_any_named_class_or_function_is_refused(tmp_path, value):
    with pytest.raises(RecoreError, match="is refused: its pickle names"):
        read_bytes(tmp_path, pickle.dumps([[value]]))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a pickled session list"),
        (b"session_id,item_id\n1,2\n", "is not a pickled session list"),
        (pickle.dumps([[1, 2]])[:-3], "is not a pickled session list"),
        (pickle.dumps({1: [2]}), "is not a list of sessions"),
        (pickle.dumps([]), "is not a list of sessions"),
        (pickle.dumps([[1, 2], (3, 4)]), "is not a list of sessions"),
        (pickle.dumps([[1, "2"]]), "has the item '2'"),
        (pickle.dumps([[1, True]]), "has the item True"),
        (pickle.dumps([[1, 2**64]]), "beyond 64 bits"),
    ],
)
def test_anything_else_is_one_sentence_with_the_file(tmp_path, content, said):
    with pytest.raises(RecoreError, match=rf"^all_train_seq\.txt.*{said}") as fault:
        read_bytes(tmp_path, content)
    assert "\n" not in str(fault.value)
