"""Public logs by name: what they are pinned to, and that nothing else is taken for one."""

from pathlib import Path

import pytest

from recore import RecoreError, params, yaml12
from recore.data.public import LOGS, files_of
from recore.schema_source import Fetch

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", LOGS)
def test_every_log_is_pinned_and_has_an_address(name):
    files = Fetch.model_validate({"files": files_of({"public": name})}).files
    assert all(file.url.endswith(f"/{file_name}") for file_name, file in files.items())


def test_a_source_of_its_name_stands_in_params():
    given = params.load(ROOT / "params.yaml")
    for name in LOGS:
        assert given.at(f"sources.{name}.fetch") == {"public": name}


def test_the_bytes_are_those_of_a_record():
    """It was made when params.yaml itself held addresses and hashes."""
    recorded = yaml12.read(ROOT / "docs/results/full_yoochoose64/params.yaml")["sources"]
    stated = {name: source["fetch"]["files"] for name, source in recorded.items() if name in LOGS}
    assert len(stated) == len(LOGS)
    assert stated == LOGS


def test_stated_files_are_taken_as_they_are():
    files = {"log.csv": {"path": "/log.csv", "sha256": "0" * 64}}
    assert files_of({"files": files}) is files


def test_an_unknown_log_is_one_sentence():
    with pytest.raises(
        RecoreError, match=r"^params\.yaml: `public` names 'digi'; public logs are diginetica, .*srgnn$"
    ):
        files_of({"public": "digi"})
