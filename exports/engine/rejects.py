"""Keep the lines that name what is not sent, as many as a person could look at."""

from __future__ import annotations

from collections.abc import Callable

# About a million and a half lines. A file of nothing else would fill the disk.
MOST_BYTES = 64 * 1024 * 1024
HEADER = b"row,identifier,reason\n"
_AND_MORE = b',,"and more: only the first are listed, all are counted"\n'


class Rejects:
    """Hands lines on until there are too many; then one says so."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._left = MOST_BYTES
        self._has_said_so = False
        write(HEADER)

    def take(self, lines: bytes) -> None:
        """Keep whole lines."""
        if self._has_said_so:
            return
        if len(lines) > self._left:
            lines = lines[: lines.rfind(b"\n", 0, self._left) + 1] + _AND_MORE
            self._has_said_so = True
        else:
            self._left -= len(lines)
        self._write(lines)
