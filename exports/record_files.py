"""Read the sealed batches of a record as records of one width; write batches of such records."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings

from exports import staging
from exports.batch_files import BatchFiles
from exports.engine import batches as encoding
from exports.engine.sealed_stream import SealBroken as FileSealBroken
from exports.states import Operation
from organizations.sealing import SealBroken
from providers.platform import Platform

if TYPE_CHECKING:
    from exports.engine.distinct import Records

DIGEST = 32
UNREADABLE = (SealBroken, FileSealBroken, FileNotFoundError, encoding.BatchBroken)
# Batches that are not sent are as large as that is quick.
_ROWS_NOT_SENT = 50_000


@dataclass(frozen=True)
class Stored:
    """A sealed batch on disk."""

    name: str
    key: bytes = field(repr=False)

    def types(self) -> tuple[str, ...]:
        """Return its identifier types. Raises one of `UNREADABLE`."""
        with staging.reading(self.name, self.key) as stream:
            return encoding.types_in(stream.read(encoding.HEAD))

    def records(self, types: Sequence[str]) -> Records:
        """Return its people as records of these types. Raises one of `UNREADABLE`."""
        return encoding.decode_records(staging.content(self.name, self.key), types)


@dataclass(frozen=True)
class Written:
    """A sealed batch that was made: what it does, its file, its people."""

    operation: Operation
    name: str
    identifiers: int
    is_sure: bool = True


def in_order(platform: Platform, keys: Collection[str]) -> tuple[str, ...]:
    """Return identifier types in the platform's order; what it does not know any more behind."""
    known = [each.key for each in platform.identifiers if each.key in keys]
    return (*known, *sorted(set(keys) - set(known)))


class Writer:
    """Makes batches of records as they come, and hands them to `files`.

    Where the platform takes one identifier type a request, so does each batch.
    """

    def __init__(
        self,
        files: BatchFiles,
        types: Sequence[str],
        platform: Platform,
        wish: Mapping[str, str],
    ) -> None:
        self._files = files
        self._types = tuple(types)
        self._is_together = platform.identifiers_together or len(types) == 1
        rows = min(platform.rows_a_request(types, wish), settings.EXPORT_BATCH_ROWS or sys.maxsize)
        self._rows = {Operation.ADD: rows, Operation.REMOVE: rows}
        self._waiting: dict[tuple[Operation, bool, int], list[Records]] = {}
        self._written: list[Written] = []

    def put(self, operation: Operation, records: Records, *, is_sure: bool = True) -> None:
        """Take records for one operation."""
        for column, some in self._by_column(records):
            place = (operation, is_sure, column)
            self._waiting.setdefault(place, []).append(some)
            most = self._rows.get(operation, _ROWS_NOT_SENT)
            if sum(map(len, self._waiting[place])) >= most:
                self._write(place, most, is_last=False)

    def finished(self) -> list[Written]:
        """Return all that was made, the removals first."""
        for place in list(self._waiting):
            self._write(place, self._rows.get(place[0], _ROWS_NOT_SENT), is_last=True)
        order = (Operation.REMOVE, Operation.ADD, Operation.KEEP, Operation.HELD)
        return sorted(self._written, key=lambda written: order.index(written.operation))

    def _by_column(self, records: Records) -> Iterator[tuple[int, Records]]:
        if self._is_together:
            yield -1, records
            return
        for column in range(len(self._types)):
            some = records[records[:, column * DIGEST : (column + 1) * DIGEST].any(axis=1)]
            yield column, some

    def _write(self, place: tuple[Operation, bool, int], most: int, *, is_last: bool) -> None:
        import numpy as np

        records = np.concatenate(self._waiting.pop(place))
        start = 0
        while len(records) - start >= most or (is_last and start < len(records)):
            self._seal(place, records[start : start + most])
            start += most
        if start < len(records):
            # A copy: else all of them stay in memory.
            self._waiting[place] = [records[start:].copy()]

    def _seal(self, place: tuple[Operation, bool, int], records: Records) -> None:
        import numpy as np

        operation, is_sure, _ = place
        parts = [records[:, at : at + DIGEST] for at in range(0, records.shape[1], DIGEST)]
        filled = [number for number, part in enumerate(parts) if part.any()]
        types = [self._types[number] for number in filled]
        columns = np.concatenate([parts[number] for number in filled], axis=1)
        name = self._files.add(encoding.encode_records(types, columns))
        self._written.append(Written(operation, name, len(records), is_sure))
