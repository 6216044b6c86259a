"""The tables and figures of a record, from its ranks: they are a function of these, params.yaml and today's code.

Stages significance and aggregate run in a temporary folder that holds the record as a checkout would.
"""

import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from recore import artifacts, costs, params, paths
from recore.evaluation.on_record import split
from recore.evaluation.on_record.files import load, saved
from recore.evaluation.stored import Stored
from recore.stages import aggregate, external, significance

TABLES = (
    "results.csv",
    "comparisons.csv",
    "runs.csv",
    "across.csv",
    "windows.csv",
    "breakdowns.csv",
    "contributions.csv",
    "table.md",
)
REPORT = "report.html"
DRAWN_BY = "matplotlib"
PACKAGES = ("numpy", "scipy", "pandas", DRAWN_BY)


def cells_of(folder: Path) -> list[Stored]:
    """The runs that a record holds, each checked against its hash."""
    return [load(folder, *cell) for cell in saved(folder)]


@contextmanager
def remade(folder: Path, given: params.Params, cells: list[Stored]) -> Iterator[dict[str, Path]]:
    """Makes what a record publishes of its ``cells``; yields the files by the names that they have in a record.

    They are there for as long as the block.
    """
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        artifacts.write_text(root / paths.PARAMS, (folder / "params.yaml").read_text(encoding="utf-8"))
        for cell in cells:
            place(cell, root)
        for dataset in given.at("datasets"):
            split.put(folder, dataset, root)
            for name in given.external():
                for one in external.runs_of(given, dataset, name, folder.parent, root / paths.split(dataset)):
                    with artifacts.new_folder(root / paths.ranks(dataset, name, one.seed)) as out:
                        one.write_ranks(out, name)
        with chdir(root):
            for dataset in given.at("datasets"):
                significance.main([dataset])
            aggregate.main([])
        plots = [*sorted((root / paths.PLOTS).glob("*.csv")), *sorted((root / paths.PLOTS).glob("*.png"))]
        yield {file.name: file for file in (*(root / paths.METRICS / name for name in TABLES), *plots)} | {
            REPORT: root / paths.PLOTS / REPORT
        }


def place(cell: Stored, root: Path) -> None:
    """Leaves under ``root`` what stages train and evaluate, or baseline, leave of a run, but its weights."""
    own = (cell.dataset, cell.variant, cell.seed)
    with artifacts.new_folder(root / paths.record(*own)) as out:
        artifacts.write_json(out / "record.json", cell.record)
        if cell.history is not None:
            artifacts.write_text(out / "history.csv", cell.history)
        if cell.cost:
            costs.write(out, cell.cost)
    with artifacts.new_folder(root / paths.ranks(*own)) as out:
        cell.write_ranks(out)


def versions() -> dict[str, str]:
    """Of what the last digits of a table, and the pixels of a figure, depend on."""
    return {name: version(name) for name in PACKAGES}


def drawn_otherwise(about: dict[str, Any]) -> str | None:
    """Why figures made here may differ from those of a record, which another Matplotlib drew; None where none did.

    about: its provenance.json.
    """
    theirs, here = (about.get("versions") or {}).get(DRAWN_BY), version(DRAWN_BY)
    if theirs == here:
        return None
    return f"Matplotlib {theirs or 'of an unknown version'} drew it, and {here} is installed here"
