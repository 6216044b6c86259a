"""The rows of docs/DATA.md for CORE's own logs, against CORE's own script.

``RECORE_CORE_SCRIPT=/path/to/preprocess.py pytest tests/data/test_core_script.py`` with the script of
github.com/RUCAIBox/CORE (dataset/preprocess.py), which is no part of this repository. It writes its split as .inter
files; these and the raw log go through the real stages, and what comes out has to be the same bytes.
"""

import hashlib
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from public_logs import diginetica, nowplaying, retailrocket, tmall, yoochoose

from recore import yaml12
from recore.stages import download, filter, split

ROOT = Path(__file__).parents[2]
# What the log of a set is called in public, the line that CORE's users put before it, and what the script then reads.
LOGS = {
    "retailrocket": (retailrocket, "events.csv", "", "events.csv"),
    "tmall": (tmall, "dataset15.csv", "", "dataset15.csv"),
    "nowplaying": (nowplaying, "nowplaying.csv", "", "nowplaying.csv"),
    "yoochoose": (yoochoose, "yoochoose-clicks.dat", "session_id,timestamp,item_id,category\n", "yoochoose.csv"),
    "diginetica": (diginetica, "train-item-views.csv", "", "train-item-views.csv"),
}


def rows_to_paste() -> dict:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/DATA.md").read_text(encoding="utf-8"), re.DOTALL)
    return {name: row for block in blocks for name, row in yaml12.parse(block, "DATA.md").items()}


def pinned(file: Path) -> dict[str, str]:
    return {"path": str(file), "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
@pytest.mark.parametrize("dataset", LOGS)
def test_the_row_to_paste_makes_the_split_of_cores_script(tmp_path, monkeypatch, dataset, zone, seed):
    script = os.environ.get("RECORE_CORE_SCRIPT")
    if not script:
        pytest.skip("RECORE_CORE_SCRIPT names no copy of CORE's dataset/preprocess.py")
    write, public, header, read_by_core = LOGS[dataset]
    text = write(random.Random(f"{dataset} {seed}"), 1500)
    (tmp_path / public).write_text(text)
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / read_by_core).write_text(header + text)
    command = [sys.executable, os.path.abspath(script), "--dataset", dataset]
    subprocess.run(command, cwd=tmp_path, env=os.environ | {"TZ": zone}, check=True, capture_output=True)

    raw = rows_to_paste()[f"{dataset}_raw"]
    raw["fetch"]["files"] = {public: pinned(tmp_path / public)}
    if "new_day" in raw["read"].get("sessions", {}):
        raw["read"]["sessions"]["zone"] = zone
    inter = {file.name: pinned(file) for file in (tmp_path / dataset).iterdir()}
    read = {"format": "core_inter", "comparable": True}
    cores = {"fetch": {"files": inter}, "read": read, "split": {"recent": 1.0}, "train": {}}
    tree = yaml12.read(ROOT / "params.yaml")
    tree["sources"] |= {"raw": raw, "cores": cores}
    (tmp_path / "params.yaml").write_text(yaml12.dump(tree), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECORE_MIRROR", raising=False)
    for source in ("raw", "cores"):
        for stage in (download, filter, split):
            stage.main([source])
    for name in ("train", "valid", "test"):
        for part in ("items", "offsets"):  # .inter files know no clock and no session's number in the log
            file = f"{name}.{part}.npy"
            ours, theirs = ((Path("data/split") / source / file).read_bytes() for source in ("raw", "cores"))
            assert ours == theirs, file
