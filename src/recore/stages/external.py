"""Stage external: the ranks of a row that is not trained here, taken from a record, as stage evaluate leaves others.

python -m recore.stages.external DATASET VARIANT

A row of ``variants.external`` names a record (docs/results/NAME) and a variant there. It gets the seeds of params.yaml
that the record has, from the first on, or the one run of a baseline, and only where both were tested on the same cases
out of as many items.
"""

import argparse
from pathlib import Path
from typing import Any

from recore import RecoreError, artifacts, params, paths
from recore.data.cases import Cases
from recore.data.sessions import Sessions
from recore.evaluation.identity import cases_hash
from recore.evaluation.stored import Stored, load, saved
from recore.stages import run


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.stages.external", description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("variant")
    args = parser.parse_args(argv)
    given = params.load()
    seeds, row = given.at("seeds"), given.at(f"variants.external.{args.variant}")
    runs = from_record(paths.ON_RECORD, args.dataset, row, seeds)
    _check_test_set(args.dataset, args.variant, row, runs)
    with artifacts.new_folder(paths.RANKS / args.dataset / args.variant) as out:
        for one in runs:
            (out / paths.run(one.seed)).mkdir()
            one.write_ranks(out / paths.run(one.seed), args.variant)


def from_record(records: Path, dataset: str, row: dict[str, Any], seeds: list[int]) -> list[Stored]:
    """The runs of a row: those of the ``seeds`` that its record has, up to the first that it lacks, or a baseline's.

    records: the folder of all records. RecoreError where the record has none of them.
    """
    folder, variant = records / row["record"], row["variant"]
    there = list(saved(folder))
    if not there:
        known = ", ".join(sorted({file.parts[-4] for file in records.glob("*/ranks/*/test.parquet")})) or "none"
        raise RecoreError(f"{folder} is no record with ranks; those that have some are {known}")
    if (dataset, variant, None) in there:
        return [load(folder, dataset, variant, None)]
    for kind, at, wanted in (("dataset", 0, dataset), ("variant", 1, variant), ("seed", 2, seeds[0])):
        has = list(dict.fromkeys(name[at] for name in there))
        if wanted not in has:
            raise RecoreError(f"{folder} has no ranks of {kind} {wanted}; it has those of {', '.join(map(str, has))}")
        there = [name for name in there if name[at] == wanted or kind == "seed"]
    kept = {seed for _, _, seed in there}
    missing = (at for at, seed in enumerate(seeds) if seed not in kept)
    return [load(folder, dataset, variant, seed) for seed in seeds[: next(missing, len(seeds))]]


def _check_test_set(dataset: str, variant: str, row: dict[str, Any], runs: list[Stored]) -> None:
    folder = paths.split(dataset)
    cases = Cases(Sessions.load(folder, "test"), 1)  # which they are does not depend on the clicks that are read
    own = cases_hash(cases.session, cases.position, cases.target), artifacts.read_json(folder / "stats.json")["items"]
    for one in runs:
        if (one.test_hash, one.n_items) != own:
            raise RecoreError(
                f"{dataset}: {variant} cannot be compared with the runs here, because record {row['record']} was "
                f"tested on other cases or items (test_hash {one.test_hash[:8]} and {own[0][:8]}, {one.n_items:,} and "
                f"{own[1]:,} items); use the `sources`, `filter` and `split` of its params.yaml"
            )


if __name__ == "__main__":
    run(main)
