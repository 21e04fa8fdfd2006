"""A column of a block to digests, thousands at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from exports.engine.values import digest_of
from exports.engine.vectorized import hashing
from exports.engine.vectorized.blocks import Block, Mask, Places
from exports.engine.vectorized.cells import Cells, cells_of
from exports.engine.vectorized.hashing import Digests
from exports.engine.vectorized.pieces import Writing
from exports.engine.vectorized.rules import RULES, UNDECIDED, place
from exports.engine.vectorized.texts import Texts
from providers.declarations import IdentifierType
from providers.identifiers import EMPTY_DIGEST, Invalid, Reason

# The status of a value that has a digest; any other is the place of its reason.
VALID = -2
_EMPTY, _MISSING = place(Reason.EMPTY), place(Reason.MISSING_COLUMN)
_HASH_OF_NOTHING = place(Reason.HASH_OF_NOTHING)
_DIGEST_OF_NOTHING = np.frombuffer(bytes.fromhex(EMPTY_DIGEST), dtype=hashing.KIND)[0]
_SPACE = 32
# What `str.strip` takes for white space, all of it: none is behind the ideographic space.
WIDE_SPACE = "".join(filter(str.isspace, map(chr, range(0x3001))))


@dataclass(frozen=True)
class Column:
    """What becomes of one column: digests where the status is `VALID`, zeros elsewhere."""

    digests: Digests
    status: NDArray[np.int8]

    @classmethod
    def of(cls, rows: int, status: int) -> Column:
        """Return a column without any digests yet."""
        return cls(np.zeros(rows, dtype=hashing.KIND), np.full(rows, status, dtype=np.int8))

    def put(self, indices: Places, digests: Digests) -> None:
        """Put valid digests in their places."""
        self.digests[indices] = digests
        self.status[indices] = VALID


def judged(
    block: Block, rows: Places, number: int, identifier: IdentifierType, writing: Writing
) -> Column:
    """Judge one column of these rows of a block."""
    firsts, lasts = block.firsts[rows], block.lasts[rows]
    has_it = firsts + number <= lasts
    if has_it.all():
        return _judged(cells_of(block, firsts, lasts, number, writing), identifier)
    column = Column.of(len(rows), _MISSING)
    found = _judged(cells_of(block, firsts[has_it], lasts[has_it], number, writing), identifier)
    column.digests[has_it], column.status[has_it] = found.digests, found.status
    return column


def _judged(cells: Cells, identifier: IdentifierType) -> Column:
    column = Column.of(len(cells.starts), UNDECIDED)
    if identifier.normalize in RULES:
        _judge(cells, identifier, column)
    for index in np.flatnonzero(column.status == UNDECIDED).tolist():
        try:
            digest = bytes.fromhex(digest_of(cells.text(index), identifier))
        except Invalid as invalid:
            column.status[index] = place(invalid.reason)
        else:
            column.put(np.array([index]), np.frombuffer(digest, dtype=hashing.KIND))
    return column


def _judge(cells: Cells, identifier: IdentifierType, column: Column) -> None:
    """Decide what is certain."""
    texts = cells.texts().stripped()
    # A mark that is doubled stands for one.
    is_open = ~cells.is_doubled
    strange = _is_strange(texts)
    everything = np.arange(len(texts))
    indices, to_hash = _plainly(texts, is_open & ~strange, everything, identifier, column)
    wide = np.flatnonzero(is_open & strange)
    if len(wide) and cells.writing.encoding == "utf-8":
        narrow, wide = _without_wide_space(texts.at(wide), wide)
        more, also = _plainly(narrow, ~_is_strange(narrow), wide, identifier, column)
        indices = np.concatenate((indices, more))
        to_hash = pa.concat_arrays([to_hash, also])
    column.put(indices, hashing.sha256(to_hash))


def _is_strange(texts: Texts) -> Mask:
    """Tell which have letters beyond ASCII's, or control characters."""
    # As signed numbers the former are negative.
    return texts.having(texts.letters.view(np.int8) < _SPACE)


def _plainly(
    texts: Texts, plain: Mask, indices: Places, identifier: IdentifierType, column: Column
) -> tuple[Places, pa.Array]:
    """Decide plain texts; return those that are left to be hashed, and where they belong."""
    lowered = texts.lowered()
    is_empty = plain & (lowered.lengths == 0)
    column.status[indices[is_empty]] = _EMPTY
    plain = plain & ~is_empty
    plain &= ~_take_hashes(lowered, plain & (lowered.lengths == hashing.HEX), indices, column)
    found = RULES[identifier.normalize](lowered, plain)
    is_bad = found.reasons != UNDECIDED
    column.status[indices[is_bad]] = found.reasons[is_bad]
    return indices[found.valid], found.texts.filter(pa.array(found.valid))


def _take_hashes(texts: Texts, candidates: Mask, indices: Places, column: Column) -> Mask:
    """Take values that are hashes already; tell which are."""
    where = np.flatnonzero(candidates)
    taken = np.zeros(len(candidates), dtype=bool)
    if not len(where):
        return taken
    digests, is_hash = hashing.from_hex(texts.at(where))
    where, digests = where[is_hash], digests[is_hash]
    taken[where] = True
    is_nothing = digests == _DIGEST_OF_NOTHING
    column.put(indices[where[~is_nothing]], digests[~is_nothing])
    column.status[indices[where[is_nothing]]] = _HASH_OF_NOTHING
    return taken


def _without_wide_space(texts: Texts, indices: Places) -> tuple[Texts, Places]:
    """Strip white space beyond ASCII off texts of UTF-8; damaged ones are left out."""
    try:
        texts.array.validate(full=True)
    except pa.ArrowInvalid:
        # The reference looks at each.
        return texts.at(indices[:0]), indices[:0]
    return Texts(pc.utf8_trim(texts.array, characters=WIDE_SPACE)), indices
