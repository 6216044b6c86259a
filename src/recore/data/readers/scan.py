"""The lines of a delimited file, followed block by block, and what the quotes in them open, close and hide."""

import numpy as np

from recore.data.readers.lines import CR, LF, Lines, counted

QUOTE, BACKSLASH = b'"\\'


class Scan:
    """What the blocks of a file show, added one after another; lines count from 1."""

    def __init__(self, delimiter: str, backslash: bool, thorough: bool = False):
        self.lines = 0  # that hold anything
        self.rows = 0  # those of them that do not begin inside quotes
        self.quotes = False  # there are some below the first row
        self.breaks = False  # a line begins inside quotes
        self.hiding = False  # quotes hide a delimiter, a line break or a quote
        self.unclosed: int | None = None  # the first line in which a quote opens a field that none closes
        self.swallowed: tuple[int, int] | None = None  # of the first field that spans what look like rows
        self.odd: tuple[int, int, int] | None = (
            None  # the first row of one line with other columns, theirs, the first's
        )
        self._delimiter, self._backslash = ord(delimiter), backslash
        self._thorough = thorough  # looks at blocks without quotes too
        self.end = 0  # bytes up to the end of the last line that does not end inside quotes
        self._before = 0  # lines of the blocks before
        self._bytes = 0  # of the blocks before
        self._inside = False  # the block before ended inside quotes
        self._opened = 0  # the line of the quote that opened this field
        self._width = 0  # columns of the first row
        # The row that the last line belongs to: its first line, its lines, whether each of them looks like a row.
        self._row = (0, 0, True)

    def add(self, block: bytes) -> None:
        cut = block.find(b"\n") + 1
        if not self._width and 0 < cut < len(block) and block.find(b'"', cut) < 0:
            self.add(block[:cut])  # a header in quotes is no reason to follow what is below
            self.add(block[cut:])
            return
        if self._inside or self._thorough or b'"' in block or not self._width:
            lines = Lines(block)
            full = int(np.count_nonzero(lines.full))
            below = 0 if self._width else int(lines.ends[np.argmax(lines.full)])  # the end of the first row
            self.quotes |= block.find(b'"', below) >= 0
            if not self.unclosed:
                self._follow(lines)
            self._before += len(lines.ends)
        else:
            lines, full = counted(block)
            self.rows += full
            self._before += lines
            self.end = self._bytes + len(block)
            self._end_row()
            self._row = (0, 0, True)
        self.lines += full
        self._bytes += len(block)

    def finish(self) -> None:
        if self._inside and not self.unclosed:
            self.unclosed = self._opened
        self._end_row()

    def _follow(self, lines: Lines) -> None:
        marks = self._marks(lines)
        if self.unclosed:
            return

        def inside(places: np.ndarray) -> np.ndarray:
            return (np.searchsorted(marks, places) + self._inside) % 2 == 1

        delimiters = np.flatnonzero(lines.data == self._delimiter)
        begins_inside, hidden = inside(lines.starts), inside(delimiters)
        self.rows += int(np.count_nonzero(lines.full & ~begins_inside))
        self.breaks |= bool(begins_inside.any())
        self.hiding |= bool(begins_inside.any() or hidden.any())
        row_ends = lines.ends[lines.full & ~inside(lines.ends)]
        if row_ends.size:
            self.end = self._bytes + int(row_ends[-1]) + 1
        if not self._width and row_ends.size:
            self._width = int(np.count_nonzero(~hidden[: np.searchsorted(delimiters, row_ends[0])])) + 1
        in_row = lines.full & ~begins_inside & ~inside(lines.ends)
        self._look_for_odd(in_row, lines.columns(delimiters[~hidden]))
        hidden[hidden] = self._closed_in_line(lines, marks, delimiters[hidden])
        self._follow_rows(begins_inside, ~lines.full | (lines.columns(delimiters[~hidden]) == self._width))
        self._inside ^= len(marks) % 2 == 1
        if self._inside and len(marks):
            self._opened = self._line(int(marks[-1]), lines)

    def _look_for_odd(self, in_row: np.ndarray, columns: np.ndarray) -> None:
        odd = np.flatnonzero(in_row & (columns != self._width))
        if odd.size and not self.odd:
            self.odd = (self._before + int(odd[0]) + 1, int(columns[odd[0]]), self._width)

    def _closed_in_line(self, lines: Lines, marks: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Whether the quoted field around each place opens and closes in one line, so that it spans no rows."""
        if not len(marks):
            return np.zeros(len(places), bool)
        opening = np.searchsorted(marks, places) - 1
        known = (opening >= 0) & (opening + 1 < len(marks))
        opens, closes = marks[np.where(known, opening, 0)], marks[np.where(known, opening + 1, 0)]
        return known & (np.searchsorted(lines.ends, opens) == np.searchsorted(lines.ends, closes))

    def _marks(self, lines: Lines) -> np.ndarray:
        """Where quotes open and close fields; a quote that stands for itself inside one is none, or two."""
        data = lines.data
        quotes = np.flatnonzero(data == QUOTE)
        if self._backslash:
            escaped = np.array([_escaped(data, quote) for quote in quotes], bool)
            self.hiding |= bool(escaped.any())
            quotes = quotes[~escaped]
        limits = np.array([self._delimiter, LF, CR], np.uint8)
        last = len(data) - 1
        opens = (quotes == 0) | np.isin(data[np.maximum(quotes - 1, 0)], limits)
        closes = (quotes == last) | np.isin(data[np.minimum(quotes + 1, last)], limits)
        doubled = np.zeros(len(quotes), bool)  # followed by another quote
        if not self._backslash:
            doubled[:-1] = np.diff(quotes) == 1
        odd = (np.arange(len(quotes)) + self._inside) % 2 == 1
        second = np.concatenate(([False], doubled[:-1]))
        # Where every quote in turn opens and closes (or is one of a pair), there is nothing to follow one by one.
        if np.where(odd, closes | doubled, opens | second).all():
            self.hiding |= bool((odd & doubled).any())
            return quotes
        return self._followed(lines, quotes, opens, closes, doubled)

    def _followed(
        self, lines: Lines, quotes: np.ndarray, opens: np.ndarray, closes: np.ndarray, doubled: np.ndarray
    ) -> np.ndarray:
        """The same, quote by quote, for files with quotes in unquoted fields too; sets ``unclosed``."""
        marks: list[int] = []
        inside, second = self._inside, False
        for quote, can_open, can_close, has_second in zip(
            quotes.tolist(), opens.tolist(), closes.tolist(), doubled.tolist(), strict=True
        ):
            if second:
                second = False
            elif not inside:
                if can_open:
                    inside = True
                    marks.append(quote)
            elif has_second:
                second = self.hiding = True
            elif can_close:
                inside = False
                marks.append(quote)
            else:
                self.unclosed = self._line(marks[-1], lines) if marks else self._opened
                break
        return np.array(marks, np.int64)

    def _line(self, place: int, lines: Lines) -> int:
        return self._before + int(np.searchsorted(lines.ends, place)) + 1

    def _follow_rows(self, begins_inside: np.ndarray, like_row: np.ndarray) -> None:
        """Looks for quoted fields whose lines all look like rows."""
        first = np.flatnonzero(~begins_inside)
        cut = int(first[0]) if first.size else len(begins_inside)
        line, n_lines, alike = self._row
        self._row = (line, n_lines + cut, alike and bool(like_row[:cut].all()))
        if not first.size:
            return
        self._end_row()
        sizes = np.diff(first, append=len(begins_inside))
        all_alike = np.logical_and.reduceat(like_row, first)
        spans = np.flatnonzero(all_alike[:-1] & (sizes[:-1] > 1))
        if spans.size and not self.swallowed:
            begin = self._before + int(first[spans[0]]) + 1
            self.swallowed = (begin, begin + int(sizes[spans[0]]) - 1)
        self._row = (self._before + int(first[-1]) + 1, int(sizes[-1]), bool(all_alike[-1]))

    def _end_row(self) -> None:
        line, n_lines, alike = self._row
        if n_lines > 1 and alike and not self.swallowed:
            self.swallowed = (line, line + n_lines - 1)


def _escaped(data: np.ndarray, place: int) -> bool:
    """Whether an odd number of backslashes stands before a byte."""
    first = place
    while first > 0 and data[first - 1] == BACKSLASH:
        first -= 1
    return (place - first) % 2 == 1
