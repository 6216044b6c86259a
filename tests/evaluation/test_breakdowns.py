import numpy as np
import pytest

from recore.evaluation.breakdowns import by_popularity, by_prefix_length


def labels(breakdown):
    return [breakdown.labels[code] for code in breakdown.group]


@pytest.mark.parametrize(
    ("position", "label"),
    [(1, "1"), (4, "4"), (5, "5-6"), (6, "5-6"), (7, "7-9"), (9, "7-9"), (10, "10+"), (300, "10+")],
)
def test_every_prefix_length_has_one_group(position, label):
    assert labels(by_prefix_length(np.array([position]))) == [label]


def test_the_head_is_the_most_clicked_fifth():
    # Ten items; item 3 has four clicks, item 7 three, the others one each.
    train = np.concatenate([np.arange(1, 11), [3] * 3, [7] * 2])
    found = by_popularity(np.array([3, 7, 1, 10, 3]), train)
    assert labels(found) == ["head", "head", "tail", "tail", "head"]


def test_items_clicked_as_often_as_the_last_of_the_head_belong_to_it():
    train = np.concatenate([np.arange(1, 11), [2, 4, 6]])
    assert labels(by_popularity(np.array([2, 4, 6, 8]), train)) == ["head", "head", "head", "tail"]


def test_padding_is_no_item():
    # Five items: the fifth is one item. Row 0 would make it two.
    assert labels(by_popularity(np.array([1, 2, 5]), np.array([1, 1, 1, 2, 2, 3, 4, 5]))) == ["head", "tail", "tail"]
