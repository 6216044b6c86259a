"""What the README shows is what files of the repository hold."""

import re
from pathlib import Path

import pandas as pd
import pytest

from recore.records import render

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("file", sorted((ROOT / "docs/uses").glob("*.txt")), ids=lambda file: file.stem)
def test_the_shown_output_was_printed(file):
    assert f"```console\n{file.read_text()}```\n" in (ROOT / "docs/USE.md").read_text()


def test_the_verdicts_are_those_of_the_record():
    assert len(render.PART.findall(README)) == 1
    assert render.parts(README, ROOT / "docs/results") == README, "run `python -m recore record render`"


def test_the_readme_is_short():
    assert len(README.splitlines()) < 250


def test_nothing_is_left_to_fill_in():
    for page in PAGES:
        assert "@@" not in page.read_text(encoding="utf-8"), page


def test_the_cost_table_is_that_of_the_file():
    costs = pd.read_csv(ROOT / "docs/costs.csv", dtype=str, keep_default_na=False)
    assert costs.to_markdown(index=False, disable_numparse=True) in README


def test_the_numbers_of_the_baselines_are_those_of_the_file():
    numbers = pd.read_csv(ROOT / "docs/baselines.csv", dtype=str, keep_default_na=False)
    page = (ROOT / "docs/BASELINES.md").read_text(encoding="utf-8")
    assert numbers.to_markdown(index=False, disable_numparse=True) in page


def test_every_linked_file_exists():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
