"""Which settings a search tries, and which it takes: random search over a grid (Bergstra and Bengio, JMLR 2012).

Every variant has the same number of trials, and the first is its row as it stands, so that no search ends below what it
began with on validation. Of equals the first is taken.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from recore import RecoreError
from recore.training.seeding import stream_seed


@dataclass(frozen=True)
class Trial:
    """Settings on top of the row ({}: the row itself), and what each seed came to on validation."""

    settings: dict[str, Any]
    values: list[float]

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))


def plan(
    space: dict[str, list[Any]], current: dict[str, Any], trials: int, seed: int, name: str
) -> list[dict[str, Any]]:
    """The settings of so many trials: {} first, then different combinations of ``space``, none of them the ``current``.

    They are drawn from a stream of the seed, whatever the variant: the same space gives the same trials to rows that
    agree in it. RecoreError where the space of the variant ``name`` is too small.
    """
    combinations = [dict(zip(space, values, strict=True)) for values in product(*space.values())]
    others = [each for each in combinations if any(current.get(key) != value for key, value in each.items())]
    if len(others) < trials - 1:
        lower = f", or lower `tune.trials` to {len(others) + 1}" if others else ""  # it is 2 at least
        raise RecoreError(
            f"`tune.trials` is {trials}, the same for every variant, but the values of {name} have only {len(others)} "
            f"combinations beside its row; give it more values{lower}"
        )
    order = np.random.Generator(np.random.Philox(stream_seed(seed, "trials"))).permutation(len(others))
    return [{}, *(others[at] for at in order[: trials - 1])]


def best(trials: list[Trial]) -> int:
    """Which of the trials has the highest mean over its seeds."""
    return int(np.argmax([trial.mean for trial in trials]))
