"""Find one person's records among many, by any of their digests."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from exports.engine.distinct import DIGEST, Records


def having(records: Records, digests: Collection[bytes]) -> NDArray[np.bool_]:
    """Say of each record whether it has one of these digests, of whichever type."""
    found = np.zeros(len(records), dtype=bool)
    if not digests:
        return found
    heads = np.array([int.from_bytes(digest[:8], "little") for digest in digests], dtype=np.uint64)
    for start in range(0, records.shape[1], DIGEST):
        part = np.ascontiguousarray(records[:, start : start + DIGEST])
        likely = np.flatnonzero(np.isin(part.view("<u8")[:, 0], heads))
        found[[row for row in likely if part[row].tobytes() in digests]] = True
    return found


def digests_of(records: Records) -> set[bytes]:
    """Return all digests of a few records."""
    parts = records.reshape(-1, DIGEST)
    return {part.tobytes() for part in parts if part.any()}


def without(records: Records, digests: Collection[bytes]) -> Records:
    """Return a few records without these digests, and without those that have none left."""
    left = records.copy().reshape(-1, DIGEST)
    for row, part in enumerate(left):
        if part.tobytes() in digests:
            left[row] = 0
    whole = left.reshape(records.shape)
    return np.unique(whole[whole.any(axis=1)], axis=0)


def one_each(digests: Collection[tuple[int, bytes]], types: int) -> Records:
    """Return a record for each digest alone; a pair has the number of its type before it."""
    made = np.zeros((len(digests), types * DIGEST), dtype=np.uint8)
    for row, (place, digest) in enumerate(digests):
        made[row, place * DIGEST : (place + 1) * DIGEST] = np.frombuffer(digest, dtype=np.uint8)
    return made
