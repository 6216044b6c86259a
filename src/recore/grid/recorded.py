"""Cells that were made without DVC, recorded in dvc.lock as if it had made them, or not at all.

``dvc commit -f`` asks nothing, and what it records of other params also goes into DVC's run cache, from where it comes
back later as if it had been made with them. So under DVC's own lock: the inputs are hashed again, and the outputs and
the weights; DVC then hashes what it will record, and after it all of that is hashed once more. Only then does anything
become part of the cache, the run cache and dvc.lock, in this order.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from recore import RecoreError, artifacts, params, paths
from recore.grid import cells, repository
from recore.grid.cells import Cell
from recore.grid.once import ask_once

WEIGHTS = "weights.safetensors"


class Recorded(NamedTuple):
    """How many stages are new in dvc.lock; cells that are out of it because of their inputs (why), or of no weights."""

    stages: int
    refused: dict[Cell, str]
    without_weights: list[Cell]


def known(grid: Iterable[Cell]) -> set[Cell]:
    """Those of the cells that DVC calls up to date; none where this is no checkout of DVC's."""
    if not (ranked := [cell for cell in grid if _ranks(cell).exists()]):
        return set()  # asking DVC takes long
    with repository.locked() as repo:
        if repo is None:
            return set()
        by_name = _stages(repo, ranked)
        return {cell for cell in ranked if _is_known(cell, by_name)}


def record(grid: Iterable[Cell]) -> Recorded | None:
    """Records those of the cells that were made without DVC, hold by their inputs.json, and are not in dvc.lock.

    None where this is no checkout of DVC's. RecoreError where a file changes while it is looked at.
    """
    with repository.locked() as repo:
        if repo is None:
            return None
        made = [cell for cell in grid if (_ranks(cell) / "inputs.json").exists()]
        faults = _faults(made)
        unweighed = [cell for cell in made if not faults[cell] and not _weighed(cell)]
        held = [cell for cell in made if not faults[cell] and cell not in unweighed]
        by_name = _stages(repo, made)
        refused = {cell: fault for cell, fault in faults.items() if fault and not _is_known(cell, by_name)}
        stages = [by_name[name] for cell in held for name in cell.stages if by_name[name].status()]
        for stage in stages:
            stage.save(run_cache=False)
        again = {cell: fault or ("" if _weighed(cell) else "its weights") for cell, fault in _faults(held).items()}
        if changed := {cell: fault for cell, fault in again.items() if fault}:
            cell, fault = next(iter(changed.items()))
            raise RecoreError(f"{cell} changed while it was recorded ({fault}); nothing is, run this again")
        for stage in stages:
            stage.commit(relink=False)
            repo.stage_cache.save(stage)
        if stages:
            stages[0].dvcfile.dump_stages(stages, update_pipeline=False)
        return Recorded(len(stages), refused, unweighed)


def _is_known(cell: Cell, by_name: dict[str, Any]) -> bool:
    return all(name in by_name and not by_name[name].status() for name in cell.stages)


def _faults(made: list[Cell]) -> dict[Cell, str]:
    """Why each cell is not that of the params, code and split as they are now; empty where it is."""
    given = params.load()
    cells.forget()
    stated = cells.stated(made, given)
    other = "params.yaml or dvc.yaml does not name it any more, or otherwise"
    return {cell: cells.outdated(cell, cells.inputs(cell, given)) if cell in stated else other for cell in made}


def _weighed(cell: Cell) -> bool:
    """Whether the weights that ranked are there: DVC would rank from them again."""
    if cell.seed is None:
        return True
    file = paths.model(cell.dataset, cell.variant, cell.seed) / WEIGHTS
    meta: dict[str, Any] = artifacts.read_json(_ranks(cell) / "meta.json")
    return file.exists() and artifacts.sha256(file) == meta["weights_hash"]


def _ranks(cell: Cell) -> Path:
    return paths.ranks(cell.dataset, cell.variant, cell.seed)


def _stages(repo: Any, grid: list[Cell]) -> dict[str, Any]:
    """Those of the cells by their names, as far as dvc.yaml has them."""
    names = {name for cell in grid for name in cell.stages}
    stages = {stage.addressing: stage for stage in repo.index.stages if stage.addressing in names}
    ask_once(list(stages.values()))
    return stages
