"""Drop duplicates over a whole file in bounded memory.

Records are digests of one width. Up to a limit they are kept in memory in their order; beyond it
they are spread over files by their first byte, and each file is made distinct by itself. What
spills is hashed already, and the files are gone when the block ends.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

# About 100 bytes each in memory.
IN_MEMORY = 500_000
_FILES = 256
_BUFFER = 1 << 15


class Distinct:
    """Take records of `width` bytes, give each back once. A context manager."""

    def __init__(self, width: int, folder: Path, *, in_memory: int = IN_MEMORY) -> None:
        self._width = width
        self._folder = folder
        self._in_memory = in_memory
        self._kept: dict[bytes, None] = {}
        self._files: list[IO[bytes]] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def add(self, record: bytes) -> None:
        """Take a record."""
        if self._files:
            self._spill(record)
            return
        self._kept[record] = None
        if len(self._kept) > self._in_memory:
            self._begin_to_spill()

    def records(self) -> Iterator[bytes]:
        """Yield each record once; in the order of the file as long as they fit into memory."""
        if not self._files:
            yield from self._kept
            return
        for file in self._files:
            file.seek(0)
            data = file.read()
            starts = range(0, len(data), self._width)
            yield from {data[start : start + self._width] for start in starts}

    def _begin_to_spill(self) -> None:
        self._files = [
            self._stack.enter_context(
                tempfile.TemporaryFile(dir=self._folder, buffering=_BUFFER)  # noqa: SIM115 - on the stack
            )
            for _ in range(_FILES)
        ]
        for record in self._kept:
            self._spill(record)
        self._kept.clear()

    def _spill(self, record: bytes) -> None:
        # Both ends: people who lack the first or the last type have zeros there.
        self._files[record[0] ^ record[-1]].write(record)
