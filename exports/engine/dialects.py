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
# What no column is called besides: hashes of other kinds, device ids without dashes, handles,
# numbers, and a phone number with a word behind it.
_NO_NAME = re.compile(
    r"[0-9a-fA-F]{56}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128}|(?=[a-fA-F]*[0-9])[0-9a-fA-F]{16}"
    r"|@[A-Za-z0-9_]{1,15}|[0-9]{5,}|(?=(?:\D*[0-9]){9})[+(]?[0-9][0-9().\-/+]*(?:\s[0-9().\-/+]+)+\s\D.*"
)


@dataclass(frozen=True)
class Dialect:
    """How a table is written, and its first rows that are not empty.

    In row `stray_mark` a quotation mark is opened and not closed again: then none encloses a cell.
    """

    delimiter: str
    quoted: bool
    sample: Sequence[list[str]]
    stray_mark: int | None = None


def looks_like_an_identifier(cell: str) -> bool:
    """Say whether a cell is, or should have been, an identifier: nobody names a column so."""
    _, at, behind = cell.partition("@")
    is_like_an_address = bool(at and "." in behind)
    return is_like_an_address or _is_an_identifier(cell) or bool(_NO_NAME.fullmatch(cell.strip()))


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
    tried = [_tried(text, delimiter, sample_rows, is_all=is_all) for delimiter in _DELIMITERS]
    candidates = [each for each in tried if isinstance(each, _Candidate) and each.is_table]
    if not candidates:
        raise next(each for each in tried if isinstance(each, FileRefused))
    # `max` keeps the first of equals.
    best = max(candidates, key=_Candidate.fit)
    if best.refused is not None and best.is_refused_anyway:
        raise best.refused
    return best.dialect


def is_blank(cells: Sequence[str]) -> bool:
    """Say whether a row has nothing to read: what comes so before a header is no row."""
    return not any(map(str.strip, cells))


def _is_enclosed(cell: str) -> bool:
    cell = cell.strip()
    return len(cell) > 1 and cell.startswith('"') and cell.endswith('"')


@dataclass(frozen=True)
class _Candidate:
    """A way to read a table; `refused` says why its quotation marks are taken for letters."""

    dialect: Dialect
    refused: FileRefused | None = None
    is_refused_at_first: bool = False

    @property
    def is_table(self) -> bool:
        """Say whether there are columns; commas stand for the nothing that separates only one."""
        return self._width[0] > 1 or self.dialect.delimiter == _DELIMITERS[0]

    def fit(self) -> tuple[int, float, int]:
        """Return how well it fits: the greater, the better."""
        sample, (width, rows_of_it) = self.dialect.sample, self._width
        identifiers = sum(_is_an_identifier(cell) for cells in sample for cell in cells)
        return identifiers, rows_of_it / len(sample), width

    @property
    def is_refused_anyway(self) -> bool:
        """Say whether it would be guessing to take its marks for letters.

        A first row that swallows the others names no columns; marks that enclose cells elsewhere
        must not become parts of their values.
        """
        cells = (cell for cells in self.dialect.sample for cell in cells)
        return self.is_refused_at_first or any(map(_is_enclosed, cells))

    @property
    def _width(self) -> tuple[int, int]:
        """Return the most common number of columns, and how many rows have it."""
        return Counter(map(len, self.dialect.sample)).most_common(1)[0]


def _tried(
    text: str, delimiter: str, sample_rows: int, *, is_all: bool
) -> _Candidate | FileRefused:
    sample, refused = _sample(text, delimiter, sample_rows, quoted=True, is_all=is_all)
    if refused is None:
        return _Candidate(Dialect(delimiter, quoted=True, sample=sample))
    plain, refused_again = _sample(text, delimiter, sample_rows, quoted=False, is_all=is_all)
    if refused_again is not None:
        return refused
    dialect = Dialect(delimiter, quoted=False, sample=plain, stray_mark=refused.row)
    return _Candidate(dialect, refused, is_refused_at_first=not sample)


def _sample(
    text: str, delimiter: str, sample_rows: int, *, quoted: bool, is_all: bool
) -> tuple[list[list[str]], FileRefused | None]:
    """Return the first rows, and why they are not to be read so."""
    found: list[list[str]] = []
    stream = io.StringIO(text, newline="")
    try:
        for _, cells in islice(records(stream, delimiter, quoted=quoted), _MOST_LINES):
            if is_blank(cells) and not found:
                continue
            if cells:
                found.append(cells)
            if len(found) == sample_rows:
                break
    except FileRefused as refused:
        # What was cut may have been cut inside a quoted cell, which is closed further on.
        is_cut = not is_all and not stream.read(1)
        if is_cut and found:
            return found, None
        # Another one, as this one's traceback holds all that was read.
        return found, FileRefused(refused.sentence, refused.row)
    if not found:
        return found, FileRefused("The file begins with more white space than a table has.")
    return found, None
