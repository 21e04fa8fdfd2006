"""Room for the large batches that one process holds in memory, whichever exports they are of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

# Smaller ones do not count: an export of few never waits behind those of millions.
_LARGE = 20_000


class Room:
    """So many identifiers of large batches at a time; who comes when it is full waits."""

    def __init__(self, most: int) -> None:
        self._most = self._left = most
        self._changed = Condition()

    @contextmanager
    def taken(self, identifiers: int) -> Iterator[None]:
        """Hold a batch of so many identifiers; one that is larger than the room is held alone."""
        size = min(identifiers, self._most) if identifiers > _LARGE else 0
        with self._changed:
            self._changed.wait_for(lambda: self._left >= size)
            self._left -= size
        try:
            yield
        finally:
            with self._changed:
                self._left += size
                self._changed.notify_all()
