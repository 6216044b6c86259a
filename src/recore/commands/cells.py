"""The cells of params.yaml without DVC: one after another in this process, or on other processes and machines.

python -m recore cells [--device auto] [--dataset D ...] [--no-weights] [--check]
python -m recore cells --executor processes --jobs 4
python -m recore cells --executor dask --address tcp://head:8786
python -m recore cells --executor package.module:function

A cell is one run, dataset × variant × seed, trained and ranked by the commands that dvc.yaml states for it; that of a
baseline has no seed and one command. It needs data/split/DATASET alone. Beside its ranks stands ``inputs.json``, what
dvc.lock is to DVC. A cell whose inputs are those of today and whose files are those that it made is done; any other is
made (again), so a killed command continues where it was, a changed number never meets old ranks, and a torn file never
counts.

With --executor the cells are made by whatever that names, in any order, and taken when they are whole and what was
asked for (docs/MACHINES.md). Where DVC is, what it calls up to date is not made, and what was made is recorded in
dvc.lock, so that `dvc repro` has nothing left to train. Nothing else may make cells in the checkout meanwhile; without
--executor several of these may, each those of its own --dataset.
"""

import argparse
import time

from recore import RecoreError, params, paths
from recore.grid import lock
from recore.grid.cells import Cell, cells_of, imported, inputs, make, outdated


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m recore cells", description="Trains and ranks the cells that are missing, here or elsewhere."
    )
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--dataset", nargs="+", help="only these of params.yaml")
    parser.add_argument(
        "--no-weights", action="store_true", help="keep no weights of a cell; DVC cannot record it then"
    )
    parser.add_argument(
        "--check", action="store_true", help="make nothing; fail where a cell would be made, as one of DVC's"
    )
    parser.add_argument("--executor", help="processes, dask or package.module:function; without it, this process")
    parser.add_argument("--address", help="of the Dask scheduler, such as tcp://head:8786")
    parser.add_argument("--jobs", type=int, help="cells at once (processes: 1; others: as their workers need)")
    args = parser.parse_args(argv)
    if args.executor is None and (args.address or args.jobs):
        raise RecoreError("--address and --jobs are for --executor, which names what makes the cells")

    given = params.load()
    cells = cells_of(given, args.dataset)
    # All at the start, just before this process imports them.
    needed = [inputs(cell, given) for cell in cells]
    faults = [outdated(cell, made_from) for cell, made_from in zip(cells, needed, strict=True)]
    if args.check:
        _check(cells, faults)
    elif args.executor:
        from recore.grid import elsewhere  # a machine without DVC needs no more than its cells do

        unmade = {cell: made_from for cell, made_from, fault in zip(cells, needed, faults, strict=True) if fault}
        elsewhere.make(cells, unmade, (args.executor, args.address, args.jobs), args.device, not args.no_weights)
    else:
        with lock.among_others():
            imported([cell for cell, fault in zip(cells, faults, strict=True) if fault])
            _make(list(zip(cells, needed, faults, strict=True)), args.device, not args.no_weights)


def _make(planned: list[tuple[Cell, dict, str]], device: str, weights: bool) -> None:
    for number, (cell, made_from, fault) in enumerate(planned, start=1):
        done = "up to date"
        if fault:
            started = time.perf_counter()
            make(cell, device, made_from)
            done = f"made in {time.perf_counter() - started:.0f} s, since {fault}"
        if not weights:
            (paths.model(cell.dataset, cell.variant, cell.seed) / "weights.safetensors").unlink(missing_ok=True)
        print(f"{cell} ({number} of {len(planned)}): {done}", flush=True)


def _check(cells: list[Cell], faults: list[str]) -> None:
    for cell, fault in zip(cells, faults, strict=True):
        print(f"{cell}: {fault or 'up to date'}")
    behind = sum(map(bool, faults))
    if behind:
        raise RecoreError(
            f"{behind} of {len(cells)} cells are not those of this checkout; make them with `python -m recore cells` "
            "or take data/ranks, data/records and data/split from where the same code and params.yaml made them"
        )
