"""Read Parquet: a process of its own turns it into CSV, which is then read like any other.

Docs: docs/decisions, "Parquet in a process of its own".
"""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from exports.engine.refusals import FileRefused

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_ROOT = Path(__file__).parents[2]
_QUESTION = struct.Struct(">cQQ")
_LENGTH = struct.Struct(">Q")
_AT_ONCE = 1024 * 1024
_LONGEST_MESSAGE = 16 * 1024 * 1024
# What the reader may take beyond the libraries that it loads. A page is 1 MiB by default.
MEMORY = 256 * 1024 * 1024
# For a first look, of processor time.
_SECONDS_TO_LOOK = 20
_UNREADABLE = "The Parquet file cannot be read: it is damaged, or needs too much memory or time."


@dataclass(frozen=True)
class Columns:
    """The columns of a Parquet file: of nested values only `lists` of plain ones can be read."""

    names: Sequence[str]
    readable: Sequence[bool]
    lists: Sequence[bool]


@dataclass
class _Told:
    """What the reader said about the file, and what went wrong while it was handed out."""

    columns: Columns | None = None
    refusal: FileRefused | None = None
    fault: BaseException | None = None


@dataclass
class _Reader:
    """The process that reads, and the thread that hands it the file."""

    process: subprocess.Popen[bytes]
    server: threading.Thread
    told: _Told

    def end(self) -> None:
        """Wait until it has ended by itself; raise what went wrong."""
        code = self.process.wait()
        # Its questions end with it, and so what it told is all known.
        self.server.join()
        if code:
            raise self.told.fault or self.told.refusal or FileRefused(_UNREADABLE)


def most_unpacked(size: int) -> int:
    """Return to how many bytes a compressed file of some size may unpack.

    Real lists shrink to a fifth, wide ones that are nearly empty to a thirtieth; what shrinks to
    less than a hundredth is made to fill disks.
    """
    return max(256 * 1024**2, 100 * size)


@contextmanager
def as_csv(stream: BinaryIO, columns: Sequence[int]) -> Iterator[BinaryIO]:
    """Give these columns of a Parquet file as CSV in UTF-8: commas, no header, a row a line.

    Behind the last cell of each row is an empty one. Reading raises FileRefused where the file
    cannot be read on. `stream` must be seekable.
    """
    with _reader(stream, columns, None) as reader:
        yield io.BufferedReader(_Output(reader), 1024 * 1024)


def sample_of(stream: BinaryIO, rows: int) -> tuple[Columns, bytes]:
    """Return a file's columns, and so many rows of all of them as CSV. Raises FileRefused."""
    with _reader(stream, None, rows) as reader:
        text = io.BufferedReader(_Output(reader)).read()
        if reader.told.columns is None:
            raise FileRefused(_UNREADABLE)
        return reader.told.columns, text


@contextmanager
def _reader(
    stream: BinaryIO, columns: Sequence[int] | None, most_rows: int | None
) -> Iterator[_Reader]:
    size = stream.seek(0, io.SEEK_END)
    told = _Told()
    with ExitStack() as stack:
        questions, asking = _pipe(stack)
        answers, answering = _pipe(stack)
        asked = {
            "questions": asking.fileno(),
            "answers": answers.fileno(),
            "size": size,
            "columns": columns,
            "most_rows": most_rows,
            "most_bytes": most_unpacked(size),
            "memory": MEMORY,
            "seconds": None if most_rows is None else _SECONDS_TO_LOOK,
        }
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "exports.engine.parquet_reader", json.dumps(asked)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(asking.fileno(), answers.fileno()),
            # Other allocators reserve more than they use. Nothing else of ours is its business.
            env={"ARROW_DEFAULT_MEMORY_POOL": "system", "PYTHONPATH": str(_ROOT)},
        )
        asking.close()
        answers.close()
        server = threading.Thread(target=_serve, args=(stream, questions, answering, told))
        server.start()
        try:
            yield _Reader(process, server, told)
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
            server.join()


def _pipe(stack: ExitStack) -> tuple[BinaryIO, BinaryIO]:
    reading, writing = os.pipe()
    return (
        stack.enter_context(os.fdopen(reading, "rb")),
        stack.enter_context(os.fdopen(writing, "wb", buffering=0)),
    )


def _serve(stream: BinaryIO, questions: BinaryIO, answering: BinaryIO, told: _Told) -> None:
    """Hand out what the reader asks for, until it ends."""
    try:
        while len(head := questions.read(_QUESTION.size)) == _QUESTION.size:
            kind, first, second = _QUESTION.unpack(head)
            if kind == b"R":
                stream.seek(first)
                data = stream.read(min(second, _AT_ONCE))
                _write_all(answering, _LENGTH.pack(len(data)) + data)
                continue
            if first > _LONGEST_MESSAGE:
                break
            _note(kind, json.loads(questions.read(first)), told)
    except BrokenPipeError:
        # It ended while it was answered.
        pass
    except BaseException as error:  # noqa: BLE001 - raised again where the reader's end is seen
        told.fault = error
    finally:
        answering.close()


def _note(kind: bytes, what: dict[str, Any], told: _Told) -> None:
    if kind == b"D":
        told.columns = Columns(*(tuple(what[key]) for key in ("names", "readable", "lists")))
    else:
        told.refusal = FileRefused(what["sentence"], what["row"])


def _write_all(raw: BinaryIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[raw.write(left) :]


class _Output(io.RawIOBase):
    """What the reader writes; at its end it is said how that came."""

    def __init__(self, reader: _Reader) -> None:
        super().__init__()
        self._reader = reader

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read on. Raises FileRefused at the end of what could be read."""
        assert self._reader.process.stdout is not None
        read = self._reader.process.stdout.readinto(buffer)  # type: ignore[attr-defined]  # a BufferedReader
        if not read:
            self._reader.end()
        return int(read)
