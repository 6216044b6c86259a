"""The tables and figures of a record, from its ranks: they are a function of these, params.yaml and today's code.

Stages significance and aggregate run in a temporary folder that holds the record as a checkout would.
"""

import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from recore import RecoreError, artifacts, costs, params, paths
from recore.evaluation.on_record import split, whole
from recore.evaluation.on_record.files import RESTORE, load, saved
from recore.evaluation.runs import taken_for
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
# Of every run that a row takes from elsewhere, by row, dataset and seed: test_hash and counts_sha256.
Taken = dict[str, dict[str, dict[str, dict[str, str]]]]


def cells_of(folder: Path) -> list[Stored]:
    """The runs that a record holds, each checked against its hash and the catalogue of its dataset."""
    cells = [load(folder, *cell) for cell in saved(folder)]
    check_catalogue(folder, cells, RESTORE)
    return cells


def check_catalogue(folder: Path, cells: list[Stored], way_out: str) -> None:
    """RecoreError where a run is not of the items, or recommends none of the clicks, of its dataset in a record."""
    clicks = {dataset: split.of_record(folder, dataset).clicks for dataset in {cell.dataset for cell in cells}}
    for cell in cells:
        own = clicks[cell.dataset]
        if cell.n_items != len(own):
            raise RecoreError(
                f"{cell} was ranked among {cell.n_items} items, but its dataset has {len(own)}; {way_out}"
            )
        whole.check_popularity(cell, own, way_out)


class Remade(NamedTuple):
    """What a record publishes, and the page that shows all of it, which is too large for git to keep every version."""

    files: dict[str, Path]  # by the names that they have in a record
    report: Path
    external: Taken


@contextmanager
def remade(folder: Path, given: params.Params, cells: list[Stored], noted: Taken | None = None) -> Iterator[Remade]:
    """Makes what a record publishes of its ``cells``. The files are there for as long as the block.

    noted: the external runs of a finished record, which may be fewer than there are by now.
    """
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        artifacts.write_text(root / paths.PARAMS, (folder / "params.yaml").read_text(encoding="utf-8"))
        for cell in cells:
            place(cell, root)
        for dataset in given.at("datasets"):
            split.put(folder, dataset, root)
        taken = _taken(given, folder.parent, root, noted)
        with chdir(root):
            for dataset in given.at("datasets"):
                significance.main([dataset])
            aggregate.main([])
        plots = [*sorted((root / paths.PLOTS).glob("*.csv")), *sorted((root / paths.PLOTS).glob("*.png"))]
        files = (*(root / paths.METRICS / name for name in TABLES), *plots)
        yield Remade({file.name: file for file in files}, root / paths.PLOTS / REPORT, taken)


def _taken(given: params.Params, records: Path, root: Path, noted: Taken | None) -> Taken:
    """Leaves under ``root`` the runs of the rows that were not trained here; RecoreError where one is not as noted."""
    taken: Taken = {}
    for name, row in given.external().items():
        for dataset in given.at("datasets"):
            runs = external.runs_of(given, dataset, name, records, root / paths.split(dataset))
            there = {paths.run(one.seed): one for one in runs}
            found = {run: {"test_hash": one.test_hash, "counts_sha256": one.counts_hash} for run, one in there.items()}
            own = found if noted is None else noted[name][dataset]
            if others := [run for run in own if own[run] != found.get(run)]:
                where = f"record {row['record']} holds" if "record" in row else "its files hold"
                raise RecoreError(
                    f"{name} of {dataset}, seed {others[0]}: {where} other ranks than this record was made of; "
                    f"{RESTORE}, or make the tables again with `python -m recore record tables`"
                )
            for run in own:
                with artifacts.new_folder(root / paths.ranks(dataset, name, there[run].seed)) as out:
                    there[run].write_ranks(out, name, taken=taken_for(row, given.at("evaluate.cutoffs")))
            taken.setdefault(name, {})[dataset] = own
    return taken


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
