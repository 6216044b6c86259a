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
    sessions, items = assemble(concatenated([log.clicks() for log in logs]), config.get("sessions"))
    return sessions, items, [log.account for log in logs]


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
        if not table.num_rows:
            raise RecoreError(f"{file.name} holds no clicks; give a log with at least one row")
        self.account = Account(file.name, table.num_rows, quoting=way and way.quoting)
        self.ids = {key: encoded(table[key], key, file.name) for key in coded}
        self.values = {key: table[key] for key in columns if key not in coded}
        if way and way.quoted:
            self.ids = {key: ids.unquoted() for key, ids in self.ids.items()}
            self.values = {key: pc.utf8_trim(column, '"') for key, column in self.values.items()}
        self.read: dict[str, np.ndarray] = {}

    def clicks(self) -> Clicks:
        for key, values in self.where.items():
            self._keep(self._wanted(key, values), f"other `{key}`")
        who = "visitor" if "sessions" in self.config else "session"
        self._require(self.ids[self.who].missing(), self.who, who)
        self._require(self.ids["columns.item"].missing(), "columns.item", "item")
        self._refuse_cut(self.who, who)
        self._refuse_cut("columns.item", "item")
        unit = self.config["time"]
        self._read("columns.time", "time", lambda column: milliseconds(column, unit, self.place))
        self._require(unset(self.read["columns.time"]), "columns.time", "time")
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
        if dropped == len(keep):
            raise RecoreError(f"{self.account}; none is left, so correct `read`")
        self.place = self.place.only(keep)
        self.ids = {key: ids.only(keep) for key, ids in self.ids.items()}
        self.values = {key: column.filter(pa.array(keep)) for key, column in self.values.items()}
        self.read = {key: array[keep] for key, array in self.read.items()}

    def _wanted(self, key: str, values: list[Any]) -> np.ndarray:
        """Whether each row has one of the ``values``; each of them has to occur."""
        words = [str(word).lower() if isinstance(word, bool) else str(word) for word in self.ids[key].words.to_pylist()]
        wanted = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
        for value in wanted:
            if value not in words:
                there = ", ".join(map(shown, words[:10]))
                raise RecoreError(
                    f"{self.place.file}: `{key}` names {value!r}, which does not occur; its values are {there}"
                )
        return np.isin(self.ids[key].codes, [words.index(value) for value in wanted])

    def _require(self, missing: np.ndarray, key: str, role: str) -> None:
        """A row without a session, an item or a time is a fault, or leaves."""
        at = np.flatnonzero(missing)
        if at.size and self.config.get("missing") != "drop":
            value = self._cell(key, int(at[0]))
            is_what = "is empty" if value.strip() in ("", "None") else f"{shown(value)} is none"
            others = f", and {at.size - 1:,} other rows lack theirs" if at.size > 1 else ""
            raise RecoreError(
                f"{self.place.row(int(at[0]))}: the {role} {is_what}{others}; fill them, or set `missing: drop` to "
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
