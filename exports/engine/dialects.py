"""Recognize the delimiter and the quotation marks of a table from its first rows."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from exports.engine.records import records
from exports.engine.refusals import FileRefused

# A sample among empty lines is not looked for any longer.
_MOST_LINES = 20_000
# In this order where nothing else decides.
_DELIMITERS = (",", "\t", ";", "|")
_EMAIL = re.compile(r"[^\s@,;|\"]+@[^\s@,;|\"]+\.[^\s@,;|\".]+")
_HASH = re.compile(r"[0-9a-fA-F]{64}|[0-9a-fA-F]{40}|[0-9a-fA-F]{32}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PHONE = re.compile(r"[+(]?[0-9][0-9\s().\-/+]{6,24}")


@dataclass(frozen=True)
class Dialect:
    """How a table is written, and its first rows that are not empty."""

    delimiter: str
    quoted: bool
    sample: Sequence[list[str]]


def looks_like_an_identifier(cell: str) -> bool:
    """Say whether a cell is, or should have been, an identifier: nobody names a column so."""
    _, at, behind = cell.partition("@")
    return bool(at and "." in behind) or _is_an_identifier(cell)


def _is_an_identifier(cell: str) -> bool:
    cell = cell.strip()
    if _PHONE.fullmatch(cell):
        return sum(map(str.isdigit, cell)) >= 7
    return any(kind.fullmatch(cell) for kind in (_EMAIL, _HASH, _UUID))


def dialect_of(text: str, sample_rows: int, *, is_all: bool) -> Dialect:
    """Return the dialect that fits the first rows of a table best.

    A table of one column counts as separated by commas. Raises FileRefused where the first rows
    cannot be read in any.
    """
    if not is_all:
        # The last line is cut somewhere; the first one alone is reported as too long.
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    try:
        return _best(text, sample_rows, quoted=True, is_all=is_all)
    except FileRefused:
        plain = _best(text, sample_rows, quoted=False, is_all=is_all)
        if any(_is_enclosed(cell) for cells in plain.sample for cell in cells):
            # Marks that enclose cells elsewhere must not become parts of their values.
            raise
        return plain


def is_blank(cells: Sequence[str]) -> bool:
    """Say whether a row has nothing to read: what comes so before a header is no row."""
    return not any(map(str.strip, cells))


def _is_enclosed(cell: str) -> bool:
    cell = cell.strip()
    return len(cell) > 1 and cell.startswith('"') and cell.endswith('"')


def _best(text: str, sample_rows: int, *, quoted: bool, is_all: bool) -> Dialect:
    candidates: list[tuple[tuple[int, float, int], Dialect]] = []
    refused: FileRefused | None = None
    for delimiter in _DELIMITERS:
        try:
            sample = _sample(text, delimiter, sample_rows, quoted=quoted, is_all=is_all)
        except FileRefused as error:
            refused = refused or error
            continue
        width, rows_of_it = Counter(map(len, sample)).most_common(1)[0]
        if width > 1 or delimiter == _DELIMITERS[0]:
            identifiers = sum(_is_an_identifier(cell) for cells in sample for cell in cells)
            fit = (identifiers, rows_of_it / len(sample), width)
            candidates.append((fit, Dialect(delimiter, quoted, sample)))
    if not candidates:
        raise refused or FileRefused("The file's rows cannot be told apart.")
    # `max` keeps the first of equals.
    return max(candidates, key=lambda candidate: candidate[0])[1]


def _sample(
    text: str, delimiter: str, sample_rows: int, *, quoted: bool, is_all: bool
) -> list[list[str]]:
    found: list[list[str]] = []
    try:
        every = records(io.StringIO(text, newline=""), delimiter, quoted=quoted)
        for _, cells in islice(every, _MOST_LINES):
            if is_blank(cells) and not found:
                continue
            if cells:
                found.append(cells)
            if len(found) == sample_rows:
                break
    except FileRefused:
        # What was cut may have been cut inside a quoted cell.
        if is_all or not found:
            raise
    if not found:
        raise FileRefused("The file begins with more white space than a table has.")
    return found
