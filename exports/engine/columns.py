"""Recognize by name and content which column of a file holds which identifier type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from exports.engine.masking import masked
from exports.engine.reading import FileShape
from exports.engine.values import digest_of
from providers.declarations import IdentifierType
from providers.identifiers import Invalid, looks_hashed

_SHOWN = 3
# Of what is filled in, this share must be valid for a column to be taken by its content alone.
_BY_CONTENT = 0.5


class Form(StrEnum):
    """How the values of a column are written."""

    RAW = "as typed"
    HASHED = "already hashed"
    MIXED = "both as typed and already hashed"
    EMPTY = "empty"


@dataclass(frozen=True)
class Column:
    """A column as a person sees it before anything is sent: `samples` are masked."""

    number: int
    name: str
    form: Form
    samples: tuple[str, ...]


def columns_of(shape: FileShape) -> list[Column]:
    """Describe every column of a file from its sample rows."""
    return [
        Column(number, name, _form(values), tuple(masked(value) for value in values[:_SHOWN]))
        for number, name in enumerate(shape.column_names)
        for values in [_filled(shape, number)]
    ]


def recognized(shape: FileShape, identifiers: Iterable[IdentifierType]) -> Mapping[str, int]:
    """Return the column for each identifier type that one looks like, each column once.

    A column whose name says so is taken unless its content says otherwise; else the one with the
    most valid values. A column of hashes does not tell its type, so there its name must.
    """
    scores: list[tuple[float, int, str]] = []
    for identifier in identifiers:
        for number, name in enumerate(shape.column_names):
            score = _score(name, _filled(shape, number), identifier)
            if score > 0:
                scores.append((score, -number, identifier.key))
    found: dict[str, int] = {}
    for _, number, key in sorted(scores, reverse=True):
        if key not in found and -number not in found.values():
            found[key] = -number
    # A single type and nothing but hashes in one column: whose else should they be?
    kinds = list(identifiers)
    if not found and len(kinds) == 1:
        hashes = [
            number
            for number in range(len(shape.column_names))
            if _form(_filled(shape, number)) == Form.HASHED
        ]
        if len(hashes) == 1:
            found[kinds[0].key] = hashes[0]
    return found


def _score(name: str, values: Sequence[str], identifier: IdentifierType) -> float:
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    is_named = plain in identifier.column_names
    is_like_it = any(word in plain for word in identifier.column_names if len(word) > 3)
    raw = [value for value in values if not looks_hashed(value)]
    valid = sum(_is_valid(value, identifier) for value in raw)
    share = valid / len(raw) if raw else 0.0
    if is_named or is_like_it:
        # A column "email opt-in" of yes and no is not one of addresses.
        if raw and not valid and len(raw) == len(values):
            return 0.0
        return (2.0 if is_named else 1.5) + share
    return share if share >= _BY_CONTENT and not identifier.by_name_only else 0.0


def _is_valid(value: str, identifier: IdentifierType) -> bool:
    try:
        digest_of(value, identifier)
    except Invalid:
        return False
    return True


def _filled(shape: FileShape, number: int) -> list[str]:
    cells = (row[number] for row in shape.sample_rows if number < len(row))
    return [cell for cell in cells if cell.strip()]


def _form(values: Sequence[str]) -> Form:
    if not values:
        return Form.EMPTY
    hashes = sum(map(looks_hashed, values))
    if hashes == len(values):
        return Form.HASHED
    return Form.MIXED if hashes else Form.RAW
