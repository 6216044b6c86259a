"""Stage split: filtered sessions -> train, valid and test with item ids from 1, and their statistics."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recore import artifacts, params, paths
from recore.data.sessions import Sessions
from recore.data.split import Split, split_clicks, split_parts, stats
from recore.stages import run


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    dataset = parser.parse_args(argv).dataset
    checked = params.load()
    config = checked.at(f"sources.{dataset}.split") | checked.at("split")

    filtered = paths.filtered(dataset)
    with artifacts.reading(filtered / "items.parquet") as file:
        items = pq.read_table(file)["item"]
    split = _split(filtered, items, config)

    with artifacts.new_folder(paths.split(dataset)) as folder:
        for name, sessions in split.parts.items():
            sessions.save(folder, name)
        ids = np.arange(1, len(split.codes) + 1, dtype=np.int32)
        pq.write_table(pa.table({"id": ids, "item": items.take(pa.array(split.codes))}), folder / "items.parquet")
        artifacts.write_json(folder / "stats.json", stats(split))


def _split(folder: Path, items: pa.ChunkedArray, config: dict[str, Any]) -> Split:
    if (folder / "clicks.items.npy").exists():
        return split_clicks(Sessions.load(folder, "clicks"), **config)
    parts = (Sessions.load(folder, name) for name in ("train", "valid", "test"))
    return split_parts(*parts, numbers=items.to_numpy(), recent=config["recent"], skip=config.get("skip", 0.0))


if __name__ == "__main__":
    run(main)
