"""CORE's own benchmark files: one row a case (number, prefix, target), three files, already split.

The session id is lost (the column of that name numbers the cases), but the sessions are not: the rows of a session run
from its longest prefix down to length 1, so a prefix of length 1 ends a session, and the session is that prefix's item
followed by the targets in reverse. Every row is then checked against its session, so nothing is guessed.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from recore import RecoreError
from recore.data.readers.files import only_file
from recore.data.readers.places import printable
from recore.data.sessions import Sessions, offsets_of

MAX_PREFIX = 50  # clicks of a prefix that the published files keep, the last ones
COLUMNS = ("item_id_list:token_seq", "item_id:token")


def read(folder: Path) -> tuple[dict[str, Sessions], pa.Array]:
    """The sessions of the three parts as they were published, numbered on through them, and the sorted vocabulary.

    Raises RecoreError naming the file and the line that is no case of the session around it.
    """
    numbers, sessions = {}, {}
    for name in ("train", "valid", "test"):
        file = only_file(folder, f"*.{name}.inter")
        numbers[name], sessions[name] = recover(*_read_rows(file), file.name)
    items, codes = np.unique(np.concatenate(list(numbers.values())), return_inverse=True)
    parts, first, click = {}, 0, 0
    for name, offsets in sessions.items():
        ids = np.arange(first, first + len(offsets) - 1)
        own = codes[click : click + offsets[-1]].astype(np.int32)
        parts[name] = Sessions(own, offsets, ids, times=ids)
        first, click = first + len(ids), click + offsets[-1]
    return parts, pa.array(items)


def recover(prefixes: pa.ListArray, targets: np.ndarray, file_name: str) -> tuple[np.ndarray, np.ndarray]:
    """The clicks (C,) int64 and the offsets (S + 1,) of the sessions behind R rows of prefix and target.

    Other scripts write a session from its shortest prefix up; such a file is read from its end. Raises RecoreError at
    the first row whose prefix is not the last clicks of its session before its target.
    """
    try:
        return _recovered(prefixes, targets, file_name)
    except RecoreError as fault:
        if len(prefixes[0]) != 1:
            raise
        try:
            items, offsets = _recovered(
                prefixes.take(pa.array(np.arange(len(targets))[::-1])), targets[::-1], file_name
            )
        except RecoreError:
            raise fault from None
    lengths = np.diff(offsets)[::-1]
    starts = offsets[:-1][::-1]
    in_file = offsets_of(lengths)
    return items[np.arange(len(items)) + np.repeat(starts - in_file[:-1], lengths)], in_file


def _recovered(prefixes: pa.ListArray, targets: np.ndarray, file_name: str) -> tuple[np.ndarray, np.ndarray]:
    """``recover`` of rows that run from the longest prefix of a session down."""
    values, starts = prefixes.flatten().to_numpy(), prefixes.offsets.to_numpy().astype(np.int64)
    starts = starts - starts[0]
    lengths = np.diff(starts)
    last_rows = np.flatnonzero(lengths == 1)
    if not last_rows.size or last_rows[-1] != len(lengths) - 1:
        raise RecoreError(f"{file_name} ends within a session (its last prefix is longer than 1); fetch it whole")
    cases = np.diff(last_rows, prepend=-1)
    offsets = offsets_of(cases + 1)
    # Row r of a session whose last row is e has its target at click 1 + (e - r).
    session = np.repeat(np.arange(len(cases)), cases)
    place = 1 + last_rows[session] - np.arange(len(lengths))
    target_at = offsets[session] + place
    items = np.empty(offsets[-1], np.int64)
    items[offsets[:-1]] = values[starts[last_rows]]
    items[target_at] = targets

    wrong_length = lengths != np.minimum(place, MAX_PREFIX)
    _refuse(wrong_length, file_name)
    before = np.arange(len(values)) + np.repeat(target_at - lengths - starts[:-1], lengths)
    differs = np.zeros(len(lengths), bool)
    differs[np.repeat(np.arange(len(lengths)), lengths)[items[before] != values]] = True
    _refuse(differs, file_name)
    return items, offsets


def _refuse(faulty: np.ndarray, file_name: str) -> None:
    rows = np.flatnonzero(faulty)
    if rows.size:
        raise RecoreError(
            f"{file_name}, line {rows[0] + 2}: the prefix is not the last {MAX_PREFIX} clicks before the target in "
            "the session that the lines below it spell; use the published file unchanged"
        )


def _read_rows(file: Path) -> tuple[pa.ListArray, np.ndarray]:
    try:
        table = pacsv.read_csv(
            file,
            parse_options=pacsv.ParseOptions(delimiter="\t", quote_char=False, ignore_empty_lines=False),
            convert_options=pacsv.ConvertOptions(
                include_columns=COLUMNS, column_types={COLUMNS[0]: pa.string(), COLUMNS[1]: pa.int64()}, null_values=[]
            ),
        ).combine_chunks()
        if not table.num_rows:
            raise RecoreError(f"{file.name} holds no case; fetch it again")
        prefixes = pc.split_pattern(table[COLUMNS[0]].chunk(0), " ")
        items = prefixes.flatten().cast(pa.int64())
        return pa.ListArray.from_arrays(prefixes.offsets, items), table[COLUMNS[1]].to_numpy()
    except (pa.ArrowInvalid, KeyError) as error:
        reason = printable(error)
        raise RecoreError(
            f"{file.name} is not a CORE .inter file (three columns, tabs between): {reason}; use the published file "
            "unchanged, or read a table of clicks as `recbole` or `delimited`"
        ) from None
