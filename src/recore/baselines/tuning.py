"""Settings of a baseline, chosen on validation by MRR@K with everything counted on train alone.

A row of ``variants.baselines`` fixes some settings, tries every combination of the values in its map ``tune``, and
leaves the rest as the method's file has them. Of equals the first is chosen.
"""

from dataclasses import dataclass
from itertools import product
from types import ModuleType
from typing import Any

from recore.baselines.method import Method
from recore.baselines.ranking import Popularity, rank
from recore.data.cases import Cases
from recore.data.sessions import Sessions
from recore.evaluation.expected import VALIDATED, expected_gains


@dataclass(frozen=True)
class Tuned:
    """The method with the chosen ``settings`` (all of them), fitted, and its value on validation.

    ``tried``: the settings that were tuned, with the value of each combination, in order.
    """

    method: Method
    settings: dict[str, Any]
    value: float
    tried: list[tuple[dict[str, Any], float]]


def grid(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The combinations of ``tune``; one, empty, where nothing is tuned."""
    values = row.get("tune", {})
    return [dict(zip(values, each, strict=True)) for each in product(*values.values())]


def tuned(
    module: ModuleType, row: dict[str, Any], train: Sessions, valid: Cases, popularity: Popularity, metric: str
) -> Tuned:
    """``module`` is the file of the method, ``row`` its row, ``metric`` such as ``mrr@20``."""
    fixed = {name: value for name, value in row.items() if name != "tune"}
    n_items = len(popularity.ascending)
    best: Tuned | None = None
    tried = []
    for combination in grid(row):
        settings = module.Settings(**fixed, **combination)
        method = module.fit(train, n_items, settings)
        counts = rank(method, valid, popularity)
        value = float(expected_gains(VALIDATED, *counts, [int(metric.partition("@")[2])])[metric].mean())
        tried.append((combination, value))
        if best is None or value > best.value:
            best = Tuned(method, settings.model_dump(), value, tried)
    assert best is not None  # the grid holds a combination
    return best
