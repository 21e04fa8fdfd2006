"""Drop duplicates over a whole file in bounded memory.

Records are the digests of people, those of one person behind one another. Up to a limit they are
kept in memory in their order; beyond it they are spread over files by a byte of their digests, and
each file is made distinct by itself. What spills is hashed already, and the files are gone when
the block ends.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

# Bytes of records in memory; a few times as many while they are looked at.
IN_MEMORY = 4 * 1024 * 1024
DIGEST = 32
_FILES = 256  # one for each value of a byte
_KEY = np.uint64(2**48 - 1)

Records = NDArray[np.uint8]


class Distinct:
    """Take records of `width` bytes, give each back once. A context manager."""

    def __init__(self, width: int, folder: Path, *, in_memory: int = IN_MEMORY) -> None:
        self._width = width
        self._folder = folder
        self._in_memory = in_memory
        self._single = bytearray()
        self._kept: list[Records] = []
        self._size = 0
        self._spilled: _Files | None = None
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
        """Take one record."""
        self._single += record
        if len(self._single) > self._in_memory:
            self._take_single()

    def add_all(self, records: Records) -> None:
        """Take many, one a row."""
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
                yield _joined([*waiting, left[:missing]], self._width)
                left, waiting, missing = left[missing:], [], size
            if len(left):
                waiting.append(left)
                missing -= len(left)
        if waiting:
            yield _joined(waiting, self._width)

    def _take_single(self) -> None:
        if self._single:
            taken, self._single = self._single, bytearray()
            self._take(_as_records(taken, self._width))

    def _take(self, records: Records) -> None:
        self._kept.append(records)
        self._size += records.nbytes
        if self._spilled is not None:
            if self._size > self._in_memory:
                self._spill(self._spilled)
        elif self._size > self._in_memory:
            self._keep_distinct()
            # Where more than half is left it would soon be looked through again.
            if self._size > self._in_memory // 2:
                self._spilled = self._stack.enter_context(_Files(self._folder, self._width))
                self._spill(self._spilled)

    def _keep_distinct(self) -> None:
        self._kept = [distinct(_joined(self._kept, self._width))]
        self._size = self._kept[0].nbytes

    def _spill(self, files: _Files) -> None:
        if self._kept:
            files.add(_joined(self._kept, self._width))
        self._kept, self._size = [], 0

    def _parts(self) -> Iterator[Records]:
        self._take_single()
        if self._spilled is None:
            self._keep_distinct()
            yield self._kept[0]
        else:
            self._spill(self._spilled)
            yield from self._spilled.parts(max(2 * self._in_memory, self._width))


class _Files:
    """Records in nameless files by the byte of their digests at `depth`. A context manager."""

    def __init__(self, folder: Path, width: int, depth: int = 0) -> None:
        self._folder = folder
        self._width = width
        self._depth = depth
        self._stack = ExitStack()
        self.files: dict[int, IO[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def add(self, records: Records) -> None:
        """Put each record into its file."""
        byte = _bytes_of_all(records, self._depth)
        ordered = _taken(records, np.argsort(byte, kind="stable"))
        stops = np.cumsum(np.bincount(byte, minlength=_FILES)).tolist()
        for number, start, stop in zip(range(_FILES), [0, *stops], stops, strict=False):
            if start < stop:
                self._file(number).write(ordered[start:stop].data)

    def _file(self, number: int) -> IO[bytes]:
        if number not in self.files:
            file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - on the stack
            self.files[number] = self._stack.enter_context(file)
        return self.files[number]

    def parts(self, at_once: int) -> Iterator[Records]:
        """Yield each record once, file by file, while the next file is looked at."""
        with ThreadPoolExecutor(1) as ahead:
            files = iter(self.files.values())
            following = next(files, None)
            waiting = ahead.submit(self._whole, following, at_once) if following else None
            while following and waiting:
                file, found = following, waiting.result()
                following = next(files, None)
                waiting = ahead.submit(self._whole, following, at_once) if following else None
                if found is not None:
                    yield found
                else:
                    yield from self._parts_of(file, at_once)

    def _whole(self, file: IO[bytes], at_once: int) -> Records | None:
        """Return each record of a file once, or None where it is too large for that."""
        size = file.seek(0, 2)
        file.seek(0)
        return distinct(self._read(file, size)) if size <= at_once else None

    def _parts_of(self, file: IO[bytes], at_once: int) -> Iterator[Records]:
        """Yield each record of a large file once: it is spread further, unless they are few."""
        step = max(1, at_once // self._width) * self._width
        kept = self._read(file, step)
        while len(more := self._read(file, step)):
            kept = distinct(np.concatenate((kept, more)))
            if kept.nbytes > at_once and self._depth + 1 < DIGEST:
                break
        else:
            yield distinct(kept)
            return
        with _Files(self._folder, self._width, self._depth + 1) as further:
            further.add(kept)
            del kept
            while len(more := self._read(file, step)):
                further.add(more)
            yield from further.parts(at_once)

    def _read(self, file: IO[bytes], size: int) -> Records:
        return _as_records(file.read(size), self._width)


def distinct(records: Records) -> Records:
    """Return each record once, in the order of their first."""
    if len(records) < 2:
        return records
    keys = _keys(records)
    order = _sorted_by(keys)
    ordered = keys[order]
    is_same = ordered[1:] == ordered[:-1]
    seconds = np.flatnonzero(is_same)
    equal = _are_equal(records, order[seconds], order[seconds + 1])
    first = np.ones(len(records), dtype=bool)
    first[order[seconds[equal] + 1]] = False
    if not equal.all():
        # Different records of one key may stand in any order: each of that key is compared.
        group = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(~is_same)))
        mixed = np.sort(order[np.isin(group, group[seconds[~equal]])])
        first[mixed] = False
        first[mixed[_first_of_each(records[mixed])]] = True
    return records if first.all() else _taken(records, np.flatnonzero(first))


def _keys(records: Records) -> NDArray[np.uint64]:
    """Return 48 bits of all digests of each record."""
    return _sum(records.view(np.uint64), DIGEST // 8, 0) & _KEY


def _bytes_of_all(records: Records, depth: int) -> NDArray[np.uint8]:
    """Return a byte of all digests of each record."""
    return _sum(records, DIGEST, depth)


def _sum(parts: NDArray[Any], width: int, depth: int) -> NDArray[Any]:
    """Add up one part of each digest: people who lack a type have zeros there.

    Each type's is another one, lest two equal digests make an even number.
    """
    columns = range(0, parts.shape[1], width)
    chosen = [parts[:, at + (depth + number) % width] for number, at in enumerate(columns)]
    total = chosen[0].copy()
    for each in chosen[1:]:
        total += each
    return total


def _sorted_by(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the stable order of keys of 48 bits; numpy sorts 16 bits by counting."""
    order = np.argsort(keys.astype(np.uint16), kind="stable")
    for shift in (16, 32):
        part = (keys >> np.uint64(shift)).astype(np.uint16)
        order = order[np.argsort(part[order], kind="stable")]
    return order


def _are_equal(
    records: Records, some: NDArray[np.int64], others: NDArray[np.int64]
) -> NDArray[np.bool_]:
    equal: NDArray[np.bool_] = (_taken(records, some) == _taken(records, others)).all(axis=1)
    return equal


def _first_of_each(records: Records) -> NDArray[np.int64]:
    return np.unique(_as_wholes(records), return_index=True)[1]


def _as_wholes(records: Records) -> NDArray[np.void]:
    """View each record as one element: so it is moved several times as fast."""
    return np.ascontiguousarray(records).view(f"V{records.shape[1]}").ravel()


def _taken(records: Records, indices: NDArray[np.int64]) -> Records:
    return _as_wholes(records).take(indices).view(np.uint8).reshape(-1, records.shape[1])


def _joined(parts: list[Records], width: int) -> Records:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([np.zeros((0, width), dtype=np.uint8), *parts])


def _as_records(data: bytes | bytearray, width: int) -> Records:
    return np.frombuffer(data, dtype=np.uint8).reshape(-1, width)
