"""Clears what DVC leaves when it is killed while it writes: a dvc.lock or a list of its processes that it cannot read.

python -m recore mend

DVC writes these two files in place, so a kill can tear them, and then every `dvc` command fails. Without them nothing
is lost: what was made lies in DVC's run cache, and the next `dvc repro` takes it from there. A whole file stays.
"""

import argparse
import json
from pathlib import Path

from ruamel.yaml import YAML, YAMLError

LOCK = Path("dvc.lock")  # what every stage was made from
PROCESSES = Path(".dvc/tmp/rwlock")  # which process reads and writes what


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m recore mend", description="Removes what a kill tore of DVC's own files."
    )
    parser.parse_args(argv)
    for file, is_whole in ((LOCK, _is_lock), (PROCESSES, _is_json)):
        if file.exists() and not is_whole(file.read_bytes()):
            file.unlink()
            print(f"recore: a kill tore {file}; removed, since DVC's run cache has what was made", flush=True)


def _is_lock(content: bytes) -> bool:
    """Whether it ends with a line and with a stage that has its outputs, which come last."""
    try:
        stages = YAML(typ="safe").load(content)["stages"]
        return content.endswith(b"\n") and all(stage["outs"] for stage in stages.values())
    except (YAMLError, ValueError, TypeError, KeyError, AttributeError):
        return False


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True
