"""The cells of a block to digests: stripped, cleaned, judged and hashed in one go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exports.engine.vectorized import sha256
from exports.engine.vectorized.blocks import DOUBLED, MISSING, Bounds, Bytes, Places, Small
from exports.engine.vectorized.compiled import compiled, inlined
from exports.engine.vectorized.rules import (
    EMPTY,
    LONGEST,
    NO_RULE,
    UNDECIDED,
    VALID,
    cleaned,
    is_hex,
    lowest,
    place,
)
from exports.engine.vectorized.sha256 import LANES, Words
from exports.engine.vectorized.vectors import PADDING, between, lowered
from providers.identifiers import EMPTY_DIGEST, Reason

DIGEST = 32
_HEX = 2 * DIGEST
_MISSING = place(Reason.MISSING_COLUMN)
_NOT_A_HASH = place(Reason.NOT_A_HASH)
_HASH_OF_NOTHING = place(Reason.HASH_OF_NOTHING)
_NOTHING = np.frombuffer(bytes.fromhex(EMPTY_DIGEST), dtype=np.uint8)
# Two blocks of SHA-256 hold the longest value and what is put behind it.
_BLOCK = 64
_SLOT = 2 * _BLOCK
_ONE_BLOCK = 55
# Of a value that is a digest already, as long as that is to be read.
HASHED = -3
_SPACE, _DELETE, _ZERO, _A = 32, 127, 48, 97

Status = NDArray[np.int8]


@dataclass(frozen=True)
class Lanes:
    """Values that wait until there is one for each lane, and where their digests go."""

    texts: Bytes
    sizes: Places
    places: Places
    words: Words
    state: Words

    @classmethod
    def new(cls) -> Lanes:
        """Return room for as many as are hashed at once."""
        count = LANES
        return cls(
            np.zeros(count * _SLOT + PADDING, dtype=np.uint8),
            np.zeros(count, dtype=np.int64),
            np.zeros(count, dtype=np.int64),
            np.zeros(count * 16, dtype=np.uint32),
            np.zeros(count * 8, dtype=np.uint32),
        )


def judge(
    data: Bytes,
    rows: int,
    bounds: Bounds,
    wanted: Places,
    lanes: Lanes,
    digests: Bytes,
    status: Status,
    *,
    wide: bool,
) -> None:
    """Judge the values of each type: `wanted` has its column in `bounds`, and its rule.

    A row of `digests` holds those of all types, zeros where `status` is not `VALID`. `wide` says
    whether white space beyond ASCII is written as UTF-8 does.
    """
    for kind, (column, rule) in enumerate(wanted.tolist()):
        _judge(
            data,
            rows,
            (bounds.starts, bounds.stops, bounds.kinds),
            (column, kind, rule, wide),
            lanes.texts,
            (lanes.sizes, lanes.places),
            (lanes.texts.view(np.uint32), lanes.words, lanes.state),
            digests,
            digests.view(np.uint32),
            status,
        )


@compiled
def _judge(
    data: Bytes,
    rows: int,
    cells: tuple[Small, Small, Bytes],
    how: tuple[int, int, int, bool],
    texts: Bytes,
    waiting: tuple[Places, Places],
    work: tuple[Words, Words, Words],
    digests: Bytes,
    digest_words: Words,
    status: Status,
) -> None:
    starts, stops, kinds = cells
    column, kind, rule, wide = how
    begin = kind * DIGEST
    lane = 0
    for row in range(rows):
        size, found = 0, UNDECIDED
        if kinds[row, column] == MISSING:
            found = _MISSING
        elif rule != NO_RULE and kinds[row, column] != DOUBLED:
            # A mark that is doubled stands for one.
            start, stop = _stripped(data, starts[row, column], stops[row, column], wide)
            size, found = _value(data, start, stop, rule, texts, lane * _SLOT)
        if found == HASHED:
            found = _taken(texts, lane * _SLOT, digests, row, begin)
        elif found == VALID:
            _close(texts, lane * _SLOT, size)
            waiting[0][lane], waiting[1][lane] = size, row
            lane += 1
            if lane == LANES:
                _hash(lane, waiting, work, digest_words, begin // 4)
                lane = 0
        if found != VALID:
            for word in range(begin // 4, begin // 4 + 8):
                digest_words[row, word] = 0
        status[row, kind] = found
    _hash(lane, waiting, work, digest_words, begin // 4)


@inlined
def _value(data: Bytes, start: int, stop: int, rule: int, texts: Bytes, at: int) -> tuple[int, int]:
    """Clean a value into its slot; return its length then, and its status or `HASHED`."""
    size = stop - start
    if size == 0:
        return 0, EMPTY
    if size > LONGEST:
        return 0, UNDECIDED
    kept = lowest(size)
    # Letters beyond ASCII's and control characters are the reference's.
    if between(data, start, _SPACE, _DELETE) & kept != kept:
        return 0, UNDECIDED
    lowered(data, start, kept, texts, at)
    if size == _HEX and is_hex(texts, at) == kept:
        return 0, HASHED
    return cleaned(rule, texts, at, size)


@inlined
def _stripped(data: Bytes, start: int, stop: int, wide: bool) -> tuple[int, int]:
    """Leave out white space at both ends, as `str.strip` does."""
    while start < stop:
        width = _space_at(data, start, stop, wide)
        if not width:
            break
        start += width
    while start < stop:
        if _space_at(data, stop - 1, stop, wide) == 1:
            stop -= 1
        elif stop - start >= 2 and _space_at(data, stop - 2, stop, wide) == 2:
            stop -= 2
        elif stop - start >= 3 and _space_at(data, stop - 3, stop, wide) == 3:
            stop -= 3
        else:
            break
    return start, stop


@inlined
def _space_at(data: Bytes, at: int, stop: int, wide: bool) -> int:
    """Return how many bytes of white space begin at a place: 0 to 3."""
    letter = data[at]
    if letter < 128:
        return 1 if letter == _SPACE or 9 <= letter <= 13 or 28 <= letter <= 31 else 0
    if not wide or stop - at < 2:
        return 0
    if letter == 0xC2:
        return 2 if data[at + 1] == 0x85 or data[at + 1] == 0xA0 else 0
    if stop - at < 3:
        return 0
    # U+1680, U+2000 to 200A, 2028, 2029, 202F, 205F, and U+3000.
    second, third = data[at + 1], data[at + 2]
    if letter == 0xE1:
        return 3 if second == 0x9A and third == 0x80 else 0
    if letter == 0xE3:
        return 3 if second == 0x80 and third == 0x80 else 0
    if letter != 0xE2:
        return 0
    if second == 0x81:
        return 3 if third == 0x9F else 0
    is_one = 0x80 <= third <= 0x8A or third == 0xA8 or third == 0xA9 or third == 0xAF
    return 3 if second == 0x80 and is_one else 0


@inlined
def _taken(texts: Bytes, at: int, digests: Bytes, row: int, begin: int) -> int:
    """Read a text of 64 hexadecimal digits as a digest; return its status."""
    is_nothing = is_zero = True
    for number in range(DIGEST):
        high, low = texts[at + 2 * number], texts[at + 2 * number + 1]
        byte = _nibble(high) << 4 | _nibble(low)
        is_nothing &= byte == _NOTHING[number]
        is_zero &= byte == 0
        digests[row, begin + number] = byte
    if is_zero:
        return _NOT_A_HASH
    return _HASH_OF_NOTHING if is_nothing else VALID


@inlined
def _nibble(digit: int) -> int:
    return digit - _ZERO if digit < _A else digit - _A + 10


@inlined
def _close(texts: Bytes, at: int, size: int) -> None:
    """Put behind a value what SHA-256 wants there; up to `LONGEST` there are zeros already."""
    end = at + _BLOCK
    if size > _ONE_BLOCK:
        for place_of in range(end, end + _BLOCK):
            texts[place_of] = 0
        end += _BLOCK
    texts[at + size] = 0x80
    texts[end - 2], texts[end - 1] = size >> 5, (size << 3) & 0xFF


@inlined
def _hash(
    lanes: int,
    waiting: tuple[Places, Places],
    work: tuple[Words, Words, Words],
    digests: Words,
    begin: int,
) -> None:
    """Hash what waits in the first lanes; the others hash what is left there from before."""
    sizes, places = waiting
    texts, words, state = work
    longest = 0
    for lane in range(lanes):
        longest = max(longest, sizes[lane])
    sha256.begin(state)
    for block in range(1 if longest <= _ONE_BLOCK else 2):
        sha256.take_block(state, words, texts, _SLOT // 4, block * _BLOCK // 4)
        for lane in range(lanes):
            if block == (sizes[lane] > _ONE_BLOCK):
                sha256.write_digest(state, lane, digests, places[lane], begin)
