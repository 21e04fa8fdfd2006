"""Find records that are alike, and spread records over parts, by a hash that nobody can foresee.

Whoever uploads digests of their own choice could fill one part, or make a table as slow as it is
long, if they knew the hash. It is multilinear over words of 32 bits, with a key of its own for each
`Hash`: for any two records the chance to be alike is one in 2**32 (Lemire and Kaser, "Strongly
universal string hashing is fast", 2014).
"""

from __future__ import annotations

import secrets

import numpy as np
from numpy.typing import NDArray

from exports.engine.vectorized.compiled import compiled, inlined

PARTS = 256

Records = NDArray[np.uint8]
Words = NDArray[np.uint64]
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
# The highest bits are the good ones.
_OF_PARTS = np.uint64(56)


class Hash:
    """A hash of records of some width, in bytes a multiple of 8."""

    def __init__(self, width: int) -> None:
        # A word of 32 bits takes one of 64.
        self._key = np.frombuffer(secrets.token_bytes(2 * width), dtype=np.uint64)

    def keep_first(self, records: Records) -> int:
        """Move the first of each records that are alike to the front; return how many these are."""
        bits = max(1, (2 * len(records) - 1).bit_length())
        table = np.full(1 << bits, -1, dtype=np.int32)
        return int(_keep_first(records.view(np.uint64), self._key, table, np.uint64(64 - bits)))

    def spread(self, records: Records, into: Records) -> NDArray[np.int64]:
        """Copy records ordered by their part; return where each of `PARTS` begins, and the end."""
        begins = np.zeros(PARTS + 1, dtype=np.int64)
        parts = np.empty(len(records), dtype=np.uint8)
        words, target = records.view(np.uint64), into.view(np.uint64)
        _spread(words, self._key, parts, begins, begins[:-1].copy(), target)
        return begins


def lacking(records: Records, start: int, stop: int) -> bool:
    """Say whether one of these is nothing but zeros between two of its bytes, multiples of 8."""
    words = np.require(records, requirements=("C", "W")).view(np.uint64)
    return bool(_lacking(words, start // 8, stop // 8))


@compiled
def _lacking(records: Words, first: int, last: int) -> bool:
    for row in range(len(records)):
        found = np.uint64(0)
        for word in range(first, last):
            found |= records[row, word]
        if not found:
            return True
    return False


@inlined
def _hash(records: Words, row: int, key: Words) -> np.uint64:
    total = np.uint64(0)
    for word in range(records.shape[1]):
        part = records[row, word]
        total += key[2 * word] * (part & _LOW) + key[2 * word + 1] * (part >> _HALF)
    return total


@inlined
def _are_alike(records: Words, one: int, other: int) -> bool:
    for word in range(records.shape[1]):
        if records[one, word] != records[other, word]:
            return False
    return True


@compiled
def _keep_first(records: Words, key: Words, table: NDArray[np.int32], shift: np.uint64) -> int:
    kept = 0
    last = len(table) - 1
    for row in range(len(records)):
        place = np.int64(_hash(records, row, key) >> shift)
        while table[place] >= 0 and not _are_alike(records, table[place], row):
            place = (place + 1) & last
        if table[place] < 0:
            table[place] = kept
            for word in range(records.shape[1]):
                records[kept, word] = records[row, word]
            kept += 1
    return kept


@compiled
def _spread(
    records: Words,
    key: Words,
    parts: Records,
    begins: NDArray[np.int64],
    following: NDArray[np.int64],
    into: Words,
) -> None:
    for row in range(len(records)):
        parts[row] = _hash(records, row, key) >> _OF_PARTS
        begins[parts[row] + 1] += 1
    for part in range(PARTS):
        begins[part + 1] += begins[part]
        following[part] = begins[part]
    for row in range(len(records)):
        place = following[parts[row]]
        following[parts[row]] = place + 1
        for word in range(records.shape[1]):
            into[place, word] = records[row, word]
