"""A grid of three small cells, and what is asked of a worker for each."""

import json
from pathlib import Path

from recore import params, yaml12
from recore.grid import bundle, cells


def tiny(tree) -> None:
    """trm, hn and pop, one seed, one epoch."""
    tree |= {"datasets": ["demo"], "seeds": [1]}
    tree["variants"] = {"plain": {"trm": {}}, "hybrid": {"hn": {}}, "baselines": {"pop": {}}}
    tree["sources"]["demo"]["fetch"] |= {"sessions": 120, "items": 25}
    tree["sources"]["demo"]["train"] |= {"epochs": 1}
    tree["train"]["threads"] = 1
    tree["significance"]["comparisons"] = [["hn", "trm"]]


def change(**values) -> None:
    tree = yaml12.read(Path("params.yaml"))
    Path("params.yaml").write_text(yaml12.dump(tree | values))


def order(cell, **others) -> bytes:
    """What a worker is asked for a cell of the working folder."""
    own = [cell.dataset, cell.variant, "none" if cell.seed is None else str(cell.seed)]
    asked = {"bundle": bundle.bundle(cell.dataset)[0], "cell": own, "device": "cpu", "weights": True, "hold": 0}
    asked |= {"inputs": cells.inputs(cell, params.load()), "folders": bundle.folders(cell)}
    return json.dumps(asked | others).encode()
