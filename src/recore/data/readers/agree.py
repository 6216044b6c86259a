"""What the files of one log have to agree on, or two ids become one, one becomes two, or columns change places."""

from collections.abc import Sequence
from typing import Any, Protocol

import pyarrow as pa

from recore import RecoreError
from recore.data.readers.ids import Ids, as_word
from recore.data.readers.places import Place, listed, shown
from recore.data.readers.quoting import Way


class File(Protocol):
    """What is looked at of a file of a log."""

    place: Place
    way: Way | None  # of text
    names: list[str]  # in the header, of the columns that are given by position

    def words(self, key: str) -> list[str]: ...


def on_values(logs: Sequence[File], where: dict[str | int, list[Any]]) -> None:
    """Each value that ``where`` names has to occur, in one of the files."""
    for column, values in where.items():
        words = list(dict.fromkeys(word for log in logs for word in log.words(f"where.{column}")))
        for value in map(as_word, values):
            if value not in words:
                files, there = ", ".join(log.place.file for log in logs), ", ".join(map(shown, words[:10]))
                raise RecoreError(
                    f"{files}: `where.{column}` names {value!r}, which does not occur; its values are {there}"
                )


def on_quotes(logs: Sequence[File]) -> None:
    """Quotes that are taken off in one file and kept in another would make two ids of one."""
    off = next((log for log in logs if log.way and (log.way.quoted or log.way.quoting != "none")), None)
    kept = next((log for log in logs if log.way and log.way.stray), None)
    if off and kept:
        raise RecoreError(
            f"{off.place.file} quotes its fields, but {kept.place.file} has quotes that open or close none; correct "
            "that file, or set `read.quoting`"
        )


def on_whole_numbers(ids: Ids, role: str, files: list[str]) -> None:
    """An id that is written 123 here and 123.0 there, as pandas writes whole numbers of a column with gaps, is two."""
    if ids.plain:
        return
    words = ids.words.cast(pa.string()).to_pylist()
    whole = set(words)
    twice = next((word for word in words if word and word.endswith(".0") and word[:-2] in whole), None)
    if twice:
        raise RecoreError(
            f"{', '.join(files)}: both the {role} {twice[:-2]} and {twice} occur; write the ids of all rows alike"
        )


def on_positions(logs: Sequence[File]) -> None:
    """Columns by position are those of the first file, by the names in the headers."""
    first = logs[0]
    for log in logs:
        if log.names != first.names:
            raise RecoreError(
                f"{log.place.file} has the columns {listed(log.names)} where {first.place.file} has "
                f"{listed(first.names)}; give their names in place of positions"
            )
