"""What DVC cannot read after a kill is removed, and nothing that it can read."""

from pathlib import Path

import pytest

from recore import RecoreError, yaml12
from recore.commands import mend

OFF = ("hard_neg_own", "hard_neg_pool", "hard_neg_skip", "hard_neg_warmup")
STAGE = """\
  cut:
    cmd: cut
    params:
      params.yaml:
        looks: null
    outs:
    - path: data
      md5: ab
"""
WHOLE = "schema: '2.0'\nstages:\n" + STAGE


@pytest.fixture
def lock(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    mend.LOCK.write_text(WHOLE + STAGE.replace("cut", "sew"))
    mend.PROCESSES.parent.mkdir(parents=True)
    mend.PROCESSES.write_text('{"write": {}, "read": {"data": [{"pid": 7, "cmd": "dvc repro"}]}}')
    return tmp_path / mend.LOCK


def test_whole_files_stay(lock, capsys):
    mend.main([])
    assert lock.exists()
    assert mend.PROCESSES.exists()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("lines", range(10))
def test_a_lock_that_breaks_off_between_its_lines_goes(lock, lines, capsys):
    """All but the ends at which a stage already has an output: DVC reads those, and the stage runs again."""
    kept = lock.read_text().splitlines(keepends=True)[: lines + 9]
    lock.write_text("".join(kept))
    mend.main([])
    ends_in_a_stage = lines in (0, 1, 8, 9)
    assert lock.exists() == ends_in_a_stage
    assert ("a kill tore dvc.lock" in capsys.readouterr().out) != ends_in_a_stage


@pytest.mark.parametrize("text", ["", "schema: '2.0", WHOLE[:-1], WHOLE + "  'sew", "[]\n"])
def test_a_lock_that_breaks_off_in_a_line_goes(lock, text):
    lock.write_text(text)
    mend.main([])
    assert not lock.exists()
    assert mend.PROCESSES.exists()


@pytest.mark.parametrize("text", ["", '{"write": {}, "re'])
def test_a_torn_list_of_processes_goes(lock, text):
    mend.PROCESSES.write_text(text)
    mend.main([])
    assert not mend.PROCESSES.exists()
    assert lock.exists()


def test_a_params_yaml_of_older_code_gets_the_keys_that_dvc_wants(lock, capsys):
    text = (Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8")
    older = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(OFF))
    Path("params.yaml").write_text(older, encoding="utf-8")
    mend.main([])
    assert capsys.readouterr().out.count("params.yaml is older than hard_neg_own, hard_neg_pool, hard_neg_skip") == 1
    mended = Path("params.yaml").read_text(encoding="utf-8")
    assert mended.startswith(older)
    assert yaml12.parse(mended, "") == yaml12.parse(text, "")
    mend.main([])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("text", ["hard_neg_k: 5\n...\n", "{hard_neg_k: 5}\n"])
def test_a_params_yaml_that_ends_otherwise_stays(lock, text):
    Path("params.yaml").write_text(text)
    with pytest.raises(RecoreError, match=r"^params.yaml is older .* add hard_neg_own: keep, .*: 0 by hand$"):
        mend.main([])
    assert Path("params.yaml").read_text() == text


@pytest.mark.parametrize("text", ["seeds: [1\n", "", "- 1\n", "other: 1\n"])
def test_a_params_yaml_that_is_none_stays(lock, text):
    Path("params.yaml").write_text(text)
    mend.main([])
    assert Path("params.yaml").read_text() == text
