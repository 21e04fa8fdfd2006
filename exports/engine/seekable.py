"""A stream of a known size that can be sought in; what is there, a subclass reads."""

from __future__ import annotations

import io


class Seekable(io.RawIOBase):
    """Keeps the place in the stream. A subclass sets `_size` and reads at `_at`."""

    _size: int

    def __init__(self) -> None:
        super().__init__()
        self._at = 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a place in the plain bytes; return it, counted from the start."""
        self._must_not_be_closed()
        starts = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}
        if whence not in starts:
            raise ValueError(f"whence {whence} is not known.")
        place = starts[whence] + offset
        if place < 0:
            raise ValueError("There is nothing before the start of a file.")
        self._at = place
        return place

    def _must_not_be_closed(self) -> None:
        if self.closed:
            raise ValueError("This sealed file is closed.")
