"""Stage encoders: what DVC compares the code of a variant with."""

import shutil
from pathlib import Path

from builders import published_params

import recore
from recore import paths
from recore.stages import encoders

from . import fake_grid

FILES = Path(recore.__file__).parent / "variants"


def copies(**variants) -> dict[str, str]:
    """What the stage leaves of these rows, by name."""
    significance = published_params()["significance"] | {"comparisons": []}
    fake_grid.write_params(variants=variants, significance=significance)
    encoders.main([])
    return {file.name: file.read_text() for file in paths.ENCODERS.iterdir()}


def test_each_row_has_a_copy_of_its_own_file_or_of_the_one_it_names(tmp_path, monkeypatch):
    """In both groups, and nothing is left of a row that is gone."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(FILES, paths.VARIANTS)
    trm, da = ((FILES / f"{name}.py").read_text() for name in ("trm", "da"))
    cold = {"encoder": "trm", "temperature": 0.03}
    found = copies(plain={"trm": {}, "cold": cold}, hybrid={"mine": {"encoder": "da"}})
    assert found == {"trm.py": trm, "cold.py": trm, "mine.py": da}
    assert copies(plain={"cold": cold}, hybrid={}) == {"cold.py": trm}
