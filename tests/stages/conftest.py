"""Fixtures of the tests of stages."""

import pytest

from recore.reporting import files


@pytest.fixture
def unrendered(monkeypatch):
    """Figures are made and not rendered, which is most of the time of a report: for tests that read words and numbers.

    ``test_aggregate_edges`` (``make test-slow``) renders such grids.
    """
    monkeypatch.setattr(files, "rendered", lambda figure, kind: b"")
