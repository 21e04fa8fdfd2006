"""Drop duplicates over a whole file in bounded memory.

Records are the digests of people, those of one person behind one another. Up to a limit they are
kept in memory in their order; beyond it they are spread over parts by a hash, and each part is made
distinct by itself. What spills is hashed already, and its file is gone when the block ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exports.engine.lots import Lots, Part
from exports.engine.owning import Owning
from exports.engine.vectorized.tables import Hash

# Bytes of records in memory; a few times as many while they are looked at.
IN_MEMORY = 4 * 1024 * 1024
DIGEST = 32
Records = NDArray[np.uint8]
# Parts that are looked at at once, and how often one that is too large is spread further.
_AT_ONCE = 2
_MOST_TIMES = 8


class Distinct(Owning):
    """Take records of `width` bytes, give each back once. A context manager."""

    def __init__(self, width: int, folder: Path, *, in_memory: int = IN_MEMORY) -> None:
        super().__init__()
        self._folder = folder
        self._in_memory = in_memory
        self._single = bytearray()
        self._kept: Records = np.empty((max(1, in_memory // width), width), dtype=np.uint8)
        self._count = 0
        self._spilled: _Spill | None = None
        self._spiller = ThreadPoolExecutor(1, thread_name_prefix="spilling")
        self._spilling: Future[Records] | None = None

    def add(self, record: bytes) -> None:
        """Take one record."""
        self._single += record
        if len(self._single) > self._in_memory:
            self._take_single()

    def add_all(self, records: Records) -> None:
        """Take many, one a row. They are copied."""
        self._take_single()
        self._take(records)

    def batches(self, size: int) -> Iterator[Records]:
        """Yield each record once, `size` at a time but for the last.

        They are in the order of the file as long as they fit into memory.
        """
        waiting: list[Records] = []
        missing = size
        for part in self._parts():
            left = part
            while len(left) >= missing:
                yield _joined([*waiting, left[:missing]])
                left, waiting, missing = left[missing:], [], size
            if len(left):
                waiting.append(left)
                missing -= len(left)
        if waiting:
            yield _joined(waiting)

    def _take_single(self) -> None:
        if self._single:
            taken, self._single = self._single, bytearray()
            self._take(np.frombuffer(taken, dtype=np.uint8).reshape(-1, self._kept.shape[1]))

    def _take(self, records: Records) -> None:
        while len(records):
            if self._count == len(self._kept):
                self._make_room()
            taken = records[: len(self._kept) - self._count]
            self._kept[self._count : self._count + len(taken)] = taken
            self._count += len(taken)
            records = records[len(taken) :]

    def _make_room(self) -> None:
        if self._spilled is None:
            self._count = len(distinct(self._kept))
            # Where more than half is left it would soon be looked through again.
            if self._count <= len(self._kept) // 2:
                return
            self._spilled = self._stack.enter_context(_Spill(self._folder, self._kept.shape[1]))
            self._stack.enter_context(self._spiller)
        full, self._kept = self._kept, self._emptied()
        self._spilling = self._spiller.submit(self._spilled.add, full, self._count)
        self._count = 0

    def _emptied(self) -> Records:
        """Return memory to fill while the rest is spilled."""
        return self._spilling.result() if self._spilling else np.empty_like(self._kept)

    def _parts(self) -> Iterator[Records]:
        self._take_single()
        if self._spilled is None:
            yield distinct(self._kept[: self._count])
        else:
            self._emptied()
            self._spilled.add(self._kept, self._count)
            self._kept, self._spilling = self._kept[:0].copy(), None
            yield from self._spilled.parts(max(2 * self._in_memory, self._kept.shape[1]))


class _Spill(Owning):
    """Records on disk, spread over parts by a hash: those that are alike are in one part.

    A context manager. How often these were spread already is the `depth`.
    """

    def __init__(self, folder: Path, width: int, depth: int = 0) -> None:
        super().__init__()
        self._folder = folder
        self._width = width
        self._depth = depth
        self._hash = Hash(width)
        self._ordered: Records = np.empty((0, width), dtype=np.uint8)
        self.lots = self._stack.enter_context(Lots(width, folder))

    def add(self, records: Records, count: int) -> Records:
        """Put the first of these into the file, as one lot; return the memory, to be used again."""
        if len(self._ordered) < count:
            self._ordered = np.empty_like(records)
        begins = self._hash.spread(records[:count], self._ordered)
        self.lots.add(self._ordered[:count], begins)
        return records

    def parts(self, at_once: int) -> Iterator[Records]:
        """Yield each record once, part by part, while the next parts are looked at."""
        self._ordered = self._ordered[:0].copy()
        waiting: deque[tuple[Part, Future[Records | None]]] = deque()
        with ThreadPoolExecutor(_AT_ONCE) as ahead:
            for part in self.lots.parts():
                waiting.append((part, ahead.submit(_distinct_part, part, at_once)))
                # Of large parts fewer are in memory.
                while len(waiting) > _AT_ONCE or sum(each.size for each, _ in waiting) > at_once:
                    yield from self._next(waiting, at_once)
            while waiting:
                yield from self._next(waiting, at_once)

    def _next(
        self, waiting: deque[tuple[Part, Future[Records | None]]], at_once: int
    ) -> Iterator[Records]:
        part, looked_at = waiting.popleft()
        found = looked_at.result()
        if found is None:
            yield from self._parts_of(part, at_once)
        else:
            yield found

    def _parts_of(self, part: Part, at_once: int) -> Iterator[Records]:
        """Yield each record of a large part once: it is spread further, unless they are few."""
        pieces = part.pieces(at_once)
        kept: Records = np.empty((0, self._width), dtype=np.uint8)
        for more in pieces:
            kept = distinct(np.concatenate((kept, more)))
            if kept.nbytes > at_once and self._depth + 1 < _MOST_TIMES:
                break
        else:
            yield kept
            return
        with _Spill(self._folder, self._width, self._depth + 1) as further:
            further.add(kept, len(kept))
            del kept
            for more in pieces:
                further.add(more, len(more))
            yield from further.parts(at_once)


def _distinct_part(part: Part, at_once: int) -> Records | None:
    """Return each record of a part once, or None where it is too large for that."""
    if part.size > at_once:
        return None
    return distinct(part.whole())


def distinct(records: Records) -> Records:
    """Return each record once, in the order of the first of each; what is given is changed."""
    return records[: Hash(records.shape[1]).keep_first(records)]


def _joined(parts: list[Records]) -> Records:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
