"""Read a whole file as preparing does, and count instead of storing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from exports.engine.preparing import people_of, record_width
from exports.engine.reading import FileShape
from exports.engine.taking import AS_THEY_ARE, Taking
from providers.declarations import IdentifierType

if TYPE_CHECKING:
    from exports.engine.distinct import Distinct, Records

_DIGEST = 32
# What is read back at once from `Distinct`.
_AT_ONCE = 100_000


@dataclass
class OfType:
    """What a file has of one identifier type: `valid` values, `distinct` among them, the rest."""

    valid: int = 0
    distinct: int = 0
    invalid: Counter[str] = field(default_factory=Counter)


@dataclass
class Counted:
    """What an export of a file would send: `distinct` of `people`, who are in `rows`."""

    rows: int = 0
    rejected: int = 0
    people: int = 0
    distinct: int = 0
    types: dict[str, OfType] = field(default_factory=dict)

    def reject(self, lines: bytes) -> None:
        """Count lines of the rejects' CSV."""
        for line in lines.splitlines():
            _, key, reason = line.split(b",", 2)
            self.types[key.decode()].invalid[reason.decode().strip('"')] += 1


def counted(
    stream: BinaryIO,
    shape: FileShape,
    columns: Mapping[str, int],
    identifiers: Sequence[IdentifierType],
    *,
    folder: Path,
    look: Callable[[Records], None],
    alive: Callable[[], None],
    taking: Taking = AS_THEY_ARE,
) -> Counted:
    """Count a file; `look` is shown each distinct person's digests once, many at a time.

    What does not fit into memory spills, hashed, to nameless files in `folder`. `alive` is called
    often. Raises FileRefused.
    """
    # Only in the process that works: see `preparing`.
    from exports.engine.distinct import Distinct

    found = Counted(types={each.key: OfType() for each in identifiers})
    of_types = list(found.types.values())
    # Of a single type the people are its values.
    several = len(identifiers) > 1
    with ExitStack() as stack:
        people = stack.enter_context(Distinct(record_width(len(identifiers)), folder))
        values = [
            stack.enter_context(Distinct(_DIGEST, folder)) for _ in (identifiers if several else ())
        ]
        passing = _Passing(people, of_types)
        tally = people_of(
            stream,
            shape,
            columns,
            identifiers,
            people=passing,
            reject=found.reject,
            alive=alive,
            taking=taking,
        )
        for records in people.batches(_AT_ONCE):
            found.distinct += len(records)
            look(records)
            for number, distinct in enumerate(values):
                distinct.add_all(_of_type(records, number))
            alive()
        if not several:
            of_types[0].distinct = found.distinct
        for each, distinct in zip(of_types, values, strict=False):
            each.distinct = _size(distinct, alive)
    found.rows, found.rejected, found.people = tally.rows, tally.rejected, tally.people
    return found


class _Passing:
    """Counts on their way the values that people have."""

    def __init__(self, people: Distinct, types: Sequence[OfType]) -> None:
        self._people = people
        self._types = types

    def add(self, record: bytes) -> None:
        for number, each in enumerate(self._types):
            each.valid += any(record[number * _DIGEST : (number + 1) * _DIGEST])
        self._people.add(record)

    def add_all(self, records: Records) -> None:
        for number, each in enumerate(self._types):
            each.valid += len(_of_type(records, number))
        self._people.add_all(records)


def _of_type(records: Records, number: int) -> Records:
    """Return the digests of one type; a person who lacks it has zeros."""
    part = records[:, number * _DIGEST : (number + 1) * _DIGEST]
    filled: Records = part[part.any(axis=1)]
    return filled


def _size(distinct: Distinct, alive: Callable[[], None]) -> int:
    size = 0
    for records in distinct.batches(_AT_ONCE):
        size += len(records)
        alive()
    return size
