"""Read many places of a file in one go, while other threads go on.

Asked of Python place by place, each is a wait for the interpreter, which other threads want too:
to read what was spilled in runs of 16 KiB, as often as there were runs, took twice as long.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numba import types
from numba.core.types import ExternalFunction
from numpy.typing import NDArray

from exports.engine.vectorized.compiled import compiled

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
# The system's own: descriptor, memory, bytes wanted, place in the file; returns how many it read.
_pread: Any = ExternalFunction(
    "pread", types.int64(types.int32, types.voidptr, types.uint64, types.int64)
)


def read_places(descriptor: int, begins: Places, ends: Places, into: Bytes) -> None:
    """Read the bytes from each begin to its end, one behind the other.

    `into` is as large as all of them. Raises OSError where they cannot be read, EOFError where they
    are not there.
    """
    if not _read_places(descriptor, begins, ends, into):
        # It was interrupted, or the system says here why not.
        _read_one_by_one(descriptor, begins, ends, into)


def _read_one_by_one(descriptor: int, begins: Places, ends: Places, into: Bytes) -> None:
    left = into.data
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        at = begin
        while at < end:
            read = os.preadv(descriptor, [left[: end - at]], at)
            if not read:
                raise EOFError("What was spilled is not there any more.")
            at, left = at + read, left[read:]


@compiled
def _read_places(descriptor: int, begins: Places, ends: Places, into: Bytes) -> bool:
    filled = 0
    for number in range(len(begins)):
        at = begins[number]
        while at < ends[number]:
            read = _pread(descriptor, into[filled:].ctypes, ends[number] - at, at)
            if read <= 0:
                return False
            at += read
            filled += read
    return True
