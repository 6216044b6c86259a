"""One cell in a process of its own, in a folder that ``worker`` has prepared; nobody else calls this.

python -m recore.grid.child DATASET VARIANT SEED --device DEVICE

Ends when its standard input does, which is when the process that started it is gone. Status 75: it could not begin, or
the machine has no room; 76: the code or the split is not what expected.json says; anything else is of the cell itself.
"""

import argparse
import errno
import os
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

from recore.grid.worker import OTHER_INPUTS, UNFIT
from recore.stages import run

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def main() -> None:
    parser = argparse.ArgumentParser(prog="recore.grid.child")
    parser.add_argument("dataset")
    parser.add_argument("variant")
    parser.add_argument("seed", help="none for a baseline")
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        from recore.grid import cells  # here, where a package that is missing is no fault of the cell

        cell, made_from, differ = _asked(args)
    except Exception as fault:
        _unfit(fault)
    if differ:
        print(f"recore: {', '.join(differ)} is not what was sent", file=sys.stderr)
        sys.exit(OTHER_INPUTS)
    try:
        cells.make(cell, args.device, made_from)
    except ModuleNotFoundError as fault:
        if (fault.name or "").partition(".")[0] == "recore":
            raise
        _unfit(fault)
    except OSError as fault:
        if fault.errno not in NO_ROOM:
            raise
        _unfit(fault)


def _asked(args: argparse.Namespace) -> tuple[Any, dict[str, Any], list[str]]:
    """The cell, its inputs here, and in what they are not those that were asked for."""
    from recore import artifacts, params, paths
    from recore.grid import cells

    given = params.load()
    own = (args.dataset, args.variant, paths.seed_of(args.seed))
    cell = next(c for c in cells.cells_of(given, [args.dataset]) if (c.dataset, c.variant, c.seed) == own)
    made_from = cells.inputs(cell, given)
    if cell.seed is not None:
        from recore.models.device import chosen

        chosen(args.device)
    return cell, made_from, cells.differing(artifacts.read_json(Path("expected.json")), made_from)


def _unfit(fault: Exception) -> NoReturn:
    print(f"recore: {type(fault).__name__}: {fault}", file=sys.stderr)
    sys.exit(UNFIT)


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    run(main)
