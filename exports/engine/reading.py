"""Recognize how an audience file is written, and read its rows lazily.

A file is refused as a whole only where reading on would be guessing. A damaged letter or a NUL
spoils its cell alone (`preparing` rejects such a value), and a short row lacks its columns.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TextIO

from exports.engine import parquet
from exports.engine.dialects import dialect_of, is_blank, looks_like_an_identifier
from exports.engine.file_kinds import (
    decoded,
    encoding_of,
    errors_for,
    refuse_other_kinds,
    refuse_what_is_no_text,
)
from exports.engine.letters import showable
from exports.engine.records import LONGEST_ROW, records
from exports.engine.refusals import FileRefused

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["FileRefused", "FileShape", "look_at", "rows"]

SAMPLE_ROWS = 50
_HEAD = LONGEST_ROW
_GZIP = b"\x1f\x8b"
_PARQUET = (b"PAR1", b"PARE")
# More than is looked at, also where what is looked at is compressed.
ENOUGH = 2 * _HEAD
# What reading raises where compressed bytes are damaged or cut.
DAMAGES = (EOFError, zlib.error, gzip.BadGzipFile)
_LONGEST_NAME = 100
_AT_ONCE = 256 * 1024
# A small compressed file can hold them by the billion, and nobody would hear from the reader.
_MOST_EMPTY_LINES = 1_000_000


@dataclass(frozen=True)
class FileShape:
    """How a file is written: the name of its encoding for `codecs`, its delimiter, and so on.

    `quoted` says whether quotation marks enclose cells; `gzipped` whether it is compressed;
    `header_is_said` whether a person said if it has a header. With `is_parquet` the rest describes
    the text that it is turned into. `column_names` has one for each column of the sample.
    `sample_rows` are raw values of people: they are left out of `repr` and of `as_json`. So is
    `stray_mark`, the row in which a quotation mark is opened and not closed again, so that none is
    taken to enclose a cell.
    """

    encoding: str
    delimiter: str
    quoted: bool
    has_header: bool
    gzipped: bool
    column_names: tuple[str, ...]
    is_parquet: bool = False
    header_is_said: bool = False
    list_columns: tuple[int, ...] = ()
    sample_rows: tuple[tuple[str, ...], ...] = field(default=(), repr=False)
    stray_mark: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what reading needs, to be stored."""
        return {
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "quoted": self.quoted,
            "has_header": self.has_header,
            "gzipped": self.gzipped,
            "is_parquet": self.is_parquet,
            "header_is_said": self.header_is_said,
            "list_columns": list(self.list_columns),
            "column_names": list(self.column_names),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Take back what `as_json` gave."""
        lists = tuple(stored.get("list_columns", ()))
        names = tuple(stored["column_names"])
        return cls(**{**stored, "column_names": names, "list_columns": lists})


def look_at(stream: BinaryIO, *, has_header: bool | None = None) -> FileShape:
    """Recognize how a file is written from its first MiB; raise FileRefused where it is no table.

    `stream` must be seekable. `has_header` is for a person who knows better.
    """
    stream.seek(0)
    if stream.read(len(_PARQUET[0])) in _PARQUET:
        return _parquet_shape(stream)
    gzipped, head, is_all = _head_of(stream)
    if not head:
        raise FileRefused("The file is empty.")
    refuse_other_kinds(head)
    encoding = encoding_of(head)
    text = decoded(head, encoding)
    if not text.strip():
        raise FileRefused("The file holds nothing but white space.")
    refuse_what_is_no_text(text)
    dialect = dialect_of(text, SAMPLE_ROWS + 1, is_all=is_all)
    sample = dialect.sample
    if has_header is None:
        has_header = not any(map(looks_like_an_identifier, sample[0]))
    if has_header and len(sample) == 1:
        raise FileRefused("The file has a header but no rows.")
    body = sample[1:] if has_header else sample[:SAMPLE_ROWS]
    return FileShape(
        encoding=encoding,
        delimiter=dialect.delimiter,
        quoted=dialect.quoted,
        has_header=has_header,
        gzipped=gzipped,
        column_names=_column_names(sample[0] if has_header else (), max(map(len, sample))),
        sample_rows=tuple(tuple(cells) for cells in body),
        stray_mark=dialect.stray_mark,
    )


def refuse_soon(head: bytes) -> None:
    """Refuse a file of which no more than the first `ENOUGH` bytes are here, if these say it all.

    What is not refused now may be refused by `look_at` later. Raises FileRefused.
    """
    if len(head) < ENOUGH:
        return
    if head[: len(_PARQUET[0])] in _PARQUET:
        # It is read from its end.
        return
    if head.startswith(_GZIP):
        try:
            _, _, is_all = _head_of(io.BytesIO(head))
        except FileRefused:
            is_all = True
        if is_all:
            # Compressed that badly, it is damaged or only cut here.
            return
    look_at(io.BytesIO(head))


@dataclass
class Progress:
    """What reading knows of the rows so far."""

    header_is_next: bool
    empty_lines: int = 0

    @property
    def empty_lines_left(self) -> int:
        """Return how many more empty lines the file may have."""
        return _MOST_EMPTY_LINES - self.empty_lines


def rows(
    stream: BinaryIO, shape: FileShape, only: Iterable[int] | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Yield (row number, cells) of every row of data from the start of a seekable stream.

    Numbers are those of a spreadsheet: a header is row 1, a cell with line breaks makes no new
    row. Empty lines are left out, but counted. Rows are as wide as they are written. Where `only`
    some columns are wanted, the cells of others may be left empty. Raises FileRefused.
    """
    if shape.is_parquet:
        yield from _rows_of_parquet(stream, shape, only)
        return
    with _text_of(stream, shape) as text:
        found = records(text, shape.delimiter, quoted=shape.quoted)
        yield from rows_of_data(_undamaged(found), Progress(shape.has_header))


def _rows_of_parquet(
    stream: BinaryIO, shape: FileShape, only: Iterable[int] | None
) -> Iterator[tuple[int, list[str]]]:
    width = len(shape.column_names)
    wanted = sorted(set(range(width) if only is None else only))
    with parquet.as_csv(stream, wanted) as plain:
        text = io.TextIOWrapper(plain, shape.encoding, errors_for(shape.encoding), newline="")
        for number, found in records(text, shape.delimiter, quoted=shape.quoted):
            cells = [""] * width
            for column, cell in zip(wanted, found, strict=False):
                cells[column] = cell
            yield number, cells


def _parquet_shape(stream: BinaryIO) -> FileShape:
    columns, sample = parquet.sample_of(stream, SAMPLE_ROWS)
    named = zip(columns.names, columns.readable, strict=True)
    names = _column_names(
        [name if readable else f"{name} (nested, not read)" for name, readable in named],
        len(columns.names),
    )
    shape = FileShape(
        # How `parquet` writes.
        encoding="utf-8",
        delimiter=",",
        quoted=True,
        has_header=False,
        gzipped=False,
        column_names=names,
        is_parquet=True,
        list_columns=tuple(number for number, is_list in enumerate(columns.lists) if is_list),
    )
    text = io.StringIO(sample.decode(shape.encoding, errors_for(shape.encoding)), newline="")
    found = [cells[: len(names)] for _, cells in records(text, ",", quoted=True)]
    if not found:
        raise FileRefused("The file has columns but no rows.")
    return replace(shape, sample_rows=tuple(map(tuple, found)))


def rows_of_data(
    found: Iterable[tuple[int, list[str]]], progress: Progress
) -> Iterator[tuple[int, list[str]]]:
    """Leave out of records the header, what is blank before it, and empty lines."""
    for number, cells in found:
        if not cells:
            progress.empty_lines += 1
            if progress.empty_lines_left < 0:
                raise too_many_empty_lines(number)
        elif not progress.header_is_next:
            yield number, cells
        elif not is_blank(cells):
            progress.header_is_next = False


def too_many_empty_lines(row: int) -> FileRefused:
    """Return the refusal of a file of nearly nothing else."""
    return FileRefused("The file has more than a million empty lines.", row)


def _undamaged(found: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    row = 0
    try:
        for row, cells in found:
            yield row, cells
    except DAMAGES:
        raise _damaged_gzip(row + 1) from None
    except UnicodeDecodeError:
        raise FileRefused(f"The text is damaged at row {row + 1}.", row + 1) from None


def _damaged_gzip(row: int | None) -> FileRefused:
    return FileRefused("The compressed file is damaged or was cut short.", row)


def _head_of(stream: BinaryIO) -> tuple[bool, bytes, bool]:
    """Return whether the file is compressed, its first bytes, and whether these are all of it."""
    stream.seek(0)
    gzipped = stream.read(len(_GZIP)) == _GZIP
    with unpacked(stream, gzipped=gzipped) as plain:
        try:
            head = plain.read(_HEAD + 1)
            while len(head) <= _HEAD and (more := plain.read(_HEAD + 1 - len(head))):
                head += more
        except DAMAGES:
            raise _damaged_gzip(None) from None
    return gzipped, head[:_HEAD], len(head) <= _HEAD


@contextmanager
def plain_of(stream: BinaryIO, shape: FileShape, columns: Sequence[int]) -> Iterator[BinaryIO]:
    """Give a file as text in its encoding, from its beginning; of Parquet only these columns."""
    if shape.is_parquet:
        with parquet.as_csv(stream, columns) as plain:
            yield plain
    else:
        with unpacked(stream, gzipped=shape.gzipped) as plain:
            yield plain


@contextmanager
def unpacked(stream: BinaryIO, *, gzipped: bool) -> Iterator[BinaryIO]:
    """Begin a seekable stream anew, decompressed where it is compressed."""
    stream.seek(0)
    if not gzipped:
        yield stream
        return
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    with gzip.GzipFile(fileobj=stream, mode="rb") as plain:
        yield io.BufferedReader(_Unpacking(plain, parquet.most_unpacked(size)), _AT_ONCE)


class _Unpacking(io.RawIOBase):
    """What a compressed file holds, up to a limit: FileRefused beyond."""

    def __init__(self, plain: gzip.GzipFile, most: int) -> None:
        super().__init__()
        self._plain = plain
        self._left = most

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read on."""
        read = self._plain.readinto(buffer)
        self._left -= read
        if self._left < 0:
            raise FileRefused("The compressed file unpacks to far more than its size.")
        return read


@contextmanager
def _text_of(stream: BinaryIO, shape: FileShape) -> Iterator[TextIO]:
    with unpacked(stream, gzipped=shape.gzipped) as plain:
        text = io.TextIOWrapper(plain, shape.encoding, errors_for(shape.encoding), newline="")
        try:
            yield text
        finally:
            # It would close the stream, which is its owner's.
            text.detach()


def _column_names(header: Sequence[str], width: int) -> tuple[str, ...]:
    names = [showable(name.strip())[:_LONGEST_NAME] for name in header]
    names += [""] * (width - len(names))
    return tuple(name or f"Column {number}" for number, name in enumerate(names, 1))
