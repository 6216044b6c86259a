"""The cells of a checkout that are not made, made by an executor, and recorded in dvc.lock as far as they hold."""

import os
from typing import Any

from recore import RecoreError, params
from recore.grid import bundle, lock, recorded, repository
from recore.grid import cells as grid
from recore.grid.cells import Cell
from recore.grid.drive import Drive, Task
from recore.grid.executors import engine
from recore.grid.progress import View
from recore.training.provenance import provenance

Named = tuple[str, str | None, int | None]  # --executor, --address, --jobs


def make(cells: list[Cell], unmade: dict[Cell, dict[str, Any]], named: Named, device: str, weights: bool) -> None:
    """Makes the ``unmade`` of the cells from their inputs. RecoreError where one was given up or could not be recorded.

    weights: whether they are sent here. Without them a cell cannot be recorded, for DVC might have to rank it again.
    """
    chosen = engine(*named)
    with lock.alone():
        by_dvc = recorded.known(unmade)
        tasks = [Task(cell, needed) for cell, needed in unmade.items() if cell not in by_dvc]
        # Now, when the code is still that which is sent.
        here, bundles = provenance(None), _bundles(tasks)
        view = View(len(tasks))
        view.note(f"{len(cells) - len(tasks)} of {len(cells)} cells are up to date")
        view.note(_crowded(named, params.load().at("train.threads")))
        given_up = []
        try:
            if tasks:
                made_by = {name: here[name] for name in ("commit", "dirty")}
                with repository.reserved([task.cell for task in tasks]):
                    given_up = Drive(chosen, device, weights, made_by, view, bundles).run(tasks)
        finally:
            view.close()
        faults = []
        if given_up:
            faults = [f"{len(given_up)} of {len(cells)} cells could not be made; the others are"]
            faults += [f"{task.cell}: {task.said}" for task in given_up]
        try:
            _record([cell for cell in cells if cell not in {task.cell for task in given_up}])
        except RecoreError as fault:
            faults.append(str(fault))
    if faults:
        raise RecoreError("\n".join(faults))


def _crowded(named: Named, threads: int) -> str:
    """That processes are to take more threads than there are cores; empty where they are not."""
    name, _, jobs = named
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if name != "processes" or (jobs or 1) * threads <= cores:
        return ""
    return (
        f"{jobs or 1} cells at once of train.threads {threads} each want more than the {cores} cores of this machine, "
        f"and may take several times as long; --jobs {max(1, cores // threads)} suits it"
    )


def _bundles(tasks: list[Task]) -> dict[str, tuple[str, bytes]]:
    """What travels, by dataset, all of it now. RecoreError where that is not what the tasks were hashed from.

    DVC's lock has been waited for since then, and a second dataset may have its turn hours later.
    """
    bundles = {name: bundle.bundle(name) for name in dict.fromkeys(task.cell.dataset for task in tasks)}
    grid.forget()
    given = params.load()
    stated = grid.stated([task.cell for task in tasks], given)
    for task in tasks:
        needed = grid.inputs(task.cell, given) if task.cell in stated else None
        changed = grid.differing(needed, task.needed) if needed else ["what params.yaml or dvc.yaml says of it"]
        if changed:
            raise RecoreError(
                f"{task.cell}: {', '.join(changed)} changed while this began, so nothing was made; run this again"
            )
    return bundles


def _record(cells: list[Cell]) -> None:
    found = recorded.record(cells)
    if found is None:
        print("no DVC here, so dvc.lock was left alone", flush=True)
        return
    print(f"{found.stages} stages of these cells are new in dvc.lock", flush=True)
    if found.without_weights:
        print(f"{len(found.without_weights)} cells have no weights here, so they are not in dvc.lock", flush=True)
    if found.refused:
        cell, fault = next(iter(found.refused.items()))
        raise RecoreError(
            f"{len(found.refused)} of {len(cells)} cells were not recorded; {cell}: {fault}; run this again to make "
            "them as params.yaml, the code and the split are now"
        )
