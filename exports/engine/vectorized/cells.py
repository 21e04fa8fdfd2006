"""One column of a block: where its cells are, and what each says exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exports.engine.vectorized.blocks import MOST_SPACES, Block, Mask, Places
from exports.engine.vectorized.pieces import Writing
from exports.engine.vectorized.texts import Texts

_RETURN, _SPACE, _QUOTE = 13, 32, 34


@dataclass(frozen=True)
class Cells:
    """The cells of one column, without the marks that enclose some of them.

    `is_doubled` tells which have doubled marks inside.
    """

    data: bytes
    starts: Places
    stops: Places
    is_enclosed: Mask
    is_doubled: Mask
    writing: Writing

    def texts(self) -> Texts:
        """Return them as they are written, doubled marks and all."""
        return Texts.between(self.data, self.starts, self.stops)

    def text(self, index: int) -> str:
        """Return one cell as `records` does."""
        cell = self.data[self.starts[index] : self.stops[index]]
        if not self.is_enclosed[index]:
            cell = cell.lstrip(b" ")
        elif self.is_doubled[index]:
            cell = cell.replace(b'""', b'"')
        return self.writing.decode(cell)


def cells_of(block: Block, firsts: Places, lasts: Places, column: int, writing: Writing) -> Cells:
    """Return one column of rows that have it."""
    places = firsts + column
    starts, stops = block.bounds[places] + 1, block.ends[places]
    if block.returns:
        # Of an unquoted cell only the last in its row can end with one: half of the line end.
        has_return = (block.letters[stops - 1] == _RETURN) & (stops > starts) & (places == lasts)
        stops = stops - has_return
    is_enclosed = is_doubled = np.zeros(len(places), dtype=bool)
    if block.quoted:
        starts = _behind_spaces(block, starts, stops)
        is_enclosed = (block.letters[starts] == _QUOTE) & (stops > starts)
        starts, stops = starts + is_enclosed, stops - is_enclosed
        if len(block.doubled):
            is_doubled = np.isin(places, block.doubled)
    return Cells(block.data, starts, stops, is_enclosed, is_doubled, writing)


def _behind_spaces(block: Block, starts: Places, stops: Places) -> Places:
    """Return where cells begin that may open a mark behind spaces."""
    for _ in range(MOST_SPACES):
        spaces = np.flatnonzero((block.letters[starts] == _SPACE) & (starts < stops))
        if not len(spaces):
            break
        starts[spaces] += 1
    return starts
