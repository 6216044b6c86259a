"""Click logs as tables: delimited text, RecBole's atomic tables and Parquet, in one file or in several.

Rows leave in this order, each with its reason: those that ``where`` does not name, those without a session, an item, a
time or an order (a fault, unless ``missing: drop`` allows it), those of a session above ``max_session``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from recore import RecoreError
from recore.data.readers import parquet, text
from recore.data.readers.clicks import Clicks, assemble, concatenated
from recore.data.readers.files import log_files
from recore.data.readers.ids import encoded
from recore.data.readers.missing import CUT_SHORT, is_cut
from recore.data.readers.places import Place, shown
from recore.data.readers.times import milliseconds, missing, numbers, unset
from recore.data.sessions import Sessions

PATTERNS = {"delimited": "*", "recbole": "*.inter", "parquet": "*.parquet"}


@dataclass
class Account:
    """What became of the rows of a file: how many it has, those dropped by reason, and how it quotes (text only)."""

    file: str
    rows: int
    dropped: dict[str, int] = field(default_factory=dict)
    quoting: str | None = None

    def __str__(self) -> str:
        reasons = "".join(f", {count:,} dropped ({reason})" for reason, count in self.dropped.items())
        return f"{self.file}: {self.rows:,} rows{reasons}"


def read(folder: Path, config: dict[str, Any]) -> tuple[Sessions, pa.Array, list[Account]]:
    """The log of a source's folder as ``config`` (``sources.NAME.read``) says, its vocabulary, and an account a file.

    Raises RecoreError naming the file, and the column, row and value at fault.
    """
    logs = [_Log(file, config) for file in log_files(folder, PATTERNS[config["format"]], config.get("files"))]
    _refuse_unmet(logs, config.get("where", {}))
    parts = [log.clicks() for log in logs]
    clicks = concatenated([part for part in parts if len(part.time_ms)] or parts[:1])
    accounts = [log.account for log in logs]
    if not len(clicks.time_ms):
        raise RecoreError(f"{'; '.join(map(str, accounts))}: no click is left; correct `read`, or give another log")
    sessions, items = assemble(clicks, config.get("sessions"))
    return sessions, items, accounts


def _refuse_unmet(logs: list["_Log"], where: dict[str | int, list[Any]]) -> None:
    """Each value that ``where`` names has to occur, in one of the files."""
    for column, values in where.items():
        words = list(dict.fromkeys(word for log in logs for word in log.words(f"where.{column}")))
        for value in map(_as_word, values):
            if value not in words:
                files, there = ", ".join(log.place.file for log in logs), ", ".join(map(shown, words[:10]))
                raise RecoreError(
                    f"{files}: `where.{column}` names {value!r}, which does not occur; its values are {there}"
                )


class _Log:
    """One file: its columns, without the rows that have left, and the account of them."""

    def __init__(self, file: Path, config: dict[str, Any]):
        self.config, self.place = config, Place(file.name)
        columns = {f"columns.{role}": column for role, column in config["columns"].items()}
        if "sessions" in config:
            columns["sessions.by"] = config["sessions"]["by"]
        self.who = "sessions.by" if "sessions" in config else "columns.session"
        self.where = {f"where.{column}": values for column, values in config.get("where", {}).items()}
        coded = [self.who, "columns.item", *self.where]
        columns |= {f"where.{column}": column for column in config.get("where", {})}
        if config["format"] == "parquet":
            table, way = parquet.read(file, columns), None
        else:
            table, way = text.read(file, config, columns, coded)
        self.account = Account(file.name, table.num_rows, quoting=way and way.quoting)
        self.ids = {key: encoded(table[key], key, file.name) for key in coded}
        self.values = {key: table[key] for key in columns if key not in coded}
        if way and way.quoted:
            self.ids = {key: ids.unquoted() for key, ids in self.ids.items()}
            self.values = {key: pc.utf8_trim(column, '"') for key, column in self.values.items()}
        self.read: dict[str, np.ndarray] = {}

    def clicks(self) -> Clicks:
        for key, values in self.where.items():
            wanted = set(map(_as_word, values))
            chosen = np.array([word in wanted for word in self.words(key)], bool)
            self._keep(self.ids[key].among(chosen), f"other `{key}`")
        who = "visitor" if "sessions" in self.config else "session"
        self._require(self.ids[self.who].missing(), self.who, who)
        self._require(self.ids["columns.item"].missing(), "columns.item", "item")
        self._refuse_cut(self.who, who)
        self._refuse_cut("columns.item", "item")
        unit = self.config["time"]
        self._read("columns.time", "time", lambda column: milliseconds(column, unit, self.place))
        early = "is before 1990, which others are not (another unit, or not set?)"
        self._require(unset(self.read["columns.time"]), "columns.time", "time", early)
        if "columns.order" in self.values:
            self._read("columns.order", "order", lambda column: numbers(column, "order", self.place))
        if "max_session" in self.config:
            self._keep(self._up_to(self.config["max_session"]), f"session above {self.config['max_session']}")
        return Clicks(
            self.ids[self.who], self.ids["columns.item"], self.read["columns.time"], self.read.get("columns.order")
        )

    def _keep(self, keep: np.ndarray, reason: str) -> None:
        dropped = int(np.count_nonzero(~keep))
        if not dropped:
            return
        self.account.dropped[reason] = self.account.dropped.get(reason, 0) + dropped
        self.place = self.place.only(keep)
        self.ids = {key: ids.only(keep) for key, ids in self.ids.items()}
        self.values = {key: column.filter(pa.array(keep)) for key, column in self.values.items()}
        self.read = {key: array[keep] for key, array in self.read.items()}

    def words(self, key: str) -> list[str]:
        """The different words of a column of ids, as text."""
        return [_as_word(word) for word in self.ids[key].words.to_pylist()]

    def _require(self, missing: np.ndarray, key: str, role: str, fault: str = "stands for none") -> None:
        """A row without a session, an item or a time is a fault, or leaves."""
        at = np.flatnonzero(missing)
        if at.size and self.config.get("missing") != "drop":
            value = self._cell(key, int(at[0]))
            what = "is empty" if value.strip() in ("", "None") else f"{shown(value)} {fault}"
            others = f", and so in {at.size - 1:,} more rows" if at.size > 1 else ""
            raise RecoreError(
                f"{self.place.row(int(at[0]))}: the {role} {what}{others}; correct them, or set `missing: drop` to "
                "leave such rows out"
            )
        self._keep(~missing, f"no {role}")

    def _cell(self, key: str, row: int) -> str:
        if key in self.values:
            return str(self.values[key][row].as_py())
        code = self.ids[key].codes[row]
        return "" if code < 0 else str(self.ids[key].words[int(code)].as_py())

    def _read(self, key: str, role: str, parse: Callable[[pa.ChunkedArray], np.ndarray]) -> None:
        try:
            self.read[key] = parse(self.values[key])
        except RecoreError:  # perhaps of rows that have none
            self._require(missing(self.values[key]), key, role)
            self.read[key] = parse(self.values[key])

    def _refuse_cut(self, key: str, role: str) -> None:
        ids = self.ids[key]
        cut = np.flatnonzero(ids.among(is_cut(ids.words.cast(pa.string()))))
        if cut.size:
            cell = pa.scalar(self._cell(key, int(cut[0])))
            raise self.place.fault(int(cut[0]), role, cell, "an id with all its digits", CUT_SHORT)

    def _up_to(self, highest: int) -> np.ndarray:
        ids = self.ids[self.who]
        try:
            words = ids.words.cast(pa.int64()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            raise RecoreError(
                f"{self.place.file}: `max_session` wants sessions that are whole numbers, but not all of them are; "
                "remove it"
            ) from None
        return ids.among(words <= highest)


def _as_word(value: Any) -> str:
    """A value of params.yaml or of a column as a text file has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
