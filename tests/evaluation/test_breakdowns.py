import numpy as np
import pandas as pd
import pytest
from builders import flat

from recore.evaluation.breakdowns import breakdowns_of


def labels(number, train, **cases):
    """The groups of cases by the breakdown of this number; ``cases`` wins over what does not matter to it."""
    table = pd.DataFrame({"session": 0, "position": 1, "target": 1} | cases)
    breakdown = breakdowns_of(table, flat([list(train)]))[number]
    return [breakdown.labels[code] for code in breakdown.group]


by_prefix_length, by_popularity = 0, 1


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
