"""From the rows of a file to batches of distinct digests, and the rejects with row and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from exports.engine.distinct import Distinct
from exports.engine.values import digest_of
from providers.declarations import IdentifierType
from providers.identifiers import Invalid, Reason
from providers.values import Batch

_DIGEST = 32
_NONE = bytes(_DIGEST)
# How many rows between two signs of life.
_STEP = 20_000

Row = tuple[int, Sequence[str]]


@dataclass
class Tally:
    """What became of the rows: `rejected` of `rows` have nothing to send, by `reasons`."""

    rows: int = 0
    rejected: int = 0
    people: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def distinct_people(
    rows: Iterable[Row],
    columns: Mapping[str, int],
    identifiers: Sequence[IdentifierType],
    *,
    people: Distinct,
    reject: Callable[[int, str, Reason], None],
    alive: Callable[[], None],
) -> Tally:
    """Read all rows: hash what is valid into `people`, hand the rest to `reject`.

    `reject` gets the row's number, the identifier type's key and the reason, never the value. A
    row of several types is rejected where none of them is valid; a type that it leaves empty is no
    fault. `alive` is called every so many rows.
    """
    tally = Tally()
    wanted = [(each, columns[each.key]) for each in identifiers]
    for number, cells in rows:
        tally.rows += 1
        if tally.rows % _STEP == 0:
            alive()
        record, reasons = _record(cells, wanted)
        if record is not None:
            tally.people += 1
            people.add(record)
            # Beside another type that is there, an empty cell says nothing.
            reasons = [each for each in reasons if each[1] != Reason.EMPTY]
        else:
            tally.rejected += 1
            # One reason a row is enough where all of its cells are empty.
            reasons = [each for each in reasons if each[1] != Reason.EMPTY] or reasons[:1]
        for key, reason in reasons:
            tally.reasons[reason.value] += 1
            reject(number, key, reason)
    return tally


def record_width(types: int) -> int:
    """Return the bytes that a person's digests take in `Distinct`."""
    return types * _DIGEST


def batches(people: Distinct, types: tuple[str, ...], size: int) -> Iterator[Batch]:
    """Yield all people in batches of at most `size` rows."""
    records = people.records()
    while part := list(islice(records, size)):
        yield Batch(types, [_row(record, len(types)) for record in part])


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


def _row(record: bytes, types: int) -> tuple[str | None, ...]:
    parts = (record[start : start + _DIGEST] for start in range(0, types * _DIGEST, _DIGEST))
    return tuple(None if part == _NONE else part.hex() for part in parts)
