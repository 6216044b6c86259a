"""`python -m recore check` says what params.yaml asks for and what is read of each log, before anything is trained."""

import copy
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from builders import published_params

from recore import RecoreError, yaml12
from recore.commands import check

ROOT = Path(__file__).parents[2]
GIVEN = published_params()
GIVEN["variants"]["baselines"] = {"pop": {}, "vmis": {}}
READ = {"format": "delimited", "delimiter": ",", "columns": {"item": "i", "time": "t"}, "time": "seconds"}
SHOP = {
    "fetch": {"files": {"shop.csv": {"path": "", "sha256": "0" * 64}}},
    "read": READ | {"sessions": {"by": "u", "gap": "30m"}, "missing": "drop", "comparable": False},
    "split": {"recent": 1.0},
    "train": {"epochs": 5},
}


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Writes params.yaml (and a log of 40 visitors with 4 clicks each) and gives what the command prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECORE_MIRROR", raising=False)
    monkeypatch.setenv("RECORE_CACHE", str(tmp_path / "cache"))
    day = 86_400
    clicks = [(f"u{u}", c % 3, 1_600_000_000 + u * day + 60 * c) for u in range(40) for c in range(4)]
    rows = "".join(f"{u},{i},{t}\n" for u, i, t in clicks)
    (tmp_path / "shop.csv").write_text("u,i,t\nNULL,1,1600000000\n" + rows)

    def ask(capsys, **changes):
        tree = copy.deepcopy(GIVEN)
        shop = copy.deepcopy(SHOP)
        shop["fetch"]["files"]["shop.csv"]["path"] = str(tmp_path / "shop.csv")
        tree["sources"]["shop"] = shop
        for key, value in changes.items():
            shop["read"][key] = value
        tree["datasets"] = ["shop"]
        (tmp_path / "params.yaml").write_text(yaml12.dump(tree))
        check.main([])
        return capsys.readouterr().out

    return ask


def test_a_row_of_a_record_that_is_not_there_is_told_before_anything_is_trained(asked, capsys, monkeypatch):
    monkeypatch.setitem(GIVEN, "variants", GIVEN["variants"] | {"external": {"kept": {"record": "r", "variant": "v"}}})
    with pytest.raises(RecoreError, match=r"^shop: docs/results/r is no record with ranks; .* are none$"):
        asked(capsys)


def test_what_is_read_is_said(asked, capsys):
    said = asked(capsys)
    assert said.startswith(
        "1 dataset × 5 variants × 5 seeds = 25 cells of ave, trm, da, hn, dahn\n"
        "beside them, fitted without seeds: pop, vmis\nshop: the whole log\n"
    )
    assert "  shop.csv: 161 rows, 1 dropped (no visitor)\n" in said
    assert "  columns: visitor = u, item = i, time = t\n" in said
    # Each visitor clicks on 0, 1, 2 and again on 0: a repeat in 4.
    assert (
        "  40 sessions, 160 clicks, 3 items; a session has 4 clicks (median), the longest 4; 25.0% of the clicks"
        in said
    )
    assert "  sessions end between 2020-09-13 12:29:40 and 2020-10-22 12:29:40 UTC\n" in said
    assert "train 32 sessions, 96 cases; valid 4 sessions, 12 cases; test 4 sessions, 12 cases; 3 items\n" in said
    assert "expected: 96 training cases an epoch; 1 min a cell of 5 epochs" in said


def test_a_session_that_is_most_of_the_log_is_a_warning(asked, capsys):
    with pytest.raises(RecoreError, match="the split leaves no session of 2 clicks in valid"):
        asked(capsys, sessions={"by": "i", "gap": "60d"})
    assert "warning: one session has 50% of all clicks; is it one, or a bot?" in capsys.readouterr().out


def test_a_log_that_cannot_be_read_is_a_fault(asked, capsys):
    with pytest.raises(
        RecoreError, match=r"^shop: shop\.csv, data row 2: the time '1600000000' is not an ISO 8601 time"
    ):
        asked(capsys, time="iso8601")


def test_what_has_to_be_downloaded_is_not_waited_for(asked, capsys, tmp_path):
    asked(capsys)
    tree = yaml12.read(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text(yaml12.dump(tree | {"datasets": ["tmall", "demo"]}))
    check.main([])
    said = capsys.readouterr().out
    assert "tmall: not on this machine yet; `dvc repro` downloads it\n" in said
    assert "demo: the whole log\n" in said


def test_the_head_of_a_large_log_says_that_the_rest_was_not_read(asked, capsys, monkeypatch):
    monkeypatch.setattr(check.heads, "LIMIT", 1600)
    said = asked(capsys)
    assert "shop: the first 5" in said
    assert "if the rest of the log is like its begin" in said


def test_what_the_rest_of_a_large_log_may_hold_is_a_warning(asked, capsys, monkeypatch):
    monkeypatch.setattr(check.heads, "LIMIT", 1600)
    said = asked(capsys, where={"i": [7]})
    assert "  warning: shop.csv: `where.i` names '7', which does not occur" in said


def test_a_zip_and_a_mirror_are_looked_into(asked, capsys, tmp_path, monkeypatch):
    asked(capsys)
    tree = yaml12.read(tmp_path / "params.yaml")
    tree["sources"]["shop"]["fetch"]["files"] = {
        "shop.zip": {"url": "https://example.org/shop.zip", "sha256": "0" * 64, "unzip": True}
    }
    (tmp_path / "params.yaml").write_text(yaml12.dump(tree))
    (tmp_path / "mirror" / "shop").mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "mirror" / "shop" / "shop.zip", "w") as archive:
        archive.write(tmp_path / "shop.csv", "in/shop.csv")
    monkeypatch.setenv("RECORE_MIRROR", str(tmp_path / "mirror"))
    check.main([])
    assert "  shop.csv: 161 rows, 1 dropped (no visitor)\n" in capsys.readouterr().out


def test_a_zip_that_reaches_out_is_refused(asked, capsys, tmp_path):
    asked(capsys)
    tree = yaml12.read(tmp_path / "params.yaml")
    file = {"path": str(tmp_path / "shop.zip"), "sha256": "0" * 64, "unzip": True}
    tree["sources"]["shop"]["fetch"]["files"] = {"shop.zip": file}
    (tmp_path / "params.yaml").write_text(yaml12.dump(tree))
    with zipfile.ZipFile(tmp_path / "shop.zip", "w") as archive:
        archive.writestr("../evil.csv", "u,i,t\n")
    with pytest.raises(RecoreError, match=r"shop\.zip is refused: its member '\.\./evil\.csv' would land outside"):
        check.main([])


def test_the_expected_time_is_that_of_the_benchmark_to_a_factor_of_two():
    measured = pd.read_csv(ROOT / "benchmarks" / "results" / "growth.csv")
    steps = measured[(measured.what == "step alone") & (measured.side == "ours") & measured.prefix_length.isna()]
    assert len(steps) >= 4
    for step in steps.itertuples():
        expected_s = step.batch * (check.CASE_MS / 1e3 + step.items * check.ITEM_NS / 1e9)
        assert 0.5 < expected_s / step.value < 2
