"""Where few sessions carry the noise: true nulls that get a marker, with the label ``fragile`` and without it."""

import pytest
from worlds import FEW, ORDINARY, marked

pytestmark = pytest.mark.slow

DRAWS = 4000
# The least share of false rejections without the label: the worlds are there for something.
WITHOUT = dict(zip(FEW, (0.0, 0.08, 0.25, 0.2, 0.8, 0.06, 0.06, 0.05), strict=True))


@pytest.mark.parametrize("world", FEW)
def test_no_more_than_six_in_a_hundred_true_nulls_get_a_marker(world):
    found = marked(FEW[world], DRAWS)
    print(found)
    assert found["marker"] <= 0.06
    assert found["rejected"] >= WITHOUT[world]


ENOUGH = ["246 of 1 to 6 cases", "1,062 of 1 to 6 cases", "1,060 of a shop's lengths, few cases differ"]


@pytest.mark.parametrize("world", ENOUGH)
def test_ordinary_sessions_are_not_fragile_and_keep_their_level(world):
    found = marked(ORDINARY[world], DRAWS)
    print(found)
    assert found["fragile"] < 0.02
    assert 0.03 < found["marker"] <= found["rejected"] < 0.062
