"""What is recommended, against a full sort of every list."""

import numpy as np
import pytest
import torch
from builders import flat, model, random_sessions

from recore.data.cases import Cases
from recore.evaluation.lists import Counted, first, highest
from recore.evaluation.ranking import rank
from recore.evaluation.recommended import Recommended
from recore.models.scorer import CoreScorer

CPU = torch.device("cpu")


def sorted_lists(scores: np.ndarray, length: int) -> list[list[int]]:
    """Of each column the rows of the highest scores; of equals the first rows."""
    return [sorted(np.argsort(-column, kind="stable")[:length].tolist()) for column in scores.T]


def test_coverage_and_popularity_by_hand():
    """Two lists of two out of five items: 2 and 3, 3 and 5; items 1 to 5 have 4, 1, 2, 0 and 6 clicks."""
    recommended = Recommended(5, 2)
    recommended.add(np.array([[1, 2]]))
    recommended.add(np.array([[2], [4]]))
    assert recommended.counts.tolist() == [0, 1, 2, 0, 1]
    train = np.repeat([1, 2, 3, 5], [4, 1, 2, 6])
    assert recommended.summary(train) == {"cutoff": 2, "coverage": 3 / 5, "popularity": (1 + 2 * 2 + 6) / 4}


def test_a_small_catalogue_is_recommended_whole():
    assert first(torch.rand(3, 2), Recommended(3, 20).length).T.tolist() == [[0, 1, 2]] * 2


@pytest.mark.parametrize("n", [21, 300, 1345, 2999, 20_000])
def test_the_first_are_those_of_a_sort(n):
    scores = torch.randn(n, 7, generator=torch.Generator().manual_seed(n))
    found = first(scores, 20)
    assert [sorted(column) for column in found.T.tolist()] == sorted_lists(scores.numpy(), 20)
    values, rows = highest(scores, 5)
    assert torch.equal(values, scores.sort(dim=0, descending=True).values[:5])
    assert torch.equal(scores.gather(0, rows), values)


@pytest.mark.parametrize("n", [30, 4000])
def test_of_equals_at_the_last_place_the_first_of_the_catalogue_are_taken(n):
    scores = torch.randint(0, 9, (n, 6), generator=torch.Generator().manual_seed(1)).float()
    scores[:, 4] = 1.0
    scores[-1, 5], scores[3, 5] = 10.0, 11.0
    assert [sorted(column) for column in first(scores, 20).T.tolist()] == sorted_lists(scores.numpy(), 20)


def test_no_rank_depends_on_who_counts():
    built, cases = model("da", n_items=40), Cases(flat(random_sessions(30, 40)), 10)
    alone, recommended = rank(CoreScorer(built), cases, 16, CPU), Recommended(40, 3)
    counted = rank(Counted(CoreScorer(built), recommended), cases, 16, CPU)
    for name in ("above", "tied", "gate"):
        assert np.array_equal(getattr(alone, name), getattr(counted, name))
    assert recommended.counts.sum() == 3 * len(cases)
    in_list = (alone.above + alone.tied <= 3) & (alone.tied == 1)
    assert in_list.any()
    assert (recommended.counts[cases.target[in_list] - 1] > 0).all()
