"""From the rows of a file to batches of distinct digests, and the rejects with row and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Protocol

from exports.engine.reading import DAMAGES, FileShape, plain_of, rows
from exports.engine.reading_ahead import read_ahead
from exports.engine.several import Several, values_in
from exports.engine.taking import AS_THEY_ARE, Taking
from exports.engine.values import digest_of
from providers.declarations import IdentifierType
from providers.identifiers import Invalid, Reason

if TYPE_CHECKING:
    from exports.engine.distinct import Records

_DIGEST = 32
_NONE = bytes(_DIGEST)
# How many rows between two signs of life: a cell may hold hundreds of values.
_STEP = 256

Row = tuple[int, Sequence[str]]


class People(Protocol):
    """Where the digests of people go, as `distinct.Distinct` takes them."""

    def add(self, record: bytes) -> None:
        """Take one person's digests, one behind the other."""

    def add_all(self, records: Records) -> None:
        """Take many, one a row. They must be copied: what they lie in is used again."""


@dataclass
class Tally:
    """What became of the rows: `rejected` of `rows` have nothing to send, by `reasons`.

    A row has several `people` where its cells have several values.
    """

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
    taking: Taking
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
            records, reasons = self._of_row(cells)
            if records:
                self.tally.people += len(records)
                for record in records:
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

    def _of_row(self, cells: Sequence[str]) -> tuple[list[bytes], list[tuple[str, Reason]]]:
        """Return the people of a row: the first has the first good value of each type."""
        first: list[bytes] = []
        others: list[bytes] = []
        reasons: list[tuple[str, Reason]] = []
        for place, (identifier, column) in enumerate(self.wanted):
            several = self.taking.several.get(identifier.key)
            digests = []
            for value in _values(cells, column, several, identifier):
                try:
                    digests.append(_digest(value, identifier))
                except Invalid as invalid:
                    reasons.append((identifier.key, invalid.reason))
            first.append(digests[0] if digests else _NONE)
            behind = _NONE * (len(self.wanted) - place - 1)
            others += [_NONE * place + digest + behind for digest in digests[1:]]
        person = b"".join(first)
        return ([person, *others] if any(person) else []), reasons


def people_of(
    stream: BinaryIO,
    shape: FileShape,
    columns: Mapping[str, int],
    identifiers: Sequence[IdentifierType],
    *,
    people: People,
    reject: Callable[[bytes], object],
    alive: Callable[[], None],
    taking: Taking = AS_THEY_ARE,
) -> Tally:
    """Read a file: hash what is valid into `people`, hand lines of the rest to `reject`.

    A line has the row's number, the identifier type's key and the reason, never the value. A row
    of several types is rejected where none of them is valid; a type that it leaves empty is no
    fault. Of a cell with several values the first good one belongs to the row's person, each other
    to a person of its own. `alive` is called every so many rows. Raises FileRefused.
    """
    # Only in the process that works: what it brings is large, and hangs after a fork.
    from exports.engine.vectorized.people import ENCODINGS, Found, found_in

    def reject_one(number: int, key: str, reason: Reason) -> None:
        reject(reject_line(number, key, reason).encode())

    tally = Tally()
    identifiers = taking.rules(identifiers)
    read = sorted({columns[each.key] for each in identifiers})
    if shape.encoding not in ENCODINGS or taking.several:
        wanted = _wanted(columns, identifiers)
        work = _Work(wanted, taking, tally, people, reject_one, alive)
        work.take(rows(stream, shape, only=read))
        return tally
    if shape.is_parquet:
        # Only these are read, one behind another.
        columns = {each.key: read.index(columns[each.key]) for each in identifiers}
    work = _Work(_wanted(columns, identifiers), taking, tally, people, reject_one, alive)
    try:
        with plain_of(stream, shape, read) as plain, read_ahead(plain) as ahead:
            for found in found_in(ahead, shape, work.wanted):
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
    taking: Taking = AS_THEY_ARE,
) -> Tally:
    """Do what `people_of` does, row by row: the reference."""
    tally = Tally()
    wanted = _wanted(columns, taking.rules(identifiers))
    _Work(wanted, taking, tally, people, reject, alive).take(rows)
    return tally


def record_width(types: int) -> int:
    """Return the bytes that a person's digests take in `Distinct`."""
    return types * _DIGEST


def reject_line(number: int, key: str, reason: Reason) -> str:
    """Return one line of the rejects' CSV; a reason may hold commas, and no quotation mark."""
    return f'{number},{key},"{reason.value}"\n'


def _values(
    cells: Sequence[str], column: int, several: Several | None, identifier: IdentifierType
) -> list[str | None]:
    """Return the values of a cell; None where the row has no such column."""
    if column >= len(cells):
        return [None]
    return [*values_in(cells[column], several, identifier)]


def _digest(value: str | None, identifier: IdentifierType) -> bytes:
    if value is None:
        raise Invalid(Reason.MISSING_COLUMN)
    return bytes.fromhex(digest_of(value, identifier))


def _wanted(
    columns: Mapping[str, int], identifiers: Sequence[IdentifierType]
) -> list[tuple[IdentifierType, int]]:
    return [(each, columns[each.key]) for each in identifiers]
