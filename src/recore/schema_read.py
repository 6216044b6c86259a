"""The schema of ``sources.NAME.read``: how the files of a source are read. It holds no default."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Count = Annotated[int, Field(ge=1)]
Scalar = str | bool | int | float
Column = str | Annotated[int, Field(ge=0)]
TIMES = ("seconds", "milliseconds", "microseconds", "nanoseconds", "iso8601", "date")


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Columns(Section):
    """Column names (or positions, where a file has no header) of a click log."""

    session: Column | None = None
    item: Column
    time: Column
    order: Column | None = None


class Prepared(Section):
    """Formats that say themselves what stands where."""

    format: Literal["core_inter", "srgnn"]
    comparable: bool


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{value!r} is no time zone; names are like Europe/Berlin") from None
    return value


def _gap(value: Any) -> Any:
    if not (isinstance(value, str) and re.fullmatch(r"[1-9]\d*[smhd]", value)):
        raise ValueError(f'a gap is a number with s, m, h or d, as "30m" or "2h", not {value!r}')
    return value


class Visits(Section):
    """How the clicks of a visitor, the column ``by``, are cut into sessions."""

    by: Column
    gap: Annotated[str, BeforeValidator(_gap)] | None = None  # a pause longer than this begins one
    new_day: Literal[True] | None = None  # and so does a day, in ``zone``
    zone: Annotated[str, AfterValidator(_zone)] | None = None

    @model_validator(mode="after")
    def _cuts(self) -> "Visits":
        if self.gap is None and self.new_day is None:
            raise ValueError('needs `gap` (as "30m") or `new_day: true`, or both')
        if self.zone is not None and self.new_day is None:
            raise ValueError("`zone` is that of `new_day`, which is not set; remove it")
        return self


def _time(value: str) -> str:
    if value in TIMES:
        return value
    try:
        when = datetime(2001, 2, 3, 16, 5, 6, tzinfo=UTC)
        found = datetime.strptime(when.strftime(value), value)
        if "%" in value and found.date() == when.date() and found.hour in (0, 16):  # %I wants %p
            return value
    except (ValueError, re.error):  # the latter of a directive that stands twice
        pass
    raise ValueError(f'{value!r} is no form of a time; give {", ".join(TIMES)}, or a form as "%d/%m/%Y %H:%M"')


def _values(value: Any) -> Any:
    if not (isinstance(value, list) and value and all(isinstance(one, Scalar) for one in value)):
        raise ValueError(f"gives the values to keep as a list, as [view, click], not {value!r}")
    return value


class Table(Section):
    """A click log as a table; without ``order`` the clicks of a session are sorted by time."""

    format: Literal["recbole", "parquet"]
    columns: Columns
    time: Annotated[str, AfterValidator(_time)]
    files: Annotated[list[str], Field(min_length=1)] | None = None
    where: Annotated[dict[Column, Annotated[list[Any], BeforeValidator(_values)]], Field(min_length=1)] | None = None
    missing: Literal["drop"] | None = None
    sessions: Visits | None = None
    max_session: Count | None = None
    comparable: bool

    @model_validator(mode="after")
    def _has_sessions(self) -> "Table":
        if (self.columns.session is None) == (self.sessions is None):
            raise ValueError("needs either `columns.session` or `sessions`, which makes them of a visitor's clicks")
        if self.files and len(set(self.files)) < len(self.files):
            raise ValueError(f"`files` names one of {', '.join(self.files)} twice; name it once")
        if self.max_session is not None and self.sessions is not None:
            raise ValueError("`max_session` is for logs with `columns.session`; remove it")
        return self


def delimiter(value: str) -> str:
    if len(value) != 1 or not (value == "\t" or " " <= value <= "~") or value in '"\\':
        raise ValueError(
            f"a delimiter is one printable ASCII character (no quote, no backslash) or a tab, not {value!r}"
        )
    return value


class Delimited(Table):
    format: Literal["delimited"]
    delimiter: Annotated[str, AfterValidator(delimiter)]
    header: bool | None = None
    quoting: Literal["csv", "backslash", "none"] | None = None
