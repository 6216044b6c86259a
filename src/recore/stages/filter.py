"""Stage filter: the files of a source -> its sessions without rare items and short sessions.

``rows.json`` says of each file how many rows were read, and how many of them were dropped for which reason.
"""

import argparse
import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recore import artifacts, params, paths
from recore.data import readers
from recore.data.filter import check_split, compact, filter_clicks
from recore.stages import run


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    dataset = parser.parse_args(argv).dataset
    checked = params.load()
    config, settings = checked.at(f"sources.{dataset}.read"), checked.at("filter")

    parts, items, accounts = readers.read(artifacts.existing(paths.raw(dataset)), config)
    for account in accounts:
        print(account)
    if "clicks" in parts:
        clicks, left = compact(filter_clicks(parts["clicks"], **settings), len(items))
        parts, items = {"clicks": clicks}, items.take(pa.array(left))
    else:
        check_split(parts)

    with artifacts.new_folder(paths.filtered(dataset)) as folder:
        for name, sessions in parts.items():
            sessions.save(folder, name)
        pq.write_table(pa.table({"id": np.arange(len(items)), "item": items}), folder / "items.parquet")
        artifacts.write_json(folder / "rows.json", [dataclasses.asdict(account) for account in accounts])


if __name__ == "__main__":
    run(main)
