"""A variant, a metric and a breakdown, added word for word as CONTRIBUTING says, in a clone that is up to date."""

import ast
import re
import textwrap

import pytest

from recore import yaml12

from .conftest import ROOT, Clone

pytestmark = pytest.mark.slow
MINE = {f"{stage}@demo-mine-{seed}" for stage in ("train", "evaluate") for seed in (1, 2)}
TESTS = {"significance@demo", "aggregate"}


def blocks(heading: str, language: str) -> list[str]:
    """The code of a section of the page."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {heading}\n(.*?)(?=^## )", page, re.MULTILINE | re.DOTALL)[1]
    return [textwrap.dedent(text) for text in re.findall(rf"^ *```{language}\n(.*?)^ *```$", section, re.M | re.S)]


def put(clone: Clone, block: str) -> None:
    """A block into the file that its first line names, in the place of what it assigns; a new file is the block."""
    first, rest = block.split("\n", 1)
    file = clone.path / first.removeprefix("# ")
    if not file.exists():
        file.write_text(rest)
        return
    (assigned,) = (node for node in ast.parse(rest).body if isinstance(node, ast.Assign | ast.AnnAssign))
    name = next(
        node.id for node in ast.walk(assigned) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    text = file.read_text()
    old = re.search(rf"^{name}\b.*? = (\(.*?\)|\{{\n.*?\n\}})[^\n]*\n", text, re.MULTILINE | re.DOTALL)
    file.write_text(text[: old.start()] + rest + text[old.end() :])


def test_as_the_page_says(clone):
    (variant,), (row,) = blocks("A new variant", "python"), blocks("A new variant", "yaml")
    put(clone, variant)
    own = yaml12.parse(row, "CONTRIBUTING.md")["variants"]["plain"]
    clone.params(lambda tree: tree["variants"]["plain"].update(own))
    assert clone.changed() == MINE | {"encoders"} | TESTS
    assert clone.repro() == MINE | {"encoders"} | TESTS
    assert "demo,mine,mrr@20" in clone.read("metrics/results.csv")
    made = clone.read("dvc.lock")
    clone.run("dvc", "repro", "--force", "--single-item", "train@demo-mine-1")
    assert clone.read("dvc.lock") == made  # from the same seed the same weights, with PyTorch's layers and dropout

    for block in blocks("A new metric", "python"):
        put(clone, block)
    assert clone.changed() == {"significance@demo"}
    assert clone.repro() == TESTS
    assert "demo,mine,rbp@20" in clone.read("metrics/results.csv")
    assert "demo,hn,trm,rbp@20" in clone.read("metrics/comparisons.csv")
    clone.params(lambda tree: tree["significance"].update(confirm="rbp@20"))
    assert clone.repro() == TESTS

    (breakdown,) = blocks("A new breakdown", "python")
    put(clone, breakdown)
    assert clone.changed() == {"significance@demo"}
    assert clone.repro() == TESTS
    assert "demo,mine,rbp@20,clicks on the target,under 20" in clone.read("metrics/breakdowns.csv")
    for page in ("metrics/table.md", "plots/report.html"):
        assert "by clicks on the target, 95 % CI" in clone.read(page)
