"""Drop duplicates over a whole file in bounded memory.

Records are the digests of people, those of one person behind one another. Up to a limit they are
kept in memory in their order; beyond it they are spread over parts by a hash, and each part is made
distinct by itself. What spills is hashed already, and its file is gone when the block ends.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exports.engine.owning import Owning
from exports.engine.vectorized.tables import PARTS, Hash

# Bytes of records in memory; a few times as many while they are looked at.
IN_MEMORY = 4 * 1024 * 1024
DIGEST = 32
Records = NDArray[np.uint8]
# Parts that are looked at at once, and how often one that is too large is spread further.
_AT_ONCE = 2
_MOST_TIMES = 8
_LARGE = 2 * 1024 * 1024


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
        self._spill(self._spilled)

    def _spill(self, to: _Spill) -> None:
        to.add(self._kept[: self._count])
        self._count = 0

    def _parts(self) -> Iterator[Records]:
        self._take_single()
        if self._spilled is None:
            yield distinct(self._kept[: self._count])
        else:
            self._spill(self._spilled)
            yield from self._spilled.parts(max(2 * self._in_memory, self._kept.shape[1]))


class _Spill(Owning):
    """Records in one nameless file, lot by lot, each lot ordered by part. A context manager.

    A part is told by a hash, so records that are alike are in one. How often these were spread
    already is the `depth`.
    """

    def __init__(self, folder: Path, width: int, depth: int = 0) -> None:
        super().__init__()
        self._folder = folder
        self._width = width
        self._depth = depth
        self._hash = Hash(width)
        self._ordered: Records = np.empty((0, width), dtype=np.uint8)
        file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - on the stack
        self._file = self._stack.enter_context(file)
        self._count = 0
        # In records: where each part of a lot begins, and the lot's end. A row a lot.
        self._begins: list[NDArray[np.int64]] = []

    def add(self, records: Records) -> None:
        """Put a lot of records into the file."""
        if len(self._ordered) < len(records):
            self._ordered = np.empty_like(records)
        self._begins.append(self._hash.spread(records, self._ordered) + self._count)
        self._count += len(records)
        # In one go: with a file for each part it took three times as long.
        left = self._ordered[: len(records)].data.cast("B")
        while left:
            left = left[self._file.write(left) :]

    def parts(self, at_once: int) -> Iterator[Records]:
        """Yield each record once, part by part, while the next parts are looked at."""
        self._ordered = self._ordered[:0].copy()
        waiting: deque[tuple[_Part, Future[Records | None]]] = deque()
        begins = np.array(self._begins)
        with ThreadPoolExecutor(_AT_ONCE) as ahead:
            for number in range(PARTS):
                part = _Part(self._file.fileno(), self._width, begins[:, number : number + 2])
                if part.size:
                    waiting.append((part, ahead.submit(_distinct_part, part, at_once)))
                # Of large parts fewer are in memory.
                while len(waiting) > _AT_ONCE or sum(each.size for each, _ in waiting) > at_once:
                    yield from self._next(waiting, at_once)
            while waiting:
                yield from self._next(waiting, at_once)

    def _next(
        self, waiting: deque[tuple[_Part, Future[Records | None]]], at_once: int
    ) -> Iterator[Records]:
        part, looked_at = waiting.popleft()
        found = looked_at.result()
        if found is None:
            yield from self._parts_of(part, at_once)
        else:
            yield found

    def _parts_of(self, part: _Part, at_once: int) -> Iterator[Records]:
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
            further.add(kept)
            del kept
            for more in pieces:
                further.add(more)
            yield from further.parts(at_once)


class _Part:
    """Where the records of one part are: a row a lot, with its begin and its end in records."""

    def __init__(self, descriptor: int, width: int, lots: NDArray[np.int64]) -> None:
        self._descriptor = descriptor
        self._width = width
        self._lots: list[list[int]] = lots.tolist()
        self.size = width * sum(end - begin for begin, end in self._lots)

    def pieces(self, size: int) -> Iterator[Records]:
        """Yield its records in pieces of so many bytes, or of one record where that is more."""
        most = max(1, size // self._width)
        lots, rows = [], 0
        for begin, end in self._lots:
            start = begin
            while start < end:
                stop = min(end, start + most - rows)
                lots.append((start, stop))
                rows += stop - start
                start = stop
                if rows == most:
                    yield self._read(lots, rows)
                    lots, rows = [], 0
        if rows:
            yield self._read(lots, rows)

    def _read(self, lots: list[tuple[int, int]], rows: int) -> Records:
        records = _room(rows, self._width)
        left = records.data.cast("B")
        for begin, end in lots:
            at, missing = begin * self._width, (end - begin) * self._width
            while missing:
                read = os.preadv(self._descriptor, [left[:missing]], at)
                if not read:
                    raise EOFError("What was spilled is not there any more.")
                left, at, missing = left[read:], at + read, missing - read
        return records


def _room(rows: int, width: int) -> Records:
    size = rows * width
    # A large one goes back to the system when nobody uses it any more; what threads give back to
    # the allocator may stay with it.
    if size < _LARGE:
        return np.empty((rows, width), dtype=np.uint8)
    return np.frombuffer(mmap.mmap(-1, size), dtype=np.uint8).reshape(rows, width)


def _distinct_part(part: _Part, at_once: int) -> Records | None:
    """Return each record of a part once, or None where it is too large for that."""
    if part.size > at_once:
        return None
    (records,) = part.pieces(part.size)
    return distinct(records)


def distinct(records: Records) -> Records:
    """Return each record once, in the order of the first of each; what is given is changed."""
    return records[: Hash(records.shape[1]).keep_first(records)]


def _joined(parts: list[Records]) -> Records:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
