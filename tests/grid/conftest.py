"""A checkout in which a tiny demo is split, and what workers sent for each of its cells."""

import shutil

import pytest
from grid.asked import order, tiny
from pipeline.conftest import Clone, checkout
from split_demo import split_demo

from recore import params
from recore.grid import accept, bundle, cells, worker

MADE_BY = {"commit": None, "dirty": False, "host": "h", "cell_seconds": 1.5}


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


@pytest.fixture(scope="session")
def placed(tmp_path_factory, sent):
    """A checkout of DVC's in which the cells are placed, and that DVC knows up to the split."""
    made = checkout(tmp_path_factory.mktemp("placed") / "recore", tiny)
    made.run("dvc", "repro", "split", "encoders")
    made.commit()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made.path)
        cells.forget()
        given = params.load()
        for cell in cells.cells_of(given):
            accept.place(cell, cells.inputs(cell, given), accept.read(sent[cell.variant]), True, MADE_BY)
        cells.forget()
    return made


@pytest.fixture
def clone(placed, tmp_path, monkeypatch):
    """A copy of it, which is the working folder."""
    shutil.copytree(placed.path, tmp_path / "recore", symlinks=True)
    made = Clone(tmp_path / "recore")
    monkeypatch.chdir(made.path)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", made.env["DVC_SITE_CACHE_DIR"])
    cells.forget()
    yield made
    cells.forget()
