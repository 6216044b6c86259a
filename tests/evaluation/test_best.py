"""The k best items against a full sort, ties and all."""

import pytest
import torch

from recore.evaluation.best import best


class Given:
    """Scores (B, n) that are given."""

    gate = None

    def __init__(self, scores):
        self.scores = scores

    def fill(self, out, chosen):
        out.copy_(self.scores[chosen].T)


def by_sorting(scores, k):
    """Highest first, level ones by their number."""
    return [sorted(range(1, len(row) + 1), key=lambda i: (-row[i - 1], i))[:k] for row in scores.tolist()]


@pytest.mark.parametrize("levels", [2, 30, 10**6])
@pytest.mark.parametrize(("n_items", "k"), [(2500, 1), (2500, 2), (40, 20), (5, 5), (1, 1)])
def test_the_best_are_the_first_of_a_stable_sort(levels, n_items, k):
    """With two levels nearly all is tied, also across the k-th place; 70 cases are more than a chunk of 64."""
    scores = torch.randint(levels, (70, n_items), generator=torch.Generator().manual_seed(0)).float()
    items, values = best(Given(scores), 70, n_items, k, torch.device("cpu"))
    assert items.tolist() == by_sorting(scores, k)
    assert torch.equal(values, scores.gather(1, items - 1))
