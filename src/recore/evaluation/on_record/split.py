"""What the tables of a record need of a split, beside the test cases.

ranks/DATASET/stats.json         as stage split wrote it
ranks/DATASET/items.parquet      train_clicks: how often item 1, 2, ... was clicked in training
ranks/DATASET/sessions.parquet   first_click: the item that each test session begins with, which no case has
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recore import RecoreError, artifacts, paths
from recore.data.sessions import Sessions, offsets_of
from recore.evaluation.on_record.files import RESTORE
from recore.evaluation.stored import FORMAT

CLICKS, FIRST = ("items", "train_clicks"), ("sessions", "first_click")  # file and column


@dataclass(frozen=True)
class Kept:
    """What a record keeps of a split of V items and S test sessions."""

    stats: dict[str, Any]
    clicks: np.ndarray  # (V,) int32, of each item in training
    first: np.ndarray  # (S,) int32, the first item of each test session

    def unlike(self, other: "Kept") -> str | None:
        """What differs between two splits, in words; None where nothing does."""
        if self.stats != other.stats:
            return "other numbers of items, sessions or clicks"
        if not np.array_equal(self.clicks, other.clicks):
            return "other clicks in training"
        return None if np.array_equal(self.first, other.first) else "other test sessions"


def of_checkout(split: Path) -> Kept:
    """Of a folder under data/split."""
    stats, test = artifacts.read_json(split / "stats.json"), Sessions.load(split, "test")
    clicks = np.bincount(Sessions.load(split, "train").items, minlength=stats["items"] + 1)[1:].astype(np.int32)
    return Kept(stats, clicks, test.items[test.offsets[:-1]])


def of_record(folder: Path, dataset: str) -> Kept:
    """Of a record's folder; RecoreError where a file is missing or of another split than the others."""
    own = folder / "ranks" / dataset
    with artifacts.reading(own / "stats.json", RESTORE) as file:
        stats = json.loads(file.read_text(encoding="utf-8"))
        counted = stats["items"], stats["train"]["clicks"]
    kept = Kept(stats, *(_read(own, *column) for column in (CLICKS, FIRST)))
    if counted != (len(kept.clicks), kept.clicks.sum()):
        raise RecoreError(f"{own / 'stats.json'} is not of the catalogue of {CLICKS[0]}.parquet; {RESTORE}")
    return kept


def take(checkout: Path, folder: Path, dataset: str) -> None:
    """Puts those of a checkout into the record's ``folder``; RecoreError where it has those of another split."""
    split, own = checkout / paths.split(dataset), folder / "ranks" / dataset
    kept = of_checkout(split)
    if (own / "stats.json").exists():
        if kept.unlike(of_record(folder, dataset)):
            raise RecoreError(f"{split} is not the split that {own} was made of; put it on record under another name")
        return
    for (name, column), values in ((CLICKS, kept.clicks), (FIRST, kept.first)):
        with artifacts.new_file(own / f"{name}.parquet") as file:
            pq.write_table(pa.table({column: values}), file, **FORMAT)
    artifacts.write_json(own / "stats.json", kept.stats)


def put(folder: Path, dataset: str, root: Path) -> None:
    """Leaves under ``root`` what stages significance and aggregate read of data/split.

    The training clicks are one session, by item: how often each was clicked is all that the stages ask of them.
    """
    own, kept = folder / "ranks" / dataset, of_record(folder, dataset)
    with artifacts.reading(own / "test.parquet", RESTORE) as file:
        cases = pq.read_table(file, columns=["session", "target"])
    session, target = (cases[name].to_numpy() for name in cases.column_names)
    starts = np.flatnonzero(np.diff(session, prepend=-1))
    if len(starts) != len(kept.first):
        raise RecoreError(f"{own / 'sessions.parquet'} is not of the sessions of test.parquet; restore both from git")
    lengths = np.diff(starts, append=len(session)) + 1
    none = np.zeros(len(starts), np.int64)
    with artifacts.new_folder(root / paths.split(dataset)) as out:
        artifacts.write_json(out / "stats.json", kept.stats)
        train = np.repeat(np.arange(1, len(kept.clicks) + 1, dtype=np.int32), kept.clicks)
        Sessions(train, np.array([0, len(train)]), none[:1], none[:1]).save(out, "train")
        Sessions(np.insert(target, starts, kept.first), offsets_of(lengths), session[starts], none).save(out, "test")


def _read(folder: Path, name: str, column: str) -> np.ndarray:
    with artifacts.reading(folder / f"{name}.parquet", RESTORE) as file:
        return pq.read_table(file)[column].to_numpy()
