"""Rows of bytes spread over 256 parts, in bounded memory: one nameless file, in segments.

Equal keys end in the same part, so that each part can be looked at by itself.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from exports.engine.distinct import Records
from exports.engine.owning import Owning

PARTS = 256
# Bytes of rows in memory before they are written; a few times as many while they are sorted.
IN_MEMORY = 8 * 1024 * 1024


class Spread(Owning):
    """Take rows of `width` bytes, each with the number of its part. A context manager."""

    def __init__(self, width: int, folder: Path, *, in_memory: int = IN_MEMORY) -> None:
        super().__init__()
        self._width = width
        self._folder = folder
        self._in_memory = in_memory
        self._rows: list[Records] = []
        self._parts: list[NDArray[np.uint8]] = []
        self._size = 0
        self._file: IO[bytes] | None = None
        # For each time that something was written: where each part of it begins, and the end.
        self._segments: list[NDArray[np.int64]] = []

    def add(self, parts: NDArray[np.uint8], rows: Records) -> None:
        """Take rows, each for its part."""
        self._rows.append(rows)
        self._parts.append(parts)
        self._size += rows.nbytes
        if self._size > self._in_memory:
            self._write()

    def parts(self) -> Iterator[Records]:
        """Yield the rows part by part, in the order in which they came. Nothing is added after."""
        if self._file is None:
            yield self._in_memory_rows()[1]
            return
        self._write()
        for number in range(PARTS):
            pieces = [self._read(segment, number) for segment in self._segments]
            yield np.concatenate(pieces)

    def _in_memory_rows(self) -> tuple[NDArray[np.uint8], Records]:
        none = np.zeros((0, self._width), dtype=np.uint8)
        parts = np.concatenate([np.zeros(0, dtype=np.uint8), *self._parts])
        return parts, np.concatenate([none, *self._rows])

    def _write(self) -> None:
        if self._file is None:
            file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - on the stack
            self._file = self._stack.enter_context(file)
        parts, rows = self._in_memory_rows()
        self._rows, self._parts, self._size = [], [], 0
        start = self._file.seek(0, 2)
        self._file.write(rows[np.argsort(parts, kind="stable")].tobytes())
        counts = np.bincount(parts, minlength=PARTS).astype(np.int64)
        stops = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts)))
        self._segments.append(start + stops * self._width)

    def _read(self, segment: NDArray[np.int64], number: int) -> Records:
        if self._file is None:
            raise ValueError("Nothing was written.")
        start, stop = int(segment[number]), int(segment[number + 1])
        self._file.seek(start)
        found = np.frombuffer(self._file.read(stop - start), dtype=np.uint8)
        return found.reshape(-1, self._width)
