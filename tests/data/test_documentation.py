"""The rows of docs/DATA.md are rows that params.yaml accepts."""

import re
from pathlib import Path

from recore import params, yaml12
from recore.significance.windows import windows_of

ROOT = Path(__file__).parents[2]


def test_the_examples_are_valid_sources(tmp_path):
    tree = yaml12.read(ROOT / "params.yaml")
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "DATA.md").read_text(encoding="utf-8"), re.DOTALL)
    examples = {name: row for block in blocks for name, row in yaml12.parse(block, "DATA.md").items()}
    assert len(examples) == 7
    tree["sources"] |= examples
    tree["datasets"] = list(examples)
    (tmp_path / "params.yaml").write_text(yaml12.dump(tree), encoding="utf-8")
    assert params.load(tmp_path / "params.yaml").at("sources.yoochoose_raw.read.columns.item") == 2
    assert windows_of(examples, list(examples)) == [["yoochoose64_newest", "yoochoose64_before"]]


def test_every_source_is_described():
    tree = yaml12.read(ROOT / "params.yaml")
    text = (ROOT / "docs" / "DATA.md").read_text(encoding="utf-8")
    assert [name for name in tree["sources"] if f"`{name}`" not in text] == []
