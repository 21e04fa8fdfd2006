"""Which records share an identifier with one that was removed later."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exports.engine.distinct import DIGEST, Records
from exports.engine.owning import Owning
from exports.engine.spreading import Spread

_MARK = 8  # bytes: the position, and the candidate's number from 1 on (0: a removal)
# After everything that has a position.
NOW = np.uint32(2**32 - 1)
_STEP = 65_536  # a multiple of 8: a byte holds the bits of eight

Positions = NDArray[np.uint32]


class Candidates(Owning):
    """Records with the position of their addition, told apart by removals. A context manager.

    Where a record has one digest only, its own removals say it all, and nothing is looked at here.
    """

    def __init__(self, types: int, folder: Path, *, in_memory: int) -> None:
        super().__init__()
        self._width = types * DIGEST
        self._is_shared = types > 1
        file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - on the stack
        self._file = self._stack.enter_context(file)
        spread = Spread(DIGEST + _MARK, folder, in_memory=in_memory)
        self._identifiers = self._stack.enter_context(spread)
        self._count = 0

    def add(self, records: Records, added: Positions) -> None:
        """Take candidates."""
        self._file.write(records.tobytes())
        numbers = np.arange(self._count + 1, self._count + 1 + len(records), dtype=np.uint32)
        self._count += len(records)
        self._note(records, added, numbers)

    def touch(self, removed: Records, positions: Positions) -> None:
        """Take removals."""
        self._note(removed, positions, np.zeros(len(removed), dtype=np.uint32))

    def told(self) -> Iterator[tuple[NDArray[np.bool_], Records]]:
        """Yield the candidates in their order, and which of them a later removal touched."""
        touched = self._touched()
        self._file.seek(0)
        for start in range(0, self._count, _STEP):
            stop = min(start + _STEP, self._count)
            data = self._file.read((stop - start) * self._width)
            records = np.frombuffer(data, dtype=np.uint8).reshape(-1, self._width)
            bits = np.unpackbits(touched[start // 8 : (stop + 7) // 8], bitorder="little")
            yield bits[: stop - start].astype(bool), records

    def _note(self, records: Records, positions: Positions, numbers: Positions) -> None:
        if not self._is_shared:
            return
        marks = np.stack((positions, numbers), axis=1).astype(np.uint32)
        for start in range(0, self._width, DIGEST):
            digests = records[:, start : start + DIGEST]
            there = digests.any(axis=1)
            rows = np.empty((int(there.sum()), DIGEST + _MARK), dtype=np.uint8)
            rows[:, :DIGEST] = digests[there]
            rows[:, DIGEST:] = marks[there].view(np.uint8)
            self._identifiers.add(rows[:, DIGEST - 1].copy(), rows)

    def _touched(self) -> NDArray[np.uint8]:
        """Return a bit a candidate."""
        bits = np.zeros(self._count // 8 + 1, dtype=np.uint8)
        if not self._is_shared:
            return bits
        for rows in self._identifiers.parts():
            if not len(rows):
                continue
            # Two identifiers of one key would at worst have somebody added once more.
            keys = np.ascontiguousarray(rows[:, :8]).view(np.uint64).ravel()
            positions, numbers = np.ascontiguousarray(rows[:, DIGEST:]).view(np.uint32).T
            removed_at = np.where(numbers == 0, positions, 0).astype(np.uint32)
            _, group = np.unique(keys, return_inverse=True)
            last = np.zeros(int(group.max()) + 1, dtype=np.uint32)
            np.maximum.at(last, group, removed_at)
            chosen = numbers[(numbers > 0) & (last[group] > positions)] - 1
            weights = (1 << (chosen & 7)).astype(np.uint8)
            np.bitwise_or.at(bits, (chosen >> 3).astype(np.int64), weights)
        return bits
