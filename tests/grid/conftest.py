"""A checkout in which a tiny demo is split, and what workers sent for each of its cells."""

import shutil
from pathlib import Path

import pytest
from grid.asked import order, tiny

from recore import params, yaml12
from recore.grid import bundle, cells, worker
from recore.stages import download, filter, split

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def split_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("split")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(ROOT / "dvc.yaml", folder)
    given = yaml12.read(ROOT / "params.yaml")
    tiny(given)
    (folder / "params.yaml").write_text(yaml12.dump(given))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for stage in (download, filter, split):
            stage.main(["demo"])
    return folder


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
