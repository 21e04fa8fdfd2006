"""From the rows of a file to batches of distinct digests, and the rejects with row and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Protocol

from exports.engine.reading import DAMAGES, FileShape, plain_of, rows
from exports.engine.values import digest_of
from providers.declarations import IdentifierType
from providers.identifiers import Invalid, Reason

if TYPE_CHECKING:
    from exports.engine.distinct import Records

_DIGEST = 32
_NONE = bytes(_DIGEST)
# How many rows between two signs of life.
_STEP = 20_000

Row = tuple[int, Sequence[str]]


class People(Protocol):
    """Where the digests of people go, as `distinct.Distinct` takes them."""

    def add(self, record: bytes) -> None:
        """Take one person's digests, one behind the other."""

    def add_all(self, records: Records) -> None:
        """Take many, one a row."""


@dataclass
class Tally:
    """What became of the rows: `rejected` of `rows` have nothing to send, by `reasons`."""

    rows: int = 0
    rejected: int = 0
    people: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, rows: int, rejected: int, reasons: Mapping[str, int]) -> None:
        """Count rows in bulk."""
        self.rows += rows
        self.rejected += rejected
        self.people += rows - rejected
        self.reasons.update(reasons)


@dataclass(frozen=True)
class _Work:
    """Where the people and the rejects of a file go."""

    wanted: Sequence[tuple[IdentifierType, int]]
    tally: Tally
    people: People
    reject: Callable[[int, str, Reason], None]
    alive: Callable[[], None]

    def take(self, rows: Iterable[Row]) -> None:
        """Take rows one by one."""
        for number, cells in rows:
            self.tally.rows += 1
            if self.tally.rows % _STEP == 0:
                self.alive()
            record, reasons = _record(cells, self.wanted)
            if record is not None:
                self.tally.people += 1
                self.people.add(record)
                # Beside another type that is there, an empty cell says nothing.
                reasons = [each for each in reasons if each[1] != Reason.EMPTY]
            else:
                self.tally.rejected += 1
                # One reason a row is enough where all of its cells are empty.
                reasons = [each for each in reasons if each[1] != Reason.EMPTY] or reasons[:1]
            for key, reason in reasons:
                self.tally.reasons[reason.value] += 1
                self.reject(number, key, reason)


def people_of(
    stream: BinaryIO,
    shape: FileShape,
    columns: Mapping[str, int],
    identifiers: Sequence[IdentifierType],
    *,
    people: People,
    reject: Callable[[bytes], object],
    alive: Callable[[], None],
) -> Tally:
    """Read a file: hash what is valid into `people`, hand lines of the rest to `reject`.

    A line has the row's number, the identifier type's key and the reason, never the value. A row
    of several types is rejected where none of them is valid; a type that it leaves empty is no
    fault. `alive` is called every so many rows. Raises FileRefused.
    """
    # Only in the process that works: what it brings is large, and hangs after a fork.
    from exports.engine.vectorized.people import ENCODINGS, Found, found_in

    def reject_one(number: int, key: str, reason: Reason) -> None:
        reject(reject_line(number, key, reason).encode())

    tally = Tally()
    read = sorted({columns[each.key] for each in identifiers})
    if shape.is_parquet:
        # Only these are read, one behind another.
        columns = {each.key: read.index(columns[each.key]) for each in identifiers}
    work = _Work(_wanted(columns, identifiers), tally, people, reject_one, alive)
    if shape.encoding not in ENCODINGS:
        work.take(rows(stream, shape))
        return tally
    try:
        with plain_of(stream, shape, read) as plain:
            for found in found_in(plain, shape, work.wanted):
                if not isinstance(found, Found):
                    work.take(found)
                    continue
                alive()
                tally.add(found.rows, found.rejected, found.reasons)
                people.add_all(found.people)
                reject(found.reject_lines)
    except DAMAGES:
        _find_the_damage(stream, shape, alive)
        raise
    return tally


def _find_the_damage(stream: BinaryIO, shape: FileShape, alive: Callable[[], None]) -> None:
    """Read row by row up to where compressed bytes are damaged: FileRefused says where."""
    for count, _ in enumerate(rows(stream, shape)):
        if count % _STEP == 0:
            alive()


def distinct_people(
    rows: Iterable[Row],
    columns: Mapping[str, int],
    identifiers: Sequence[IdentifierType],
    *,
    people: People,
    reject: Callable[[int, str, Reason], None],
    alive: Callable[[], None],
) -> Tally:
    """Do what `people_of` does, row by row: the reference."""
    tally = Tally()
    _Work(_wanted(columns, identifiers), tally, people, reject, alive).take(rows)
    return tally


def record_width(types: int) -> int:
    """Return the bytes that a person's digests take in `Distinct`."""
    return types * _DIGEST


def reject_line(number: int, key: str, reason: Reason) -> str:
    """Return one line of the rejects' CSV; a reason may hold commas, and no quotation mark."""
    return f'{number},{key},"{reason.value}"\n'


def _record(
    cells: Sequence[str], wanted: Sequence[tuple[IdentifierType, int]]
) -> tuple[bytes | None, list[tuple[str, Reason]]]:
    parts: list[bytes] = []
    reasons: list[tuple[str, Reason]] = []
    for identifier, column in wanted:
        try:
            parts.append(bytes.fromhex(digest_of(_cell(cells, column), identifier)))
        except Invalid as invalid:
            parts.append(_NONE)
            reasons.append((identifier.key, invalid.reason))
    found = len(reasons) < len(wanted)
    return (b"".join(parts) if found else None), reasons


def _cell(cells: Sequence[str], column: int) -> str:
    if column >= len(cells):
        raise Invalid(Reason.MISSING_COLUMN)
    return cells[column]


def _wanted(
    columns: Mapping[str, int], identifiers: Sequence[IdentifierType]
) -> list[tuple[IdentifierType, int]]:
    return [(each, columns[each.key]) for each in identifiers]
