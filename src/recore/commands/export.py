"""Writes the split of a dataset for other programs, so that what they rank can be compared with what recore ranks.

python -m recore export DATASET --format recbole|tsv|parquet FOLDER

Items have the numbers of the split, 1 to n (items.parquet says which id of the log each was). A case is a click of a
session and the clicks before it; its ``case_id`` counts from 0 in the order of the test set, and ranks come back under
it. The command prints the hash of the test cases, which vouches for them.

recbole   DATASET/DATASET.train.inter, .valid.inter, .test.inter: a row a case, the last ``max_length`` clicks of its
          prefix in ``item_id_list``, which is what the models read; FOLDER is the ``data_path``, with
          ``benchmark_filename: [train, valid, test]``
tsv       DATASET_train_full.txt, _train_tr.txt, _train_valid.txt, _test.txt: a row a click, as GRU4Rec (official) and
          session-rec read them. ``train_full`` is train alone, since every model here is trained on that; ``train_tr``
          is the same. CaseId is -1 for the first click of a session, which is no target.
parquet   train.parquet, valid.parquet, test.parquet: a row a case, the whole prefix as a list
"""

import argparse
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recore import RecoreError, artifacts, params, paths
from recore.data.cases import Cases
from recore.data.sessions import Sessions, offsets_of
from recore.evaluation.identity import cases_hash

PARTS = ("train", "valid", "test")
MILLISECOND = 1e-3  # seconds
CHUNK = 100_000  # cases in memory at once
CASES = pa.schema({"case_id": pa.int64(), "session": pa.int64(), "prefix": pa.list_(pa.int32()), "target": pa.int32()})


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m recore export", description="Writes a split for other programs.")
    parser.add_argument("dataset")
    parser.add_argument("folder", type=Path, help="a new folder")
    parser.add_argument("--format", choices=FORMATS, required=True)
    args = parser.parse_args(argv)
    given = params.load()
    if args.dataset not in given.at("datasets"):
        known = ", ".join(given.at("datasets"))
        raise RecoreError(f"{args.dataset!r} is not among the `datasets` of params.yaml, which are {known}")
    split = paths.split(args.dataset)
    if not split.exists():
        raise RecoreError(f"{split} does not exist; make it with `dvc repro split@{args.dataset}`")
    if args.folder.exists():
        raise RecoreError(f"{args.folder} exists; name a new folder, or delete that one")
    parts = {part: Sessions.load(split, part) for part in PARTS}
    max_length = given.max_length(args.dataset)
    with artifacts.new_folder(args.folder) as folder:
        FORMATS[args.format](args.dataset, parts, max_length, folder)
        shutil.copy(split / "items.parquet", folder / "items.parquet")
    test = Cases(parts["test"], max_length)
    print(
        f"{args.folder}: {', '.join(f'{name} {part.n_cases:,} cases' for name, part in parts.items())}; "
        f"test_hash {cases_hash(test.session, test.position, test.target)}"
    )


def _recbole(dataset: str, parts: dict[str, Sessions], max_length: int, folder: Path) -> None:
    own = folder / dataset
    own.mkdir()
    for name, sessions in parts.items():
        header = "session_id:token\titem_id_list:token_seq\titem_id:token\tcase_id:token\n"
        with (own / f"{dataset}.{name}.inter").open("w", encoding="utf-8") as file:
            file.write(header)
            for table in _cases(sessions, max_length):
                for case, session, prefix, target in zip(*(column.to_pylist() for column in table), strict=True):
                    file.write(f"{session}\t{' '.join(map(str, prefix))}\t{target}\t{case}\n")


def _tsv(dataset: str, parts: dict[str, Sessions], max_length: int, folder: Path) -> None:
    names = {"train": ("train_full", "train_tr"), "valid": ("train_valid",), "test": ("test",)}
    for part, sessions in parts.items():
        table = _clicks(sessions)
        for name in names[part]:
            table.to_csv(folder / f"{dataset}_{name}.txt", sep="\t", index=False, float_format="%.3f")


def _clicks(sessions: Sessions) -> pd.DataFrame:
    """A row a click. The clicks of a session are a millisecond apart, whatever they were: the split has lost that."""
    lengths = sessions.lengths
    place = np.arange(sessions.n_clicks) - np.repeat(sessions.offsets[:-1], lengths)
    first = place == 0
    return pd.DataFrame(
        {
            "SessionId": np.repeat(sessions.ids, lengths),
            "ItemId": np.asarray(sessions.items),
            "Time": (np.repeat(sessions.times, lengths) + place) * MILLISECOND,
            "CaseId": np.where(first, -1, np.cumsum(~first) - 1),
        }
    )


def _parquet(dataset: str, parts: dict[str, Sessions], max_length: int, folder: Path) -> None:
    for name, sessions in parts.items():
        with pq.ParquetWriter(folder / f"{name}.parquet", CASES) as file:
            for table in _cases(sessions, int(sessions.lengths.max())):
                file.write_table(table)


def _cases(sessions: Sessions, max_length: int) -> Iterator[pa.Table]:
    """The cases in their order, with the last ``max_length`` clicks of each prefix."""
    cases = Cases(sessions, max_length)
    for start in range(0, len(cases), CHUNK):
        own = np.arange(start, min(start + CHUNK, len(cases)))
        batch = cases.batch(own)  # ordered by length
        prefixes = pa.ListArray.from_arrays(pa.array(offsets_of(batch.lengths), pa.int32()), pa.array(batch.items))
        columns = own, cases.session[own], prefixes.take(pa.array(np.argsort(batch.cases))), cases.target[own]
        yield pa.table(dict(zip(CASES.names, columns, strict=True)), CASES)


FORMATS: dict[str, Callable[[str, dict[str, Sessions], int, Path], None]] = {
    "recbole": _recbole,
    "tsv": _tsv,
    "parquet": _parquet,
}
