"""A checkout in which a tiny demo is split, and what workers sent for each of its cells."""

import shutil

import pytest
from grid.asked import order, tiny
from split_demo import split_demo

from recore import params
from recore.grid import bundle, cells, worker


@pytest.fixture(scope="session")
def split_folder(tmp_path_factory):
    return split_demo(tmp_path_factory.mktemp("split"), tiny)


@pytest.fixture(scope="session")
def sent(split_folder, tmp_path_factory):
    """What a worker answered for each cell, by its variant."""
    host = tmp_path_factory.mktemp("host")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(split_folder)
        patch.setattr(worker.tempfile, "gettempdir", lambda: str(host))
        cells.forget()
        grid = cells.cells_of(params.load())
        name, content = bundle.bundle("demo")
        worker.deliver(name, content, 0)
        answers = {cell.variant: worker.make(order(cell)) for cell in grid}
        cells.forget()
    return answers


@pytest.fixture
def folder(split_folder, tmp_path, monkeypatch):
    """A copy of the checkout, which is the working folder, and a host of its own."""
    shutil.copytree(split_folder, tmp_path / "checkout")
    monkeypatch.chdir(tmp_path / "checkout")
    (tmp_path / "host").mkdir()
    monkeypatch.setattr(worker.tempfile, "gettempdir", lambda: str(tmp_path / "host"))
    cells.forget()
    yield tmp_path / "checkout"
    cells.forget()


@pytest.fixture
def grid(folder):
    return {cell.variant: cell for cell in cells.cells_of(params.load())}
