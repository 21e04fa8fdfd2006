"""Cut a table's bytes into rows and cells by whole blocks, as far as that is certain.

A block is cut where `records` would cut it, or it ends before what is not certain: something
behind a mark that closes, a lone carriage return, a row near the limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exports.engine.vectorized.compiled import compiled, inlined
from exports.engine.vectorized.vectors import PADDING, equal, first

# `csv` refuses longer cells; a row below it has none.
LONGEST_ROW = 131_072
_MOST_CELLS_A_ROW = 10_000
_MOST_BREAKS_A_ROW = 50
# How a cell is written: as it is, between marks, between marks with doubled ones, or not at all.
PLAIN, ENCLOSED, DOUBLED, MISSING = range(4)
# Why a row is not cut: its end is not there yet, or it needs a careful reader.
_OPEN, _UNSURE = -1, -2
_NEW_LINE, _RETURN, _SPACE, _QUOTE = 10, 13, 32, 34

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Small = NDArray[np.int32]


@dataclass(frozen=True)
class Bounds:
    """Where the cells of some columns are: for each row that is no empty line, in one's own array.

    `lines` counts the rows before each, empty ones too.
    """

    lines: Small
    starts: Small
    stops: Small
    kinds: Bytes

    @classmethod
    def of(cls, rows: int, columns: int) -> Bounds:
        """Return room for so many."""
        shape = (rows, columns)
        starts, stops = np.empty(shape, dtype=np.int32), np.empty(shape, dtype=np.int32)
        return cls(np.empty(rows, dtype=np.int32), starts, stops, np.empty(shape, dtype=np.uint8))


@dataclass(frozen=True)
class Cut:
    """What could be cut: `rows` that are no empty lines, of `lines`, out of so many bytes.

    `is_sure` says whether what follows may be cut too once more of it is there.
    """

    rows: int
    lines: int
    size: int
    is_sure: bool


def cut(
    data: Bytes, size: int, delimiter: str, columns: Places, bounds: Bounds, *, quoted: bool
) -> Cut:
    """Cut whole rows at the beginning of some bytes, as many as there is room for.

    Behind `size` bytes there are at least `PADDING` more, of anything. `columns` are in order.
    """
    limits = (LONGEST_ROW, _MOST_CELLS_A_ROW, _MOST_BREAKS_A_ROW)
    arrays = (bounds.lines, bounds.starts, bounds.stops, bounds.kinds)
    return Cut(*_cut(data, size, ord(delimiter), quoted, columns, limits, *arrays))


@compiled
def _cut(
    data: Bytes,
    size: int,
    delimiter: int,
    quoted: bool,
    columns: Places,
    limits: tuple[int, int, int],
    lines: Small,
    starts: Small,
    stops: Small,
    kinds: Bytes,
) -> tuple[int, int, int, bool]:
    rows = at = line = 0
    while at < size and rows < len(lines):
        end, cells = _row(
            data, at, size, delimiter, quoted, columns, limits, rows, starts, stops, kinds
        )
        if end < 0:
            return rows, line, at, end == _OPEN
        if cells:
            lines[rows] = line
            rows += 1
        line += 1
        at = end
    return rows, line, at, True


@inlined
def _row(
    data: Bytes,
    begin: int,
    size: int,
    delimiter: int,
    quoted: bool,
    columns: Places,
    limits: tuple[int, int, int],
    row: int,
    starts: Small,
    stops: Small,
    kinds: Bytes,
) -> tuple[int, int]:
    """Return where the next row begins, or why that is not known; and how many cells this has."""
    column = found = breaks = 0
    at = begin
    while True:
        start, stop, kind, more = _cell(data, at, size, delimiter, quoted)
        if stop < 0:
            return stop, 0
        breaks += more
        if found < len(columns) and columns[found] == column:
            starts[row, found], stops[row, found], kinds[row, found] = start, stop, kind
            found += 1
        column += 1
        at = stop + 1 if kind == PLAIN else stop + 2
        if data[at - 1] != delimiter:
            break
    if data[at - 1] == _RETURN:
        at += 1
    if at - begin > limits[0] or column > limits[1] or breaks > limits[2]:
        return _UNSURE, 0
    for missing in range(found, len(columns)):
        kinds[row, missing] = MISSING
    is_empty = column == 1 and kind == PLAIN and start == stop
    return at, 0 if is_empty else column


@inlined
def _cell(
    data: Bytes,
    at: int,
    size: int,
    delimiter: int,
    quoted: bool,
) -> tuple[int, int, int, int]:
    """Return where a cell begins and stops (or why that is not known), its kind, line breaks."""
    if quoted:
        begin = at
        while begin < size and data[begin] == _SPACE:
            begin += 1
        if begin == size:
            return begin, _OPEN, PLAIN, 0
        if data[begin] == _QUOTE:
            stop, kind, breaks = _closing(data, begin + 1, size)
            if stop >= 0:
                stop = _if_it_ends(data, stop, stop + 1, size, delimiter)
            return begin + 1, stop, kind, breaks
    stop = _next(data, at, size, delimiter)
    return at, _if_it_ends(data, stop, stop, size, delimiter), PLAIN, 0


@inlined
def _if_it_ends(data: Bytes, stop: int, behind: int, size: int, delimiter: int) -> int:
    """Return where a cell stops, if what is behind it ends one; else why that is not known."""
    if behind >= size:
        return _OPEN
    if data[behind] == delimiter or data[behind] == _NEW_LINE:
        return stop
    if data[behind] != _RETURN:
        return _UNSURE
    if behind + 1 >= size:
        return _OPEN
    return stop if data[behind + 1] == _NEW_LINE else _UNSURE


@inlined
def _closing(data: Bytes, at: int, size: int) -> tuple[int, int, int]:
    """Return where the mark is that closes a cell, or why that is not known."""
    kind, breaks = ENCLOSED, 0
    while True:
        at = _next(data, at, size, _QUOTE)
        if at + 1 >= size:
            return _OPEN, kind, breaks
        if data[at] == _QUOTE:
            if data[at + 1] != _QUOTE:
                return at, kind, breaks
            kind = DOUBLED
            at += 2
        elif data[at] == _NEW_LINE:
            breaks += 1
            at += 1
        elif data[at + 1] != _NEW_LINE:
            return _UNSURE, kind, breaks
        else:
            at += 1


@inlined
def _next(data: Bytes, at: int, size: int, sign: int) -> int:
    """Return where the next such sign, line break or carriage return is, or the end."""
    while at < size:
        found = equal(data, at, sign) | equal(data, at, _NEW_LINE) | equal(data, at, _RETURN)
        if found:
            place: int = at + first(found)
            return min(place, size)
        at += PADDING
    return size
