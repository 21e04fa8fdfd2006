"""What is wrong with values that are valid: hashed twice, made up, of another kind of hash.

Only the first rows are looked at, one by one, as they are written: what a file does wrong it does
from its beginning.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from exports.engine.masking import masked
from exports.engine.several import Several, values_in
from exports.engine.taking import AS_THEY_ARE, Taking
from exports.engine.values import digest_of
from providers.declarations import IdentifierType
from providers.identifiers import EMPTY_DIGEST, Invalid, Reason, looks_hashed

# Rows; where cells hold several values, as many values.
LOOKED_AT = 200_000
_SHOWN = 3
# How many rows between two signs of life, and how many cells of a row are compared with its hash.
_STEP = 256
_COMPARED = 50
# MD5, SHA-1, SHA-224, SHA-384 and SHA-512 in hexadecimal digits.
_OTHER_HASH = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{96}|[0-9a-f]{128}")
# RFC 2606 and 6761 keep these for tests and documents; nobody has an address there.
_TEST_DOMAIN = re.compile(
    r"@(?:[^@]*\.)?(?:example\.(?:com|org|net)|[^@.]*\.(?:test|invalid|localhost|example))$"
)
_MADE_UP = ("test@test.com", "test@gmail.com", "info@example.com", "noreply@example.com")


class Suspicion(StrEnum):
    """What may be wrong with a column, in words that follow a count."""

    HASHED_TWICE = "hashed twice"
    UPPER_CASE = "hashes in upper case"
    HASH_OF_NOTHING = "hashes of an empty value"
    OTHER_HASH = "hashes of another kind (MD5, SHA-1 ...)"
    MADE_UP = "hashes of a made-up address"
    TEST_DOMAIN = "addresses at a test domain"


@dataclass
class Looked:
    """One column as it is written: `raw` and `hashed` values, suspicions, masked samples."""

    raw: int = 0
    hashed: int = 0
    suspicions: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_mixed(self) -> bool:
        """Say whether there are both raw values and hashes."""
        return bool(self.raw and self.hashed)

    def suspect(self, suspicion: Suspicion, value: str) -> None:
        """Count a suspicion, and keep the first few values masked."""
        self.suspicions[suspicion.value] += 1
        self.sample(suspicion.value, value)

    def sample(self, of: str, value: str) -> None:
        """Keep a value masked, if few are kept of its kind."""
        kept = self.samples.setdefault(of, [])
        if len(kept) < _SHOWN and (shown := masked(value)) not in kept:
            kept.append(shown)


def looked_through(
    rows: Iterable[tuple[int, Sequence[str]]],
    columns: Mapping[str, int],
    identifiers: Sequence[IdentifierType],
    *,
    alive: Callable[[], None],
    taking: Taking = AS_THEY_ARE,
) -> dict[str, Looked]:
    """Look at rows one by one; return what each identifier type's column is like."""
    columns_seen = [
        _Column(each, columns[each.key], taking.several.get(each.key))
        for each in taking.rules(identifiers)
    ]
    for count, (_, cells) in enumerate(rows):
        if count >= LOOKED_AT:
            break
        if count % _STEP == 0:
            alive()
        for column in columns_seen:
            column.take(cells)
    return {each.identifier.key: each.result() for each in columns_seen}


class _Column:
    def __init__(self, identifier: IdentifierType, number: int, several: Several | None) -> None:
        self.identifier = identifier
        self._number = number
        self._several = several
        self._looked = Looked()
        self._left = LOOKED_AT
        # Of the values as typed: what they would be, hashed once more.
        self._twice: set[str] = {_again(EMPTY_DIGEST)}
        self._made_up = _digests(_MADE_UP, identifier)
        self._hashes: Counter[str] = Counter()

    def take(self, cells: Sequence[str]) -> None:
        """Look at one row."""
        if self._number >= len(cells):
            return
        for each in values_in(cells[self._number], self._several, self.identifier):
            if not (value := each.strip()):
                continue
            if not self._left:
                return
            self._left -= 1
            if looks_hashed(value):
                self._take_hash(value, cells)
            else:
                self._take_raw(value)

    def result(self) -> Looked:
        """Return what was found, now that all values are known."""
        for digest, count in self._hashes.items():
            if digest in self._twice:
                self._looked.suspicions[Suspicion.HASHED_TWICE.value] += count
                self._looked.sample(Suspicion.HASHED_TWICE.value, digest)
        return self._looked

    def _take_raw(self, value: str) -> None:
        looked = self._looked
        looked.raw += 1
        lowered = value.lower()
        if _OTHER_HASH.fullmatch(lowered):
            looked.suspect(Suspicion.OTHER_HASH, value)
        if _TEST_DOMAIN.search(lowered):
            looked.suspect(Suspicion.TEST_DOMAIN, value)
        try:
            digest = digest_of(value, self.identifier)
        except Invalid as invalid:
            looked.sample(invalid.reason.value, value)
        else:
            self._twice.add(_again(digest))

    def _take_hash(self, value: str, cells: Sequence[str]) -> None:
        looked = self._looked
        looked.hashed += 1
        digest = value.lower()
        if digest != value:
            looked.suspect(Suspicion.UPPER_CASE, value)
        if digest == EMPTY_DIGEST:
            looked.suspect(Suspicion.HASH_OF_NOTHING, value)
            looked.sample(Reason.HASH_OF_NOTHING.value, value)
        elif digest in self._made_up:
            looked.suspect(Suspicion.MADE_UP, value)
        elif self._is_twice_of_its_row(digest, cells):
            looked.suspect(Suspicion.HASHED_TWICE, value)
        else:
            self._hashes[digest] += 1

    def _is_twice_of_its_row(self, digest: str, cells: Sequence[str]) -> bool:
        """Say whether another cell of the row holds what was hashed twice, raw or hashed once."""
        filled = (number for number, cell in enumerate(cells) if cell and number != self._number)
        for cell in map(cells.__getitem__, islice(filled, _COMPARED)):
            try:
                if _again(digest_of(cell, self.identifier)) == digest:
                    return True
            except Invalid:
                continue
        return False


def _again(digest: str) -> str:
    return hashlib.sha256(digest.encode()).hexdigest()


def _digests(values: Iterable[str], identifier: IdentifierType) -> set[str]:
    found = set()
    for value in values:
        try:
            found.add(digest_of(value, identifier))
        except Invalid:
            continue
    return found
