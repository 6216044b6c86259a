"""What the tables of a record need of a split, beside the test cases: its numbers, and how often items were clicked.

ranks/DATASET/stats.json        as stage split wrote it
ranks/DATASET/items.parquet     train_clicks: how often item 1, 2, ... was clicked in training
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recore import RecoreError, artifacts, paths
from recore.data.sessions import Sessions
from recore.evaluation.stored import FORMAT

COLUMN = "train_clicks"


def take(checkout: Path, folder: Path, dataset: str) -> None:
    """Puts those of a checkout into the record's ``folder``; RecoreError where it has those of another split."""
    split = checkout / paths.split(dataset)
    stats = artifacts.read_json(split / "stats.json")
    clicks = np.bincount(Sessions.load(split, "train").items, minlength=stats["items"] + 1)[1:].astype(np.int32)
    numbers, items = _files(folder, dataset)
    if numbers.exists():
        if artifacts.read_json(numbers) != stats or not np.array_equal(_clicks(items), clicks):
            raise RecoreError(
                f"{split} is not the split that {numbers.parent} was made of; put it on record under another name"
            )
        return
    artifacts.write_json(numbers, stats)
    with artifacts.new_file(items) as file:
        pq.write_table(pa.table({COLUMN: clicks}), file, **FORMAT)


def put(folder: Path, dataset: str, root: Path) -> None:
    """Leaves under ``root`` what stages significance and aggregate read of data/split, the clicks in another order."""
    numbers, items = _files(folder, dataset)
    stats, clicks = artifacts.read_json(numbers), _clicks(items)
    with artifacts.new_folder(root / paths.split(dataset)) as out:
        artifacts.write_json(out / "stats.json", stats)
        train = np.repeat(np.arange(1, len(clicks) + 1, dtype=np.int32), clicks)
        one = np.zeros(1, np.int64)
        Sessions(train, np.array([0, len(train)]), one, one).save(out, "train")


def _files(folder: Path, dataset: str) -> tuple[Path, Path]:
    return folder / "ranks" / dataset / "stats.json", folder / "ranks" / dataset / "items.parquet"


def _clicks(file: Path) -> np.ndarray:
    with artifacts.reading(file):
        return pq.read_table(file)[COLUMN].to_numpy()
