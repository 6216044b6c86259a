"""How a delimited file quotes, and how many rows it has: looked at before a parser does.

Files quote in two ways. In one, a quote at the start of a field opens it and may hide delimiters and line breaks; in
the other, a quote is a character like any other. A parser that takes the second for the first swallows all rows up to
the next quote without a word, so nothing is guessed here that the file does not show:

- quotes that are well-formed all through and hide something: fields are quoted;
- well-formed but hiding nothing: both ways read the same rows, and only labels differ (``Ids.unquoted``);
- not well-formed, but every line is a row by itself: quotes are characters;
- anything else, and a quoted field whose lines all look like whole rows, is a fault that names the line.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recore import RecoreError
from recore.data.readers.kinds import blocks
from recore.data.readers.lines import Lines, counted
from recore.data.readers.scan import Scan

WAYS = 'correct it, or set `read.quoting`: csv (a quote in a field is ""), backslash (it is \\") or none (no quoting)'


@dataclass(frozen=True)
class Way:
    """How a file is to be parsed, and the number of its rows with the header."""

    quoting: str  # csv, backslash or none
    rows: int
    breaks: bool = False  # fields hold line breaks
    quoted: bool = False  # quotes are well-formed and hide nothing, so ids may be unquoted
    stray: bool = False  # quotes are characters, since they are not well-formed


def way_of(file: Path, delimiter: str, quoting: str | None) -> Way:
    """How the file quotes: ``quoting`` where the user says it, else what the file shows.

    Raises RecoreError naming the line where the file does not show it, or shows something else.
    """
    if quoting == "none":
        return Way("none", sum(counted(block)[1] for block in blocks(file)))
    scan = Scan(delimiter, backslash=quoting == "backslash")
    for block in blocks(file):
        scan.add(block)
    scan.finish()
    if scan.unclosed:
        if quoting is None and not uneven(file, delimiter) and not _quotes(file, delimiter):
            return Way("none", scan.lines, stray=True)
        raise RecoreError(
            f"{file.name}, line {scan.unclosed}: a quote opens a field here and none closes it before a delimiter or "
            f"line end; {WAYS}"
        )
    if quoting is None and scan.swallowed:
        first, last = scan.swallowed
        raise RecoreError(
            f"{file.name}, line {first}: a quote opens a field here that ends in line {last}, but each of these lines "
            f"looks like a row of its own; {WAYS}"
        )
    if quoting is None and not scan.hiding:
        return Way("none", scan.lines, quoted=scan.quotes)
    return Way(quoting or "csv", scan.rows, scan.breaks)


def _quotes(file: Path, delimiter: str) -> bool:
    """Whether some line has a field in quotes with a delimiter in it, or the first has every field in quotes."""
    first = next(blocks(file)).split(b"\n", 1)[0].strip().split(delimiter.encode())
    if all(len(name) > 1 and name[:1] == name[-1:] == b'"' for name in first):
        return True
    d = re.escape(delimiter.encode())
    field = re.compile(rb'(?:^|%s)"[^"\r\n]*%s[^"\r\n]*"(?=%s|\r|\n|\Z)' % (d, d, d), re.MULTILINE)
    return any(field.search(block) for block in blocks(file))


def odd_row(file: Path, delimiter: str, backslash: bool) -> tuple[int, int, int] | None:
    """The first line that is a row with another number of columns than the first one, that number and theirs."""
    scan = Scan(delimiter, backslash, thorough=True)
    for block in blocks(file):
        scan.add(block)
        if scan.odd:
            break
    return scan.odd


def uneven(file: Path, delimiter: str) -> tuple[int, int, int] | None:
    """The first line with another number of columns than the first, that number and theirs; quotes are characters."""
    before, expected = 0, 0
    for block in blocks(file):
        lines = Lines(block)
        columns = lines.columns(np.flatnonzero(lines.data == ord(delimiter)))
        expected = expected or int(columns[np.argmax(lines.full)])
        odd = np.flatnonzero(lines.full & (columns != expected))
        if odd.size:
            return before + int(odd[0]) + 1, int(columns[odd[0]]), expected
        before += len(lines.ends)
    return None
