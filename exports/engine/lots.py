"""Rows of bytes on disk, in lots that are each ordered by part; read part by part.

A lot is written in one go: with a file for each part it took three times as long.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exports.engine.owning import Owning
from exports.engine.vectorized.disk import read_places

Rows = NDArray[np.uint8]
_LARGE = 2 * 1024 * 1024


class Lots(Owning):
    """One nameless file of rows of `width` bytes, gone when the block ends. A context manager."""

    def __init__(self, width: int, folder: Path) -> None:
        super().__init__()
        self._width = width
        file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - on the stack
        self.file = self._stack.enter_context(file)
        self._count = 0
        # In rows: where each part of a lot begins, and the lot's end.
        self._begins: list[NDArray[np.int64]] = []

    def add(self, ordered: Rows, begins: NDArray[np.int64]) -> None:
        """Write rows that are ordered by part; `begins` says where each begins, and the end."""
        if not len(ordered):
            return
        self._begins.append(begins + self._count)
        self._count += len(ordered)
        left = ordered.data.cast("B")
        while left:
            left = left[self.file.write(left) :]

    def parts(self) -> Iterator[Part]:
        """Yield the parts that have rows, in their order."""
        begins = np.array(self._begins)
        for number in range(begins.shape[1] - 1):
            part = Part(self.file.fileno(), self._width, begins[:, number : number + 2])
            if part.size:
                yield part


class Part:
    """Where the rows of one part lie: a begin and an end in each lot. `size` is in bytes."""

    def __init__(self, descriptor: int, width: int, lots: NDArray[np.int64]) -> None:
        self._descriptor = descriptor
        self._width = width
        self._lots = lots
        self.size = width * int((lots[:, 1] - lots[:, 0]).sum())

    def whole(self) -> Rows:
        """Return its rows, in the order in which they came."""
        return self._read(self._lots)

    def pieces(self, size: int) -> Iterator[Rows]:
        """Yield its rows in pieces of so many bytes, or of one row where that is more."""
        most = max(1, size // self._width)
        lots: list[tuple[int, int]] = []
        count = 0
        for begin, end in self._lots.tolist():
            start = begin
            while start < end:
                stop = min(end, start + most - count)
                lots.append((start, stop))
                count += stop - start
                start = stop
                if count == most:
                    yield self._read(np.array(lots))
                    lots, count = [], 0
        if count:
            yield self._read(np.array(lots))

    def _read(self, lots: NDArray[np.int64]) -> Rows:
        begins, ends = np.ascontiguousarray(self._width * lots.T)
        rows = _room(int((lots[:, 1] - lots[:, 0]).sum()), self._width)
        read_places(self._descriptor, begins, ends, rows.reshape(-1))
        return rows


def _room(count: int, width: int) -> Rows:
    size = count * width
    # A large one goes back to the system when nobody uses it any more; what threads give back to
    # the allocator may stay with it.
    if size < _LARGE:
        return np.empty((count, width), dtype=np.uint8)
    return np.frombuffer(mmap.mmap(-1, size), dtype=np.uint8).reshape(count, width)
