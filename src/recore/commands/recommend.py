"""Recommends items to sessions with a trained model, a table in and a table out.

python -m recore recommend DATASET VARIANT --seed 2020 --k 20 sessions.csv -o out.parquet

The table in is delimited text or Parquet and has a row a click, in the columns ``session`` and ``item`` (or others, by
``--session`` and ``--item``); the items are the log's own ids. The clicks of a session need not stand together; they
are in the order of the file, or of a column of numbers, ``--order``. The table out has a row a recommendation:
session, rank from 1, item and score. A session without a known item has none.
"""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from tqdm import tqdm

from recore import RecoreError, artifacts
from recore.data.readers import parquet, text
from recore.data.readers.ids import encoded
from recore.data.readers.places import Place
from recore.data.readers.times import numbers
from recore.recommender import Recommendation, Recommender, load
from recore.schema_read import delimiter

WRITERS = {".parquet": pq.ParquetWriter, ".csv": pacsv.CSVWriter}
SLICE = 8192  # sessions whose rows are held before they are written
SESSION, ITEM, ORDER = "--session", "--item", "--order"


class Asked(NamedTuple):
    """S sessions in order of first appearance: their ids, and the items of each in the order of its clicks."""

    ids: pa.Array
    items: list[list[str | int]]


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m recore recommend", description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("variant")
    parser.add_argument("sessions", type=Path, help="a table with a row a click: delimited text, or NAME.parquet")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--k", type=int, default=20, help="items a session (20)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the table to write, NAME.parquet or NAME.csv")
    parser.add_argument(SESSION, default="session", metavar="COLUMN", help="with the session's id (session)")
    parser.add_argument(ITEM, default="item", metavar="COLUMN", help="with the item's id (item)")
    parser.add_argument(ORDER, metavar="COLUMN", help="of numbers that order the clicks of a session (as in the file)")
    parser.add_argument("--delimiter", default=",", help="of delimited text (a comma)")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    args = parser.parse_args(argv)
    if args.output.suffix not in WRITERS:
        raise RecoreError(f"--output is {args.output}, but its name has to end in {' or '.join(WRITERS)}")
    if args.output.resolve() == args.sessions.resolve():
        raise RecoreError(f"--output is {args.output}, the table of the sessions itself; name another file")
    try:
        delimiter(args.delimiter)
    except ValueError as fault:
        raise RecoreError(f"--delimiter: {fault}") from None

    model = load(args.dataset, args.variant, args.seed, args.device)
    columns = {SESSION: args.session, ITEM: args.item} | ({ORDER: args.order} if args.order else {})
    asked = read(args.sessions, columns, args.delimiter)
    print(write(args.output, model, asked, args.k))


def read(file: Path, columns: dict[str, str], delimiter: str) -> Asked:
    """The sessions of a table; ``columns`` are those of ``SESSION``, ``ITEM`` and, where there is one, ``ORDER``.

    Raises RecoreError naming the file, and the column, row and value at fault.
    """
    artifacts.existing(file, "give a table of sessions")
    if file.suffix == ".parquet":
        table, quoted = parquet.read(file, columns, [SESSION, ITEM]), False
    else:
        table, way, _ = text.read(file, {"format": "delimited", "delimiter": delimiter}, columns, [SESSION, ITEM])
        quoted = way.quoted
    if not table.num_rows:
        raise RecoreError(f"{file} has no row; give it a row for each click")
    session, item = (encoded(table[key], key, file.name) for key in (SESSION, ITEM))
    place = Place(file.name)
    for ids, role in ((session, "session"), (item, "item")):
        missing = np.flatnonzero(ids.missing())
        if missing.size:
            raise RecoreError(f"{place.row(int(missing[0]))}: it has no {role}; correct the row or remove it")
    if quoted:
        session, item = session.unquoted(), item.unquoted()
    who, names = session.by_first_appearance()
    keys = (numbers(table[ORDER], "order", place), who) if ORDER in columns else (who,)
    rows = np.lexsort(keys)  # stable: ties keep the order of the file
    words = np.array(item.words.to_pylist(), object)[item.codes[rows]]
    ends = np.cumsum(np.bincount(who))[:-1]
    return Asked(names, [clicks.tolist() for clicks in np.split(words, ends)])


def write(output: Path, model: Recommender, asked: Asked, k: int) -> str:
    """Writes the k best items of every session, whole or not at all; returns a sentence on what was left out.

    Raises RecoreError where no session has a known item.
    """
    item_type = pa.int64() if model.ids.dtype.kind == "i" else pa.string()
    columns = {"session": asked.ids.type, "rank": pa.int32(), "item": item_type, "score": pa.float32()}
    schema = pa.schema(list(columns.items()))
    unknown, silent = 0, []
    with artifacts.new_file(output) as file:
        bar = tqdm(total=len(asked.items), unit="session", leave=False, disable=not sys.stderr.isatty())
        with bar, WRITERS[output.suffix](str(file), schema) as writer:
            for start in range(0, len(asked.items), SLICE):
                answers = model.recommend(asked.items[start : start + SLICE], k)
                writer.write_table(_rows(asked.ids[start : start + SLICE], answers, schema))
                bar.update(len(answers))
                unknown += sum(answer.unknown for answer in answers)
                silent += [start + at for at, answer in enumerate(answers) if not len(answer.items)]
        if len(silent) == len(asked.items):
            raise RecoreError(
                f"no item of the sessions is in the catalogue, whose ids are like {model.ids[0]} (the first of theirs "
                f"is {asked.items[0][0]}); give the ids of the log that the model was trained on"
            )
    clicks = sum(map(len, asked.items))
    said = f"{output}: {k} items for each of {len(asked.items) - len(silent):,} sessions"
    if unknown:
        said += f"; {unknown:,} of {clicks:,} clicks left out, because training never saw their item"
    if silent:
        said += (
            f"; sessions without a known item, which have no row: {len(silent):,}, the first is {asked.ids[silent[0]]}"
        )
    return said


def _rows(sessions: pa.Array, answers: list[Recommendation], schema: pa.Schema) -> pa.Table:
    sizes = [len(answer.items) for answer in answers]
    columns = (
        sessions.take(pa.array(np.repeat(np.arange(len(answers)), sizes))),
        np.concatenate([np.arange(1, size + 1) for size in sizes]),
        np.concatenate([answer.items for answer in answers]),
        np.concatenate([answer.scores for answer in answers]),
    )
    return pa.table(dict(zip(schema.names, columns, strict=True)), schema)
