"""Stage external: the ranks of a row that is not trained here, as stage evaluate leaves others.

python -m recore.stages.external DATASET VARIANT

A row of ``variants.external`` names a record (docs/results/NAME) and a variant there, or files that another program
wrote. It gets the seeds of params.yaml that these have, from the first on, or the one run of what has no seeds, and
only where the same cases were tested, out of as many items. A record must also have the training clicks of the split
and the ``max_length`` of params.yaml here, or a difference would be that of the data.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recore import RecoreError, artifacts, params, paths, yaml12
from recore.data.cases import Cases
from recore.data.sessions import Sessions
from recore.evaluation.external.files import by_seed, content_of
from recore.evaluation.external.ranks import ranks_of
from recore.evaluation.identity import cases_hash
from recore.evaluation.on_record import sums
from recore.evaluation.on_record.files import load, saved
from recore.evaluation.on_record.split import of_checkout, of_record
from recore.evaluation.runs import taken_for
from recore.evaluation.stored import Stored
from recore.evaluation.written import ranks_table
from recore.stages import run


@dataclass(frozen=True)
class TestSet:
    """What the ranks of a row have to be of."""

    cases: Cases
    n_items: int

    @classmethod
    def of(cls, split: Path) -> "TestSet":
        """That of a folder under data/split. Which cases it has does not depend on the clicks that are read."""
        return cls(Cases(Sessions.load(split, "test"), 1), artifacts.read_json(split / "stats.json")["items"])

    @property
    def hash(self) -> str:
        return cases_hash(self.cases.session, self.cases.position, self.cases.target)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="recore.stages.external", description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("variant")
    args = parser.parse_args(argv)
    given = params.load()
    runs = runs_of(given, args.dataset, args.variant, paths.ON_RECORD, paths.split(args.dataset))
    row = given.at(f"variants.external.{args.variant}")
    # Nothing reads it; but what has runs has a folder in data/records, which the next stages ask for.
    with artifacts.new_folder(paths.RECORDS / args.dataset / args.variant) as out:
        artifacts.write_json(out / "origin.json", row)
    with artifacts.new_folder(paths.RANKS / args.dataset / args.variant) as out:
        for one in runs:
            (out / paths.run(one.seed)).mkdir()
            one.write_ranks(out / paths.run(one.seed), args.variant, taken=taken_for(row, given.at("evaluate.cutoffs")))


def runs_of(given: params.Params, dataset: str, variant: str, records: Path, split: Path) -> list[Stored]:
    """The runs of a row, in the order of the seeds. records: the folder of all; split: that of the dataset.

    RecoreError where there are none, or they are not of the split.
    """
    row, seeds, depth = given.at(f"variants.external.{variant}"), given.at("seeds"), max(given.at("evaluate.cutoffs"))
    if "record" not in row:
        return list(_from_files(dataset, variant, row, seeds, depth, TestSet.of(split)))
    runs = from_record(records, dataset, row, seeds)
    _check_test_set(dataset, variant, row, runs, TestSet.of(split))
    _check_training_set(dataset, variant, row, given, records / row["record"], split)
    return runs


def _from_files(
    dataset: str, variant: str, row: dict[str, Any], seeds: list[int], depth: int, test: TestSet
) -> Iterator[Stored]:
    if row["test_hash"] != test.hash:
        raise RecoreError(
            f"{dataset}: {variant} was ranked on another test set, since its row says test_hash {row['test_hash']} and "
            f"the split here has {test.hash}; use its `sources`, `filter` and `split`, or rank the cases that "
            "`python -m recore export` writes"
        )
    for seed, (key, spec) in by_seed(variant, row, seeds).items():
        ranks = ranks_of(content_of(key, spec), spec["path"], test.cases, test.n_items, depth)
        cases = ranks_table(test.cases, {"above": ranks.above.astype(np.int32), "tied": ranks.tied.astype(np.int32)})
        yield Stored(dataset, variant, seed, cases, test.n_items, {}, {}, "", None, listed=ranks.listed)


def from_record(records: Path, dataset: str, row: dict[str, Any], seeds: list[int]) -> list[Stored]:
    """The runs of a row: those of the ``seeds`` that its record has, up to the first that it lacks, or a baseline's.

    records: the folder of all records. RecoreError where the record has none of them.
    """
    folder, variant = records / row["record"], row["variant"]
    there = list(saved(folder))
    if not there:
        known = ", ".join(sorted({file.parts[-4] for file in records.glob("*/ranks/*/test.parquet")})) or "none"
        raise RecoreError(f"{folder} is no record with ranks; those that have some are {known}")
    sums.check(folder, paths.PARAMS.name, f"ranks/{dataset}/")
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


def _check_test_set(dataset: str, variant: str, row: dict[str, Any], runs: list[Stored], test: TestSet) -> None:
    own = test.hash, test.n_items
    for one in runs:
        if (one.test_hash, one.n_items) != own:
            raise RecoreError(
                f"{dataset}: {variant} cannot be compared with the runs here, because record {row['record']} was "
                f"tested on other cases or items (test_hash {one.test_hash[:8]} and {own[0][:8]}, {one.n_items:,} and "
                f"{own[1]:,} items); use the `sources`, `filter` and `split` of its params.yaml"
            )


def _check_training_set(
    dataset: str, variant: str, row: dict[str, Any], given: params.Params, record: Path, split: Path
) -> None:
    refused = f"{dataset}: {variant} cannot be compared with the runs here, because record {row['record']}"
    if unlike := of_checkout(split).unlike(of_record(record, dataset)):
        raise RecoreError(
            f"{refused} is of another split ({unlike}); use the `sources`, `filter` and `split` of its params.yaml"
        )
    theirs = params.Params(yaml12.read(record / paths.PARAMS)).max_length(dataset)
    if theirs != (own := given.max_length(dataset)):
        raise RecoreError(
            f"{refused} reads the last {theirs} clicks of a session, and the runs here read {own}; use its `max_length`"
        )


if __name__ == "__main__":
    run(main)
