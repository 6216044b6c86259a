"""Fixtures of the tests of stages."""

import pytest

from . import fake_grid


@pytest.fixture
def unrendered():
    with fake_grid.unrendered():
        yield
