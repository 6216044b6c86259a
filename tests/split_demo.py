"""A checkout in which nothing is made but the split of a small demo."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recore import yaml12
from recore.stages import download, filter, split

ROOT = Path(__file__).parents[1]


def split_demo(folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Fills an existing folder; ``change`` turns params.yaml of the repository into its own."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(ROOT / "dvc.yaml", folder)
    given = yaml12.read(ROOT / "params.yaml")
    change(given)
    (folder / "params.yaml").write_text(yaml12.dump(given))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for stage in (download, filter, split):
            stage.main(["demo"])
    return folder
