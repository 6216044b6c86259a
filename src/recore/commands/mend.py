"""Mends what DVC cannot read: what it leaves when it is killed while it writes, and a params.yaml of older code.

python -m recore mend [--forget]

DVC writes these two files in place, so a kill can tear them, and then every `dvc` command fails. Without them nothing
is lost: what was made lies in DVC's run cache, and the next `dvc repro` takes it from there. A whole file stays.

DVC wants every key that a stage lists. Those that came later than a params.yaml (a record's, say) are added to it, with
the values that leave its experiment as it was.

What dvc.lock says that a stage made of today's inputs is all that DVC looks for. Where that is not in its cache, as
with results that another machine made, DVC runs the stage, though the run cache may have it: ``--forget`` takes such
stages out of dvc.lock.
"""

import argparse
import json
from pathlib import Path

from ruamel.yaml import YAML, YAMLError

from recore import RecoreError, artifacts, paths, schema, yaml12

LOCK = paths.LOCK  # what every stage was made from
PROCESSES = Path(".dvc/tmp/rwlock")  # which process reads and writes what


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m recore mend", description="Removes what a kill tore, and completes an older params.yaml."
    )
    parser.add_argument("--forget", action="store_true", help="take out of dvc.lock what is not in DVC's cache")
    args = parser.parse_args(argv)
    for file, is_whole in ((LOCK, _is_lock), (PROCESSES, _is_json)):
        if file.exists() and not is_whole(file.read_bytes()):
            file.unlink()
            print(f"recore: a kill tore {file}; removed, since DVC's run cache has what was made", flush=True)
    if added := _complete(paths.PARAMS):
        print(f"recore: {paths.PARAMS} is older than {', '.join(added)}; added, with the value of before", flush=True)
    if args.forget:
        from recore.grid import repository  # every `make` begins with this command, and needs no more than the above

        if forgotten := repository.forget_uncached():
            print(f"recore: {forgotten} stages are out of {LOCK}, since DVC's cache lacks what they made", flush=True)


def _complete(file: Path) -> list[str]:
    """Adds the keys of the whole file that came later, and names them; none where it is not there or no experiment."""
    try:
        text = file.read_text(encoding="utf-8")
        tree = yaml12.parse(text, str(file))
    except (OSError, UnicodeDecodeError, RecoreError):
        return []  # whoever loads it says what is wrong
    if not isinstance(tree, dict) or "hard_neg_k" not in tree:
        return []
    later = {key: value for key, value in schema.LATER.items() if key not in tree}
    if later:
        whole = text.rstrip("\n") + "\n" + yaml12.dump(later)
        try:
            added = yaml12.parse(whole, str(file)) == tree | later
        except RecoreError:
            added = False
        if not added:  # braces around it all, or an end mark
            given = ", ".join(f"{key}: {value}" for key, value in later.items())
            raise RecoreError(f"{file} is older than the code and takes nothing at its end; add {given} by hand")
        artifacts.write_text(file, whole)
    return list(later)


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
