"""Turn a Parquet file into CSV, as a program of its own: it may be killed, and holds no secret.

The file may be hostile, and what reads it is written in C++. So it runs with little memory, without
the environment, and gets the bytes it asks for from `exports.engine.parquet`, which has the key.

Frames on the pipe of questions: a kind (1 byte) and two numbers (8 bytes each). `R` wants so many
bytes from an offset; `D` (the columns: `{"names", "readable", "lists"}`) and `X` (`{"sentence",
"row"}`) are followed by as many bytes of JSON as the first number says. The answer to `R` is a
length and bytes.
"""

from __future__ import annotations

import io
import json
import os
import resource
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from exports.engine.parquet_texts import cut, is_list, is_readable, texts

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_QUESTION = struct.Struct(">cQQ")
_LENGTH = struct.Struct(">Q")
_AT_ONCE = 1024 * 1024
_MOST_COLUMNS = 10_000
# In a footer every column of every row group takes about a hundred bytes, and ten times as many
# once it is read.
_LARGEST_FOOTER = 16 * 1024 * 1024
_MOST_THINGS_IN_A_LIST = 1_000_000
_ROWS_AT_ONCE = 8192
_FEW_ROWS = 1_000_000
_BUFFERS = 16 * 1024 * 1024
_OPTIONS = pa_csv.WriteOptions(include_header=False, quoting_style="needed")

DAMAGED = "The Parquet file is damaged or was cut short."
ENCRYPTED = "The Parquet file is encrypted; save it without encryption."
TOO_LARGE = (
    "The Parquet file cannot be read in the memory that a file may take; write it with smaller "
    "pages, or save it as CSV."
)
TOO_MUCH = "The Parquet file unpacks to far more than its size; save it as CSV."


class Refused(Exception):
    """The file cannot be read; the argument says why."""


class Asking(io.RawIOBase):
    """The file, as far as the parent hands it out."""

    def __init__(self, questions: BinaryIO, answers: BinaryIO, size: int) -> None:
        super().__init__()
        self._questions = questions
        self._answers = answers
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a place in the file."""
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Ask for the next bytes."""
        view = memoryview(buffer).cast("B")
        self._questions.write(_QUESTION.pack(b"R", self._at, min(len(view), _AT_ONCE)))
        self._questions.flush()
        (length,) = _LENGTH.unpack(_exactly(self._answers, _LENGTH.size))
        view[:length] = _exactly(self._answers, length)
        self._at += length
        return int(length)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        # The parent is gone, and nobody is interested any more.
        raise SystemExit(3)
    return data


