"""Fixtures of the tests of stages."""

import pytest

from . import fake_grid


@pytest.fixture(autouse=True, scope="module")
def _unrendered():
    with fake_grid.unrendered():
        yield


@pytest.fixture
def rendered():
    """Figures as they are, for a test that reads them."""
    with fake_grid.rendered():
        yield
