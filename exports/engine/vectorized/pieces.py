"""Read a table piece by piece: blocks that are cut at once, and rows that need a careful reader."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from exports.engine.file_kinds import errors_for
from exports.engine.records import records
from exports.engine.vectorized.blocks import LONGEST_ROW, Block, cut

BLOCK = 1 * 1024 * 1024
# A letter of UTF-8 takes so many bytes at most.
_LETTER = 4

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


class Table:
    """A table on a stream of plain bytes, from where that stands to its end."""

    def __init__(self, stream: BinaryIO, writing: Writing) -> None:
        self._stream = stream
        self._waiting = b""
        self._is_at_end = False
        self._row = 1
        if writing.encoding == "utf-8-sig":
            # The mark belongs to no cell.
            self._waiting = stream.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
            writing = replace(writing, encoding="utf-8")
        self.writing = writing

    def pieces(self) -> Iterator[Block | Iterator[Row]]:
        """Yield the table in parts; what is rows must be read to its end before the next part."""
        while self._read_more():
            block = self._block()
            if block is not None:
                self._row += len(block.lasts)
                self._waiting = self._waiting[len(block.data) :]
                yield block
            elif self._is_at_end or len(self._waiting) > LONGEST_ROW:
                yield self._carefully()

    def _read_more(self) -> bool:
        """Read on; say whether anything is left."""
        if not self._is_at_end:
            read = self._stream.read(BLOCK)
            self._waiting += read
            self._is_at_end = not read
        return bool(self._waiting) or not self._is_at_end

    def _block(self) -> Block | None:
        data = self._waiting
        if self._is_at_end and not data.endswith(b"\n"):
            # The last row may lack its line end.
            data += b"\n"
        return cut(data, self.writing.delimiter, self._row, quoted=self.writing.quoted)

    def _carefully(self) -> Iterator[Row]:
        """Read what waits as the reference does, and the rest of its last row."""
        lines = _Lines(self._waiting, self._more, self.writing)
        size = len(self._waiting)
        found = records(
            lines, self.writing.delimiter, quoted=self.writing.quoted, first_row=self._row
        )
        while lines.read < size:
            row = next(found, None)
            if row is None:
                break
            self._row = row[0] + 1
            yield row
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