class Table:
    """A Parquet file whose columns are told apart."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        _look_at_ends(stream, size)
        self._file = pq.ParquetFile(stream, **_how(columns=1))
        schema = self._file.schema_arrow
        if self._file.metadata.num_columns > _MOST_COLUMNS:
            raise Refused(f"The Parquet file has more than {_MOST_COLUMNS:,} columns.")
        # Its own index finds columns by their names.
        if len(set(schema.names)) < len(schema.names):
            raise Refused("Two columns of the Parquet file have the same name.")
        self.names = list(schema.names)
        self.readable = [is_readable(field.type) for field in schema]
        self.lists = [is_list(field.type) and is_readable(field.type) for field in schema]
        if not any(self.readable):
            raise Refused("No column of the Parquet file holds plain values.")
        # Nobody's list says the same of eight people in a byte.
        if self._file.metadata.num_rows > max(_FEW_ROWS, 8 * size):
            raise Refused(TOO_MUCH)
        self._stream = stream

    def batches(self, columns: list[int], rows_at_once: int) -> Iterator[list[pa.Array]]:
        """Yield these columns as texts, so many rows at a time; one of nested values is empty."""
        names = [self.names[number] for number in columns if self.readable[number]]
        # Each column is read through a buffer of its own.
        file = pq.ParquetFile(
            self._stream, metadata=self._file.metadata, **_how(columns=max(1, len(names)))
        )
        # Of no column at all it would not count the rows.
        read = names or [self.names[self.readable.index(True)]]
        for batch in file.iter_batches(rows_at_once, columns=read, use_threads=False):
            nothing = pa.repeat(pa.scalar("", pa.string()), len(batch))
            yield [
                texts(batch.column(self.names[number])) if self.readable[number] else nothing
                for number in columns
            ]


def _how(columns: int) -> dict[str, Any]:
    return {
        # A column is read page by page, not as a whole.
        "buffer_size": max(4096, min(256 * 1024, _BUFFERS // columns)),
        "pre_buffer": False,
        "thrift_string_size_limit": _LARGEST_FOOTER,
        "thrift_container_size_limit": _MOST_THINGS_IN_A_LIST,
    }


def _look_at_ends(stream: BinaryIO, size: int) -> None:
    stream.seek(max(0, size - 8))
    end = stream.read(8)
    if end[4:] == b"PARE":
        raise Refused(ENCRYPTED)
    if size < 12 or end[4:] != b"PAR1":
        raise Refused(DAMAGED)
    footer = int.from_bytes(end[:4], "little")
    if footer > size - 12:
        raise Refused(DAMAGED)
    if footer > _LARGEST_FOOTER:
        raise Refused("The Parquet file has too many columns or row groups to be read.")


def write(table: Table, asked: dict[str, Any], out: BinaryIO) -> Iterator[int]:
    """Write rows as CSV, each with an empty cell behind its last; yield how many there are.

    That cell tells a row of a single empty cell from an empty line.
    """
    columns = asked["columns"]
    if columns is None:
        columns = list(range(len(table.names)))
    most_rows, most_bytes = asked["most_rows"], asked["most_bytes"]
    rows = written = 0
    for arrays in table.batches(columns, min(most_rows or _ROWS_AT_ONCE, _ROWS_AT_ONCE)):
        found = arrays
        if most_rows is not None:
            found = [cut(each[: most_rows - rows]) for each in arrays]
        rows += len(found[0])
        nothing = pa.nulls(len(found[0]), pa.string())
        names = [str(number) for number in range(len(found) + 1)]
        sink = pa.BufferOutputStream()
        batch = pa.record_batch([*found, nothing], names=names)
        pa_csv.write_csv(batch, sink, _OPTIONS)
        text = sink.getvalue()
        written += text.size
        if written > most_bytes:
            raise Refused(TOO_MUCH)
        out.write(text)
        yield rows
        if most_rows is not None and rows >= most_rows:
            return


def _take_little_memory(memory: int, seconds: int | None) -> None:
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    with suppress(OSError, ValueError):
        pages = int(open("/proc/self/statm").read().split()[0])  # noqa: PTH123, SIM115 - shorter
        limit = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def main() -> int:
    """Read the file that the parent has, as the first argument asks."""
    asked = json.loads(sys.argv[1])
    questions = os.fdopen(asked["questions"], "wb")
    answers = os.fdopen(asked["answers"], "rb")
    _take_little_memory(asked["memory"], asked["seconds"])
    rows, sentence = 0, ""

    def tell(kind: bytes, what: dict[str, Any]) -> None:
        said = json.dumps(what).encode()
        questions.write(_QUESTION.pack(kind, len(said), 0) + said)
        questions.flush()

    try:
        stream = io.BufferedReader(Asking(questions, answers, asked["size"]), 64 * 1024)
        table = Table(stream, asked["size"])
        told = {"names": table.names, "readable": table.readable, "lists": table.lists}
        tell(b"D", told)
        for count in write(table, asked, sys.stdout.buffer):
            rows = count
        sys.stdout.buffer.flush()
    except Refused as refused:
        sentence = str(refused)
    except MemoryError:
        # Arrow's own error is one of these.
        sentence = TOO_LARGE
    except (pa.ArrowException, OSError, ValueError) as error:
        is_encrypted = "crypt" in str(error).lower()
        sentence = ENCRYPTED if is_encrypted else DAMAGED
    if sentence:
        tell(b"X", {"sentence": sentence, "row": rows + 1 if rows else None})
    return bool(sentence)


if __name__ == "__main__":
    sys.exit(main())
