"""Sources small enough to work out by hand, for the three data stages, in a working directory of their own."""

import hashlib
from pathlib import Path

from builders import published_params

from recore import yaml12

ROOT = Path(__file__).parents[2]
PREFIXES = "session_id:token\titem_id_list:token_seq\titem_id:token\n"
CSV = {
    "format": "delimited",
    "delimiter": ",",
    "columns": {"session": "s", "item": "i", "time": "t"},
    "time": "seconds",
    "comparable": False,
}


def enter(folder, monkeypatch) -> dict:
    """Makes ``folder`` the working directory, without mirror or cache; returns the repository's own parameters."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("RECORE_CACHE", str(folder / "cache"))
    monkeypatch.delenv("RECORE_MIRROR", raising=False)
    return published_params()


def write(tree, name, fetch, read, recent=1.0, **split):
    tree["sources"][name] = {"fetch": fetch, "read": read, "split": {"recent": recent} | split, "train": {}}
    Path("params.yaml").write_text(yaml12.dump(tree), encoding="utf-8")


def own_files(folder, **contents):
    """Pinned files by path, as ``fetch`` states them."""
    files = {}
    for name, content in contents.items():
        file = folder / name.replace("_", ".")
        file.write_bytes(content)
        files[file.name] = {"path": str(file), "sha256": hashlib.sha256(content).hexdigest()}
    return {"files": files}


def small_log() -> bytes:
    """Session s0 of one click, then ten of a and b, an hour apart; s4 also holds x, which is rare."""
    lines = ["s0,a,0"]
    for k in range(1, 11):
        lines += [f"s{k},{item},{k * 3600 + place}" for place, item in enumerate("bxa" if k == 4 else "ab")]
    return ("s,i,t\n" + "\n".join(lines) + "\n").encode()


def inter(*sessions) -> bytes:
    rows = [(one[:end], one[end]) for one in sessions for end in range(len(one) - 1, 0, -1)]
    return (PREFIXES + "".join(f"1\t{' '.join(map(str, prefix))}\t{target}\n" for prefix, target in rows)).encode()
