"""The rows of docs/DATA.md are rows that params.yaml accepts."""

import re
from pathlib import Path

import yaml

from recore import params
from recore.significance.windows import windows_of

ROOT = Path(__file__).parents[2]


def test_the_examples_are_valid_sources(tmp_path):
    tree = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "DATA.md").read_text(encoding="utf-8"), re.DOTALL)
    examples = {name: row for block in blocks for name, row in yaml.safe_load(block).items()}
    assert len(examples) == 7
    tree["sources"] |= examples
    tree["datasets"] = list(examples)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree), encoding="utf-8")
    assert params.load(tmp_path / "params.yaml").at("sources.yoochoose_raw.read.columns.item") == 2
    assert windows_of(examples, list(examples)) == [["yoochoose64_newest", "yoochoose64_before"]]


def test_every_source_is_described():
    tree = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    text = (ROOT / "docs" / "DATA.md").read_text(encoding="utf-8")
    assert [name for name in tree["sources"] if f"`{name}`" not in text] == []
