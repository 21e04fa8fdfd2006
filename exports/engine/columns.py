"""Recognize by name and content which column of a file holds which identifier type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from exports.engine.column_names import score_of
from exports.engine.masking import masked
from exports.engine.reading import FileShape
from exports.engine.several import Several, several_in, values_in
from providers.declarations import IdentifierType
from providers.identifiers import looks_hashed

_SHOWN = 3


class Form(StrEnum):
    """How the values of a column are written."""

    RAW = "as typed"
    HASHED = "already hashed"
    MIXED = "both as typed and already hashed"
    EMPTY = "empty"


@dataclass(frozen=True)
class Column:
    """A column as a person sees it before anything is sent: `samples` are masked.

    `several` says how a cell holds several values of one of the wanted identifier types.
    """

    number: int
    name: str
    form: Form
    samples: tuple[str, ...]
    several: Several | None = None

    @property
    def words(self) -> str:
        """Return what it holds, in words."""
        return f"{self.form}, several values in a cell" if self.several else str(self.form)


def columns_of(shape: FileShape, identifiers: Sequence[IdentifierType] = ()) -> list[Column]:
    """Describe every column of a file from its sample rows."""
    return [
        _column(shape, number, name, identifiers) for number, name in enumerate(shape.column_names)
    ]


def _column(
    shape: FileShape, number: int, name: str, identifiers: Sequence[IdentifierType]
) -> Column:
    cells = _filled(shape, number)
    recognized_by = ((each, _several_in(shape, number, each)) for each in identifiers)
    identifier, several = next((found for found in recognized_by if found[1]), (None, None))
    if identifier is None:
        return Column(number, name, _form(cells), tuple(map(masked, cells[:_SHOWN])))
    values = [values_in(cell, several, identifier) for cell in cells]
    samples = tuple("; ".join(map(masked, each)) for each in values[:_SHOWN])
    return Column(number, name, _form(list(chain.from_iterable(values))), samples, several)


def several_of(
    shape: FileShape, columns: Mapping[str, int], identifiers: Iterable[IdentifierType]
) -> dict[str, Several]:
    """Recognize how several values stand in the cells of each identifier type's column."""
    found = {
        each.key: _several_in(shape, columns[each.key], each)
        for each in identifiers
        if each.key in columns
    }
    return {key: several for key, several in found.items() if several}


def _several_in(shape: FileShape, number: int, identifier: IdentifierType) -> Several | None:
    if number in shape.list_columns and not identifier.by_name_only:
        # The file says so, also where the first rows have one value each.
        return Several.PARQUET
    return several_in(_filled(shape, number), identifier)


def recognized(shape: FileShape, identifiers: Sequence[IdentifierType]) -> Mapping[str, int]:
    """Return the column for each identifier type that one looks like, each column once.

    A column whose name says so is taken unless its content says otherwise; else the one with the
    most valid values. A column of hashes does not tell its type, so there its name must.
    """
    scores: list[tuple[float, int, str]] = []
    filled = [_filled(shape, number) for number in range(len(shape.column_names))]
    for identifier in identifiers:
        for number, name in enumerate(shape.column_names):
            score = score_of(name, _values(filled[number], identifier), identifier)
            if score > 0:
                scores.append((score, -number, identifier.key))
    found: dict[str, int] = {}
    for _, number, key in sorted(scores, reverse=True):
        if key not in found and -number not in found.values():
            found[key] = -number
    # A single type and nothing but hashes in one column: whose else should they be?
    if not found and len(identifiers) == 1:
        hashes = [number for number, cells in enumerate(filled) if _form(cells) == Form.HASHED]
        if len(hashes) == 1:
            found[identifiers[0].key] = hashes[0]
    return found


def _values(cells: Sequence[str], identifier: IdentifierType) -> list[str]:
    several = several_in(cells, identifier)
    return [value for cell in cells for value in values_in(cell, several, identifier)]


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
