"""Read a stream ahead of who wants it, in a thread: unsealing and unpacking take a while."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PIECE = 512 * 1024
# One is taken from while others are filled.
_PIECES = 3


@contextmanager
def read_ahead(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Give a stream from where it stands, read ahead; errors come where they would have come.

    Nobody else may use it until the block ends.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="reading-ahead") as pool:
        ahead = _Ahead(stream, pool)
        try:
            yield io.BufferedReader(ahead, _PIECE)
        finally:
            ahead.stop()


class _Ahead(io.RawIOBase):
    def __init__(self, stream: BinaryIO, pool: ThreadPoolExecutor) -> None:
        super().__init__()
        self._stream = stream
        self._pool = pool
        self._coming: deque[tuple[memoryview, Future[int]]] = deque()
        for _ in range(_PIECES):
            self._fill(memoryview(bytearray(_PIECE)))
        self._memory, self._piece = memoryview(b""), memoryview(b"")

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read at most the rest of one piece; return how many bytes that was, 0 at the end."""
        if not self._piece and not self._take_next():
            return 0
        with memoryview(buffer).cast("B") as view:
            size = min(len(view), len(self._piece))
            view[:size] = self._piece[:size]
        self._piece = self._piece[size:]
        return size

    def stop(self) -> None:
        """Read no further."""
        for _, reading in self._coming:
            reading.cancel()

    def _take_next(self) -> bool:
        memory, reading = self._coming[0]
        size = reading.result()
        if not size:
            # It stays the end.
            return False
        self._coming.popleft()
        used, self._memory = self._memory, memory
        self._piece = memory[:size]
        if used:
            self._fill(used)
        return True

    def _fill(self, memory: memoryview) -> None:
        self._coming.append((memory, self._pool.submit(self._stream.readinto, memory)))  # type: ignore[attr-defined]  # of a BufferedReader
