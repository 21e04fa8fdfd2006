"""From judged values to people and to lines about the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exports.engine.vectorized.blocks import Bytes, Places, Small
from exports.engine.vectorized.compiled import compiled, inlined
from exports.engine.vectorized.judging import Status
from exports.engine.vectorized.rules import EMPTY, REASONS, VALID

# The digits of the longest row number.
_DIGITS = 20


@dataclass(frozen=True)
class Endings:
    """How a line of the rejects ends, for each type and reason: all of them behind one another."""

    letters: Bytes
    offsets: Places
    longest: int

    @classmethod
    def of(cls, keys: Sequence[str]) -> Endings:
        """Return those of some identifier types, as `preparing.reject_line` writes them."""
        texts = [f',{key},"{reason.value}"\n'.encode() for key in keys for reason in REASONS]
        offsets = np.cumsum([0, *map(len, texts)])
        letters = np.frombuffer(b"".join(texts), dtype=np.uint8)
        return cls(letters, offsets, _DIGITS + max(map(len, texts)))


@dataclass(frozen=True)
class Sorted:
    """How many people a block has, and what is said of the others; `counts` is by reason."""

    people: int
    lines: bytes
    counts: NDArray[np.int64]


def sort_out(
    rows: int, first_row: int, places: Small, status: Status, digests: Bytes, endings: Endings
) -> Sorted:
    """Move the digests of people to the front, and say which values are not sent and why.

    A row's number is `first_row` and its place. What is said is what `preparing` says row by row.
    """
    counts = np.zeros(len(REASONS), dtype=np.int64)
    people, said = _move_people(rows, status, digests.view(np.uint64))
    if not said:
        return Sorted(people, b"", counts)
    lines = np.empty(said * endings.longest, dtype=np.uint8)
    texts = (endings.letters, endings.offsets)
    size = _write_lines(rows, first_row, places, status, texts, lines, counts)
    return Sorted(people, lines[:size].tobytes(), counts)


@compiled
def _move_people(rows: int, status: Status, digests: NDArray[np.uint64]) -> tuple[int, int]:
    """Return how many people there are, and how many values are not sent."""
    people = bad = 0
    for row in range(rows):
        bad_here = 0
        for kind in range(status.shape[1]):
            bad_here += status[row, kind] != VALID
        if bad_here < status.shape[1]:
            if people < row:
                for at in range(digests.shape[1]):
                    digests[people, at] = digests[row, at]
            people += 1
        bad += bad_here
    return people, bad


@compiled
def _write_lines(
    rows: int,
    first_row: int,
    places: Small,
    status: Status,
    texts: tuple[Bytes, Places],
    lines: Bytes,
    counts: Places,
) -> int:
    """Write the lines; return how long they are together."""
    size = 0
    for row in range(rows):
        said = False
        for kind in range(status.shape[1]):
            # Beside another type that is there, an empty cell says nothing.
            reason = status[row, kind]
            if reason != VALID and reason != EMPTY:
                said = True
                counts[reason] += 1
                size = _write(lines, size, first_row + places[row], texts, kind, reason)
        # Of a row whose cells are all empty the first says so.
        if not said and _is_empty(status, row):
            counts[EMPTY] += 1
            size = _write(lines, size, first_row + places[row], texts, 0, EMPTY)
    return size


@inlined
def _is_empty(status: Status, row: int) -> bool:
    for kind in range(status.shape[1]):
        if status[row, kind] != EMPTY:
            return False
    return True


@inlined
def _write(
    lines: Bytes, at: int, number: int, texts: tuple[Bytes, Places], kind: int, reason: int
) -> int:
    """Write one line; return where the next begins."""
    digits, rest = 1, number // 10
    while rest:
        digits += 1
        rest //= 10
    for place in range(at + digits - 1, at - 1, -1):
        lines[place] = 48 + number % 10
        number //= 10
    at += digits
    letters, offsets = texts
    ending = kind * len(REASONS) + reason
    for place in range(offsets[ending], offsets[ending + 1]):
        lines[at] = letters[place]
        at += 1
    return at
