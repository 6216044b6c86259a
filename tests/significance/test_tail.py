"""The level where verdicts are decided: at α/18, over a family of 18 Holm markers, and over several looks.

Where the seeds' own variance is small, their mean square falls below the residual's by luck in many a pair; the rule
before (``worlds.before``) then grew sure of itself. benchmarks/level.py prints the same with more draws.
"""

import pytest
from scipy import stats
from worlds import ALPHA, GRIDS, family_errors, look_errors, tail_sizes

pytestmark = pytest.mark.slow


def highest(rate: float, draws: int) -> float:
    """What the share of a true rate exceeds in one of 1,000 simulations."""
    return stats.binom.isf(0.001, draws, rate) / draws


@pytest.mark.parametrize("world", ["near-identical variants", "ordinary variants"])
def test_the_family_keeps_its_level(world):
    draws = 1500
    found = family_errors(GRIDS[world], draws)
    print(found)
    assert 0.01 < found["now"] <= highest(ALPHA, draws)
    if world == "near-identical variants":
        assert found["before"] > highest(ALPHA, draws)


def test_one_test_in_the_tail():
    """.05/18 is .28 %."""
    found = tail_sizes(GRIDS["near-identical variants"], 20_000)
    print(found)
    assert 0.0015 < found["now"] < 0.0045
    assert 0.0015 < found["equivalence"] < 0.0045
    assert found["before"] > 0.0045


def test_four_looks_keep_the_level_of_the_family_where_peeking_does_not():
    draws = 400
    found = look_errors(GRIDS["near-identical variants"], (5, 8, 12, 20), draws)
    print(found)
    assert 0.005 < found["spent over the looks"] <= highest(ALPHA, draws)
    assert found["peeking"] > found["spent over the looks"] * 1.5
