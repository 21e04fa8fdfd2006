"""Read a table piece by piece: blocks that are cut at once, and rows that need a careful reader."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np

from exports.engine.file_kinds import errors_for
from exports.engine.reading import Progress
from exports.engine.records import records
from exports.engine.vectorized.blocks import (
    DOUBLED,
    LONGEST_ROW,
    PLAIN,
    Bounds,
    Bytes,
    Cut,
    Places,
    cut,
)
from exports.engine.vectorized.vectors import PADDING

BLOCK = 1 * 1024 * 1024
# Where something is not certain, so much is read carefully before the next block is tried.
CAREFUL = 64 * 1024
# A letter of UTF-8 takes so many bytes at most.
_LETTER = 4
_NEW_LINE = 10

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class Writing:
    """How the cells are written, in an encoding that has ASCII's letters for ASCII."""

    encoding: str
    delimiter: str
    quoted: bool

    def decode(self, data: bytes) -> str:
        """Decode bytes that begin and end between letters."""
        return data.decode(self.encoding, errors_for(self.encoding))


class Room:
    """Memory for one block, used again for another: its bytes, and where its cells are."""

    def __init__(self, rows: int, columns: int) -> None:
        self.size = BLOCK + LONGEST_ROW
        # One more for a line end that the last row may lack.
        self.data: Bytes = np.zeros(self.size + 1 + PADDING, dtype=np.uint8)
        self.bounds = Bounds.of(rows, columns)


@dataclass(frozen=True)
class Block:
    """Whole rows, cut. `first_row` is the number of its first line as a spreadsheet counts."""

    room: Room
    cut: Cut
    first_row: int

    def text(self, row: int, column: int, writing: Writing) -> str:
        """Return one cell as `records` does."""
        bounds = self.room.bounds
        cell = self.room.data[bounds.starts[row, column] : bounds.stops[row, column]].tobytes()
        kind = bounds.kinds[row, column]
        if kind == PLAIN:
            cell = cell.lstrip(b" ")
        elif kind == DOUBLED:
            cell = cell.replace(b'""', b'"')
        return writing.decode(cell)


class Table:
    """A table on a stream of plain bytes, from where that stands to its end."""

    def __init__(self, stream: BinaryIO, writing: Writing, columns: Places) -> None:
        self._stream = stream
        self._columns = columns
        self._waiting = b""
        self._is_at_end = False
        self._row = 1
        if writing.encoding == "utf-8-sig":
            # The mark belongs to no cell; nor does, to Python, a file that is a part of one.
            head = stream.read(len(codecs.BOM_UTF8))
            self._waiting = b"" if codecs.BOM_UTF8.startswith(head) else head
            writing = replace(writing, encoding="utf-8")
        self.writing = writing

    def pieces(
        self, room: Callable[[], Room], progress: Progress
    ) -> Iterator[Block | Iterator[Row]]:
        """Yield the table in parts; what is rows must be read to its end before the next part.

        `room` gives memory for the next block. The header is among the rows.
        """
        own = room()
        while size := self._filled(own):
            if progress.header_is_next:
                yield self._carefully(own, size, lambda _: not progress.header_is_next)
                continue
            found = self._cut(own, size)
            if found.size:
                block = Block(own, found, self._row)
                self._row += found.lines
                self._waiting = own.data[found.size : size].tobytes() + self._waiting
                yield block
                own = room()
            else:
                enough = min(size, CAREFUL)
                yield self._carefully(own, size, enough.__le__)

    def _filled(self, room: Room) -> int:
        """Read on until a room is full or nothing is left; return how much there is."""
        taken, self._waiting = self._waiting[: room.size], self._waiting[room.size :]
        size = len(taken)
        with room.data.data as memory:
            memory[:size] = taken
            while size < room.size and not self._is_at_end:
                read = self._stream.readinto(memory[size : room.size])  # type: ignore[attr-defined]
                self._is_at_end = not read
                size += read
        return size

    def _cut(self, room: Room, size: int) -> Cut:
        if self._is_at_end and not self._waiting and room.data[size - 1] != _NEW_LINE:
            # The last row may lack its line end.
            room.data[size] = _NEW_LINE
            size += 1
        writing = self.writing
        return cut(
            room.data, size, writing.delimiter, self._columns, room.bounds, quoted=writing.quoted
        )

    def _carefully(self, room: Room, size: int, enough: Callable[[int], bool]) -> Iterator[Row]:
        """Read what waits as the reference does, row by row until so many bytes are `enough`."""
        lines = _Lines(room.data[:size].tobytes() + self._waiting, self._more, self.writing)
        found = records(
            lines, self.writing.delimiter, quoted=self.writing.quoted, first_row=self._row
        )
        for number, cells in found:
            self._row = number + 1
            yield number, cells
            if enough(lines.read):
                break
        self._waiting = lines.rest

    def _more(self) -> bytes:
        read = self._stream.read(BLOCK)
        self._is_at_end = not read
        return read


class _Lines:
    """Lines of text from bytes and more of them: what is not read yet is the `rest`."""

    def __init__(self, data: bytes, more: Callable[[], bytes], writing: Writing) -> None:
        self._data = data
        self._more = more
        self._decode = writing.decode
        self._at = 0
        self.read = 0

    @property
    def rest(self) -> bytes:
        return self._data[self._at :]

    def readline(self, limit: int, /) -> str:
        """Return the next line as a text file does that keeps its line ends."""
        size = self._line_size(limit * _LETTER)
        line = self._data[self._at : self._at + size]
        self._at += size
        self.read += size
        return self._decode(line)[:limit]

    def _line_size(self, most: int) -> int:
        searched = 0
        while True:
            start = self._at + searched
            end = self._data.find(b"\n", start)
            lone = self._data.find(b"\r", start, end if end >= 0 else len(self._data))
            if 0 <= lone < len(self._data) - 1 and lone + 1 != end:
                return lone + 1 - self._at
            if end >= 0:
                return end + 1 - self._at
            left = len(self._data) - self._at
            if left >= most:
                return most
            more = self._more()
            if not more:
                return left
            # A return at the end may be the first half of a line end.
            searched = max(0, left - 1)
            self._data = self._data[self._at :] + more
            self._at = 0
