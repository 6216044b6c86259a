import numpy as np
import pandas as pd
import pytest
from builders import flat

from recore.evaluation.breakdowns import breakdowns_of, clicks_back


def labels(number, train, **cases):
    """The groups of cases by the breakdown of this number; ``cases`` wins over what does not matter to it."""
    table = pd.DataFrame({"session": 0, "position": 1, "target": 1, "back": 0} | cases)
    breakdown = breakdowns_of(table, flat([list(train)]))[number]
    return [breakdown.labels[code] for code in breakdown.group]


by_prefix_length, by_popularity, by_repeat = range(3)


@pytest.mark.parametrize(
    ("position", "label"),
    [(1, "1"), (4, "4"), (5, "5-6"), (6, "5-6"), (7, "7-9"), (9, "7-9"), (10, "10+"), (300, "10+")],
)
def test_every_prefix_length_has_one_group(position, label):
    assert labels(by_prefix_length, [1, 2], position=[position]) == [label]


def test_the_head_is_the_most_clicked_fifth():
    # Ten items; item 3 has four clicks, item 7 three, the others one each.
    train = np.concatenate([np.arange(1, 11), [3] * 3, [7] * 2])
    found = labels(by_popularity, train, target=[3, 7, 1, 10, 3])
    assert found == ["head", "head", "tail", "tail", "head"]


def test_items_clicked_as_often_as_the_last_of_the_head_belong_to_it():
    train = np.concatenate([np.arange(1, 11), [2, 4, 6]])
    assert labels(by_popularity, train, target=[2, 4, 6, 8]) == ["head", "head", "head", "tail"]


def test_padding_is_no_item():
    # Five items: the fifth is one item. Row 0 would make it two.
    assert labels(by_popularity, [1, 1, 1, 2, 2, 3, 4, 5], target=[1, 2, 5]) == ["head", "tail", "tail"]


def repeats(sessions, max_length):
    """The groups of their cases by repeat."""
    return labels(by_repeat, [1], back=clicks_back(flat(sessions), max_length))


def test_a_target_is_an_immediate_repeat_an_earlier_one_or_new():
    """Of 1 1 2 1 2 2 3: 1 at once, 2 new, 1 and 2 two back, 2 at once, 3 new. In another session 1 and 3 are new."""
    found = repeats([[1, 1, 2, 1, 2, 2, 3], [2, 1, 3]], 50)
    assert [label.split()[0] for label in found] == [
        *("immediate", "new", "earlier", "earlier", "immediate", "new"),
        *("new", "new"),
    ]


def test_what_is_too_far_back_to_be_read_is_new():
    assert repeats([[4, 1, 2, 3, 4]], 4)[-1] == "earlier repeat"
    assert repeats([[4, 1, 2, 3, 4]], 3)[-1] == "new"
    # Of several the newest counts, and the last click is always read.
    assert repeats([[4, 4, 1, 4]], 2)[-1] == "earlier repeat"
    assert repeats([[4, 4]], 1) == ["immediate repeat"]


@pytest.mark.parametrize("seed", [0, 1])
def test_repeats_are_those_of_looking_at_every_prefix(seed):
    random = np.random.default_rng(seed)
    sessions = [list(random.integers(1, 6, random.integers(2, 12))) for _ in range(40)]
    expected = []
    for session in sessions:
        for end in range(1, len(session)):
            read = session[max(end - 4, 0) : end]
            expected.append("new" if session[end] not in read else "earlier repeat")
            if session[end] == read[-1]:
                expected[-1] = "immediate repeat"
    assert repeats(sessions, 4) == expected
