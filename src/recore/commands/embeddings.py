"""Writes the item vectors of a trained model under the log's own ids, as Parquet.

python -m recore embeddings DATASET VARIANT --seed 2020 -o items.parquet

A row an item: its ``item`` id and its ``embedding``, float32 of norm 1, so that the dot product of two is their cosine.
"""

import argparse
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from recore import RecoreError, artifacts
from recore.recommender import load


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m recore embeddings", description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("variant")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True, help="the Parquet file to write")
    args = parser.parse_args(argv)
    if args.output.suffix != ".parquet":
        raise RecoreError(f"--output is {args.output}, but its name has to end in .parquet")
    model = load(args.dataset, args.variant, args.seed, "cpu")
    vectors = model.embeddings()
    embedding = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    with artifacts.new_file(args.output) as file:
        pq.write_table(pa.table({"item": model.ids, "embedding": embedding}), file)
    print(f"{args.output}: {len(vectors):,} items, {vectors.shape[1]} numbers each")
