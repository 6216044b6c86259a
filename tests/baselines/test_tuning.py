from types import SimpleNamespace

import numpy as np
import scipy
from builders import flat
from pydantic import BaseModel

from recore.baselines.ranking import Popularity
from recore.baselines.tuning import grid, tuned
from recore.data.cases import Cases

TRAIN = flat([[1, 2], [1, 3], [1, 4]])
VALID = Cases(flat([[1, 2, 3]]), 50)


class Settings(BaseModel):
    item: int = 4  # the only one with a score
    other: int = 7


def fit(train, n_items, settings):
    def score(batch):
        scores = np.zeros((len(batch.lengths), n_items + 1))
        scores[:, settings.item] = 1
        return scipy.sparse.csr_array(scores)

    return score


def chosen(row):
    return tuned(SimpleNamespace(Settings=Settings, fit=fit), row, TRAIN, VALID, Popularity.of(TRAIN.items, 4), "mrr@2")


def test_every_combination_is_tried_in_order():
    assert grid({"m": 5, "tune": {"k": [1, 2], "idf": [0, 3]}}) == [
        {"k": 1, "idf": 0},
        {"k": 1, "idf": 3},
        {"k": 2, "idf": 0},
        {"k": 2, "idf": 3},
    ]
    assert grid({"m": 5}) == [{}]


def test_the_best_on_validation_is_chosen():
    """Targets 2 and 3. With item 2 first: rank 1, and 3 or 4 after it and the popular 1. With item 4: none within 2."""
    best = chosen({"tune": {"item": [4, 2]}})
    assert best.settings == {"item": 2, "other": 7}
    assert best.value == 0.5
    assert best.tried == [({"item": 4}, 0.0), ({"item": 2}, 0.5)]
    assert best.method(VALID.batch(np.array([0]))).toarray()[0, 2] == 1


def test_of_equals_the_first_is_chosen():
    assert chosen({"tune": {"item": [3, 2]}}).settings["item"] == 3


def test_what_is_fixed_stays_and_the_rest_is_the_method_s():
    best = chosen({"other": 9})
    assert best.settings == {"item": 4, "other": 9}
    assert best.tried == [({}, best.value)]
