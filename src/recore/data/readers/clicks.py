"""From rows of (session, item, time) to flat sessions.

Sessions stand in order of first appearance in the file. Inside one, clicks are sorted stably by the order column, or by
time where there is none (CORE sorts only where its source has an order column; a log in order of time reads the same).
A session's time is that of its last *row*, as in CORE's script.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from recore import RecoreError
from recore.data.readers.times import milliseconds, numbers
from recore.data.sessions import Sessions, offsets_of


def assemble(table: pa.Table, unit: str, file_name: str) -> tuple[Sessions, pa.Array]:
    """The sessions of a table with the columns session, item, time and perhaps order, one row a click.

    Returns them with the (n,) vocabulary, int64 or string, in order of first appearance. Raises RecoreError naming the
    file, the column and the data row (from 1) of an empty cell or of a value that is no id or no time.
    """
    for role in table.column_names:
        _refuse_empty(table[role], role, file_name)
    sessions, _ = _encoded(table["session"], "session", file_name)
    items, vocabulary = _encoded(table["item"], "item", file_name)
    time_ms = milliseconds(table["time"], unit, file_name)
    ranked_by = numbers(table["order"], "order", file_name) if "order" in table.column_names else time_ms

    lengths = np.bincount(sessions)
    times = np.empty(len(lengths), np.int64)
    times[sessions] = time_ms  # of rows that share a session the last one stays
    if not _in_order(sessions, ranked_by):
        items = items[np.lexsort((ranked_by, sessions))]  # stable: ties keep the order of the file
    return Sessions(items, offsets_of(lengths), np.arange(len(lengths)), times), vocabulary


def _in_order(sessions: np.ndarray, ranked_by: np.ndarray) -> bool:
    same = sessions[1:] == sessions[:-1]
    return bool(np.all((sessions[1:] > sessions[:-1]) | (same & (ranked_by[1:] >= ranked_by[:-1]))))


def _encoded(column: pa.ChunkedArray, role: str, file_name: str) -> tuple[np.ndarray, pa.Array]:
    """Each row's (C,) int32 position in the vocabulary of a column of ids, and the vocabulary by first appearance."""
    stored = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_integer(stored) or pa.types.is_string(stored) or pa.types.is_large_string(stored)):
        raise RecoreError(
            f"{file_name}: the {role} column is of type {stored}, but ids are whole numbers or text; convert it"
        )
    encoded = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    codes = np.concatenate([chunk.indices.to_numpy(zero_copy_only=False) for chunk in encoded.chunks])
    vocabulary = encoded.chunk(encoded.num_chunks - 1).dictionary
    return _by_first_appearance(codes.astype(np.int32, copy=False), _as_integers(vocabulary))


def _by_first_appearance(codes: np.ndarray, vocabulary: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """Blocks of a file are parsed in parallel and a stored dictionary has any order; the file's own order is one."""
    first = np.full(len(vocabulary), len(codes))
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    order = np.argsort(first)[: np.count_nonzero(first < len(codes))]
    new = np.empty(len(vocabulary), np.int32)
    new[order] = np.arange(len(order), dtype=np.int32)
    return new[codes], vocabulary.take(pa.array(order))


def _as_integers(vocabulary: pa.Array) -> pa.Array:
    """Ids that are nothing but plain whole numbers as int64; anything else, also "007", as text."""
    text = vocabulary.cast(pa.string())
    try:
        integers = vocabulary.cast(pa.int64())
    except pa.ArrowInvalid:
        return text
    return integers if pc.all(pc.equal(integers.cast(pa.string()), text)).as_py() else text


def _refuse_empty(column: pa.ChunkedArray, role: str, file_name: str) -> None:
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy())[0]) + 1
        raise RecoreError(f"{file_name}, data row {row}: the {role} is empty; fill or remove the row")
