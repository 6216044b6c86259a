"""Click logs as tables: delimited text, RecBole's atomic tables and Parquet, in one file or in several.

Rows leave in this order, each with its reason: those that ``where`` does not name, those without a session, an item, a
time or an order (a fault, unless ``missing: drop`` allows it), those of a session above ``max_session``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from recore import RecoreError
from recore.data.readers import agree, parquet, text
from recore.data.readers.clicks import Clicks, assemble, concatenated
from recore.data.readers.files import log_files
from recore.data.readers.ids import as_word, encoded, unquoted
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
    agree.on_values(logs, config.get("where", {}))
    agree.on_quotes(logs)
    agree.on_positions(logs)
    for log in logs:
        log.parse()
    newest_ms = max((int(log.read["columns.time"].max()) for log in logs if len(log.read["columns.time"])), default=0)
    parts = [log.clicks(newest_ms) for log in logs]
    clicks = concatenated([part for part in parts if len(part.time_ms)] or parts[:1])
    accounts = [log.account for log in logs]
    if not len(clicks.time_ms):
        raise RecoreError(f"{'; '.join(map(str, accounts))}: no click is left; correct `read`, or give another log")
    if any(log.way and log.way.quoted for log in logs):
        clicks = replace(clicks, who=clicks.who.unquoted(), item=clicks.item.unquoted())
    for role, ids in (("session", clicks.who), ("item", clicks.item)):
        agree.on_whole_numbers(ids, role, [account.file for account in accounts])
    sessions, items = assemble(clicks, config.get("sessions"))
    return sessions, items, accounts


class _Log:
    """One file: its columns, without the rows that have left, and the account of them."""

    def __init__(self, file: Path, config: dict[str, Any]):
        self.config, self.place = config, Place(file.name)
        columns = {f"columns.{role}": column for role, column in config["columns"].items()}
        if "sessions" in config:
            columns["sessions.by"] = config["sessions"]["by"]
        self.who = "sessions.by" if "sessions" in config else "columns.session"
        self.roles = {self.who: "visitor" if "sessions" in config else "session", "columns.item": "item"}
        self.where = {f"where.{column}": values for column, values in config.get("where", {}).items()}
        coded = [self.who, "columns.item", *self.where]
        columns |= {f"where.{column}": column for column in config.get("where", {})}
        if config["format"] == "parquet":
            table, self.way, self.names = parquet.read(file, columns, coded), None, []
        else:
            table, self.way, self.names = text.read(file, config, columns, coded)
        self.account = Account(file.name, table.num_rows, quoting=self.way and self.way.quoting)
        self.ids = {key: encoded(table[key], key, file.name) for key in coded}
        self.values = {key: table[key] for key in columns if key not in coded}
        if self.way and self.way.quoted:
            self.values = {key: pc.utf8_trim(column, '"') for key, column in self.values.items()}
        self.read: dict[str, np.ndarray] = {}

    def parse(self) -> None:
        """Leaves the rows that are wanted, with ids, and reads their times and orders."""
        for key, values in self.where.items():
            wanted = set(map(as_word, values))
            chosen = np.array([word in wanted for word in self.words(key)], bool)
            self._keep(self.ids[key].among(chosen), f"other `{key}`")
        for key, role in self.roles.items():
            self._require(self.ids[key].missing(), key, role)
            self._refuse_cut(key, role)
        unit = self.config["time"]
        try:
            self._read("columns.time", "time", lambda column: milliseconds(column, unit, self.place))
        except RecoreError as fault:
            if self.config.get("header") is False and "data row 1:" in str(fault):
                raise RecoreError(f"{fault} (if the first line is a header, remove `header: false`)") from None
            raise
        if "columns.order" in self.values:
            self._read("columns.order", "order", lambda column: numbers(column, "order", self.place))
        if "max_session" in self.config:
            self._keep(self._up_to(self.config["max_session"]), f"session above {self.config['max_session']}")

    def clicks(self, newest_ms: int) -> Clicks:
        """What is left; ``newest_ms`` is the newest time of all files."""
        fault = "is not between 1990 and 2099 (another unit, or not set?)"
        self._require(unset(self.read["columns.time"], newest_ms), "columns.time", "time", fault)
        who, item = (self.ids[key] for key in self.roles)
        return Clicks(who, item, self.read["columns.time"], self.read.get("columns.order"))

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
        words = [as_word(word).strip() for word in self.ids[key].words.to_pylist()]
        return [unquoted(word) for word in words] if self.way and self.way.quoted else words

    def _require(self, missing: np.ndarray, key: str, role: str, fault: str = "stands for none") -> None:
        """A row without a session, an item or a time is a fault, or leaves."""
        at = np.flatnonzero(missing)
        if not at.size:
            return
        if self.config.get("missing") != "drop":
            value = self._entry(key, int(at[0]))
            what = f"{shown(value)} {fault}" if value.strip() else "is empty"
            others = f", and so in {at.size - 1:,} more rows" if at.size > 1 else ""
            raise RecoreError(
                f"{self.place.row(int(at[0]))}: the {role} {what}{others}; correct them, or set `missing: drop` to "
                "leave such rows out"
            )
        self._keep(~missing, f"no {role}")

    def _entry(self, key: str, row: int) -> str:
        if key in self.values:
            entry = self.values[key][row]
            return (shown(entry)[1:-1] if entry.type != pa.string() else entry.as_py()) if entry.is_valid else ""
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
        if ids.plain:
            return
        marked = pc.match_substring(ids.words.cast(pa.string()), "\ufeff").to_numpy(zero_copy_only=False)
        if (at := np.flatnonzero(ids.among(marked))).size:
            raise RecoreError(
                f"{self.place.row(int(at[0]))}: the {role} holds the mark that begins a UTF-8 file, as where "
                "two files were joined; remove it"
            )
        cut = np.flatnonzero(ids.among(is_cut(ids.words.cast(pa.string()))))
        if cut.size:
            entry = pa.scalar(self._entry(key, int(cut[0])))
            raise self.place.fault(int(cut[0]), role, entry, "an id with all its digits", CUT_SHORT)

    def _up_to(self, highest: int) -> np.ndarray:
        ids = self.ids[self.who]
        present = ids.among(np.ones(len(ids.words), bool))
        words = self.words(self.who)
        numbers = np.array([int(word) <= highest if word.isdecimal() else True for word in words], bool)
        faulty = np.flatnonzero(ids.among(np.array([not word.isdecimal() for word in words], bool)))
        if faulty.size:
            entry = pa.scalar(self._entry(self.who, int(faulty[0])))
            raise self.place.fault(
                int(faulty[0]), "session", entry, "a whole number, as `max_session` wants", "remove it"
            )
        return ids.among(numbers) & present
