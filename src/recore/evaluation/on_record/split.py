"""What the tables of a record need of a split, beside the test cases.

ranks/DATASET/stats.json         as stage split wrote it
ranks/DATASET/items.parquet      train_clicks: how often item 1, 2, ... was clicked in training
ranks/DATASET/sessions.parquet   first_click: the item that each test session begins with, which no case has
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recore import RecoreError, artifacts, paths
from recore.data.sessions import Sessions, offsets_of
from recore.evaluation.stored import FORMAT

CLICKS, FIRST = ("items", "train_clicks"), ("sessions", "first_click")  # file and column


def take(checkout: Path, folder: Path, dataset: str) -> None:
    """Puts those of a checkout into the record's ``folder``; RecoreError where it has those of another split."""
    split, own = checkout / paths.split(dataset), folder / "ranks" / dataset
    stats, test = artifacts.read_json(split / "stats.json"), Sessions.load(split, "test")
    clicks = np.bincount(Sessions.load(split, "train").items, minlength=stats["items"] + 1)[1:].astype(np.int32)
    columns = {CLICKS: clicks, FIRST: test.items[test.offsets[:-1]]}
    if (own / "stats.json").exists():
        same = artifacts.read_json(own / "stats.json") == stats
        if not (same and all(np.array_equal(_read(own, *column), values) for column, values in columns.items())):
            raise RecoreError(f"{split} is not the split that {own} was made of; put it on record under another name")
        return
    for (name, column), values in columns.items():
        with artifacts.new_file(own / f"{name}.parquet") as file:
            pq.write_table(pa.table({column: values}), file, **FORMAT)
    artifacts.write_json(own / "stats.json", stats)


def put(folder: Path, dataset: str, root: Path) -> None:
    """Leaves under ``root`` what stages significance and aggregate read of data/split.

    The training clicks are one session, by item: how often each was clicked is all that the stages ask of them.
    """
    own = folder / "ranks" / dataset
    stats, clicks, first = artifacts.read_json(own / "stats.json"), *(_read(own, *column) for column in (CLICKS, FIRST))
    with artifacts.reading(own / "test.parquet") as file:
        cases = pq.read_table(file, columns=["session", "target"])
    session, target = (cases[name].to_numpy() for name in cases.column_names)
    starts = np.flatnonzero(np.diff(session, prepend=-1))
    if len(starts) != len(first):
        raise RecoreError(f"{own / 'sessions.parquet'} is not of the sessions of test.parquet; restore both from git")
    lengths = np.diff(starts, append=len(session)) + 1
    none = np.zeros(len(first), np.int64)
    with artifacts.new_folder(root / paths.split(dataset)) as out:
        artifacts.write_json(out / "stats.json", stats)
        train = np.repeat(np.arange(1, len(clicks) + 1, dtype=np.int32), clicks)
        Sessions(train, np.array([0, len(train)]), none[:1], none[:1]).save(out, "train")
        Sessions(np.insert(target, starts, first), offsets_of(lengths), session[starts], none).save(out, "test")


def _read(folder: Path, name: str, column: str) -> np.ndarray:
    with artifacts.reading(folder / f"{name}.parquet") as file:
        return pq.read_table(file)[column].to_numpy()
