"""Cut a table's bytes into rows and cells by whole blocks, as far as that is certain.

A block is cut where `records` would cut it, or not at all. Every quotation mark in it opens at the
beginning of a cell or closes at its end, or is doubled inside of one; there is no lone carriage
return, no row near the limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

# `csv` refuses longer cells; a row below it has none.
LONGEST_ROW = 131_072
_MOST_CELLS_A_ROW = 10_000
_MOST_BREAKS_A_ROW = 50
# Before a mark that opens, so many at most.
MOST_SPACES = 16
_NEW_LINE, _RETURN, _SPACE, _QUOTE = 10, 13, 32, 34

Places = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Block:
    """Whole rows: their bytes, where cells end, and where rows do.

    `ends` are the places of all cell ends; row `i` has the cells `firsts[i]` to `lasts[i]` of
    them. `first_row` is the number of row 0 as a spreadsheet counts. `doubled` are cells with
    doubled quotation marks inside; `quoted` says whether there are any marks.
    """

    data: bytes
    ends: Places
    lasts: Places
    first_row: int
    quoted: bool
    doubled: Places

    @cached_property
    def letters(self) -> NDArray[np.uint8]:
        """Return the bytes as an array."""
        return np.frombuffer(self.data, dtype=np.uint8)

    @cached_property
    def firsts(self) -> Places:
        """Return the first cell of each row."""
        return np.concatenate((np.zeros(1, dtype=np.int64), self.lasts[:-1] + 1))

    @cached_property
    def bounds(self) -> Places:
        """Return the place before the block, then where each cell ends: it begins behind one."""
        return np.concatenate((np.full(1, -1, dtype=np.int64), self.ends))

    @cached_property
    def returns(self) -> bool:
        """Say whether there are carriage returns, at line ends or inside quotation marks."""
        return b"\r" in self.data

    @cached_property
    def empty(self) -> Mask:
        """Tell which rows are empty lines."""
        starts, stops = self.bounds[self.firsts] + 1, self.ends[self.lasts]
        lengths = stops - starts
        empty: Mask = lengths == 0
        if self.returns:
            empty |= (lengths == 1) & (self.letters[starts] == _RETURN)
        return empty


@dataclass(frozen=True)
class _Marks:
    """Where delimiters, line ends and quotation marks stand, and which of them end a cell."""

    places: Places
    letters: NDArray[np.uint8]
    is_end: Mask
    is_quote: Mask


def cut(data: bytes, delimiter: str, first_row: int, *, quoted: bool) -> Block | None:
    """Cut the whole rows at the beginning of some bytes; None where that is not certain.

    What follows the last whole row is left out. Of bytes without a whole row there is none.
    """
    letters = np.frombuffer(data, dtype=np.uint8)
    has_quotes = quoted and b'"' in data
    marks = _marks(letters, ord(delimiter), quoted=has_quotes)
    ends = marks.places[marks.is_end]
    lasts = np.flatnonzero(letters[ends] == _NEW_LINE)
    if not len(lasts):
        return None
    row_ends = ends[lasts]
    size = int(row_ends[-1]) + 1
    doubled = np.zeros(0, dtype=np.int64)
    if has_quotes:
        quotes = marks.places[marks.is_quote]
        quotes = quotes[: np.searchsorted(quotes, size)]
        if not _are_at_edges(letters, quotes, ord(delimiter)):
            return None
        twins = quotes[1::2][:-1][np.diff(quotes)[1::2] == 1]
        doubled = np.searchsorted(ends, twins)
    if not _is_within_limits(row_ends, lasts, marks):
        return None
    if b"\r" in data and _has_lone_return(letters[:size]):
        return None
    return Block(data[:size], ends[: lasts[-1] + 1], lasts, first_row, has_quotes, doubled)


def _marks(letters: NDArray[np.uint8], delimiter: int, *, quoted: bool) -> _Marks:
    found = (letters == delimiter) | (letters == _NEW_LINE)
    if not quoted:
        places = np.flatnonzero(found)
        every = np.ones(len(places), dtype=bool)
        return _Marks(places, letters[places], every, ~every)
    found |= letters == _QUOTE
    places = np.flatnonzero(found)
    kinds = letters[places]
    is_quote = kinds == _QUOTE
    is_inside = np.logical_xor.accumulate(is_quote)
    return _Marks(places, kinds, ~(is_quote | is_inside), is_quote)


def _are_at_edges(letters: NDArray[np.uint8], quotes: Places, delimiter: int) -> bool:
    """Say whether each pair of marks encloses a cell, or a part of one between doubled marks."""
    before, after = quotes[0::2] - 1, quotes[1::2] + 1
    # Spaces before a mark belong to nothing.
    for _ in range(MOST_SPACES):
        spaces = np.flatnonzero((letters[before] == _SPACE) & (before >= 0))
        if not len(spaces):
            break
        before[spaces] -= 1
    left, right = letters[before], letters[after]
    begins = (left == delimiter) | (left == _NEW_LINE) | (before < 0)
    # The second of two marks opens again; only the first can close right before it.
    begins |= (left == _QUOTE) & (before == quotes[0::2] - 1)
    ends = (right == delimiter) | (right == _NEW_LINE) | (right == _RETURN) | (right == _QUOTE)
    return bool(begins.all() and ends.all())


def _is_within_limits(row_ends: Places, lasts: Places, marks: _Marks) -> bool:
    """Say whether no row comes near what `records` refuses: there it says so itself."""
    if int(np.diff(row_ends, prepend=-1).max()) > LONGEST_ROW:
        return False
    if int(np.diff(lasts, prepend=-1).max()) > _MOST_CELLS_A_ROW:
        return False
    breaks = marks.places[(marks.letters == _NEW_LINE) & ~marks.is_end]
    breaks = breaks[: np.searchsorted(breaks, row_ends[-1])]
    if not len(breaks):
        return True
    return int(np.bincount(np.searchsorted(row_ends, breaks)).max()) <= _MOST_BREAKS_A_ROW


def _has_lone_return(letters: NDArray[np.uint8]) -> bool:
    """Say whether a carriage return ends a line by itself, as on an old Mac."""
    returns = np.flatnonzero(letters == _RETURN)
    return bool((letters[np.minimum(returns + 1, len(letters) - 1)] != _NEW_LINE).any())
