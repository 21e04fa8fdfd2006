"""Split text into records of cells, lazily and within limits that no file can exceed."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Protocol

from exports.engine.refusals import FileRefused

LONGEST_ROW = 1024 * 1024
MOST_COLUMNS = 10_000
# A quotation mark without its partner would swallow the rows that follow it.
MOST_LINES_A_ROW = 100


class Lines(Protocol):
    """What is read line by line, as a text file is that keeps its line ends (`newline=""`)."""

    def readline(self, limit: int, /) -> str:
        """Return the next line, or its first `limit` letters; nothing at the end."""


def records(
    text: Lines, delimiter: str, *, quoted: bool, first_row: int = 1
) -> Iterator[tuple[int, list[str]]]:
    """Yield (number, cells) of every record; an empty line has no cells.

    Numbers are those of a spreadsheet: a cell with line breaks does not make a new row, an empty
    line does. No line is read before its record is asked for. Raises FileRefused.
    """
    lines = _Lines(text, first_row)
    reader = csv.reader(
        lines,
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        # Else the quotation marks in `a, "b"` would be taken as parts of the value.
        skipinitialspace=True,
    )
    try:
        for cells in reader:
            if len(cells) > MOST_COLUMNS:
                raise FileRefused(
                    f"Row {lines.row} has more than {MOST_COLUMNS:,} columns.", lines.row
                )
            yield lines.row, cells
            lines.begin_row()
    except csv.Error:
        raise FileRefused(
            f"Row {lines.row} has a cell of more than {csv.field_size_limit():,} characters.",
            lines.row,
        ) from None


class _Lines:
    """Lines for `csv.reader`, which asks for one more while a quotation mark is open."""

    def __init__(self, text: Lines, first_row: int) -> None:
        self._text = text
        self._of_this_row = 0
        self._letters = 0
        self.row = first_row

    def begin_row(self) -> None:
        """Note that the row is complete."""
        self.row += 1
        self._of_this_row = 0
        self._letters = 0

    def __iter__(self) -> Iterator[str]:
        read_line = self._text.readline
        while line := read_line(LONGEST_ROW + 1):
            self._of_this_row += 1
            self._letters += len(line)
            if self._letters > LONGEST_ROW:
                raise FileRefused(f"Row {self.row} is longer than 1 MiB.", self.row)
            if self._of_this_row > MOST_LINES_A_ROW:
                raise self._unclosed()
            yield line
        if self._of_this_row:
            raise self._unclosed()

    def _unclosed(self) -> FileRefused:
        return FileRefused(
            f"Row {self.row} opens a quotation mark that is not closed again.", self.row
        )
