"""Rows of bytes spread over 256 parts, in bounded memory.

Equal keys end in the same part, so that each part can be looked at by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exports.engine.distinct import Records
from exports.engine.lots import Lots
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
        self._lots: Lots | None = None

    def add(self, parts: NDArray[np.uint8], rows: Records) -> None:
        """Take rows, each for its part."""
        self._rows.append(rows)
        self._parts.append(parts)
        self._size += rows.nbytes
        if self._size > self._in_memory:
            if self._lots is None:
                self._lots = self._stack.enter_context(Lots(self._width, self._folder))
            self._write(self._lots)

    def parts(self) -> Iterator[Records]:
        """Yield the rows part by part, in the order in which they came. Nothing is added after."""
        if self._lots is None:
            yield self._in_memory_rows()[1]
            return
        self._write(self._lots)
        for part in self._lots.parts():
            yield part.whole()

    def _in_memory_rows(self) -> tuple[NDArray[np.uint8], Records]:
        none = np.zeros((0, self._width), dtype=np.uint8)
        parts = np.concatenate([np.zeros(0, dtype=np.uint8), *self._parts])
        return parts, np.concatenate([none, *self._rows])

    def _write(self, lots: Lots) -> None:
        parts, rows = self._in_memory_rows()
        self._rows, self._parts, self._size = [], [], 0
        counts = np.bincount(parts, minlength=PARTS)
        begins = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        lots.add(rows[np.argsort(parts, kind="stable")], begins)
