"""Many short texts in one buffer: as Arrow sees them, and as numpy does."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from exports.engine.vectorized.blocks import Mask, Places

# What `str.strip` and `\s` take for white space among ASCII.
WHITE_SPACE = " \t\n\v\f\r\x1c\x1d\x1e\x1f"


class Texts:
    """Texts of bytes, behind one another in `letters`; text `i` begins at `offsets[i]`."""

    def __init__(self, array: pa.Array) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    @classmethod
    def between(cls, data: bytes, starts: Places, stops: Places) -> Texts:
        """Collect pieces of some bytes; each ends before the next begins."""
        if not len(starts):
            return cls(pa.array([], pa.string()))
        offsets = np.empty(2 * len(starts), dtype=np.int32)
        offsets[0::2], offsets[1::2] = starts, stops
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
        # Every other text is what stands between the pieces.
        both = pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers)
        return cls(both.take(pa.array(np.arange(0, len(offsets), 2, dtype=np.int32))))

    @cached_property
    def offsets(self) -> NDArray[np.int32]:
        """Return where each begins in `letters`, and last of all where the last ends."""
        buffer = self.array.buffers()[1]
        if not buffer:
            return np.zeros(1, dtype=np.int32)
        start = self.array.offset
        return np.frombuffer(buffer, dtype=np.int32)[start : start + len(self) + 1]

    @cached_property
    def letters(self) -> NDArray[np.uint8]:
        """Return the bytes of all; nothing follows the last."""
        letters = np.frombuffer(self.array.buffers()[2] or b"", dtype=np.uint8)
        return letters[: int(self.offsets[-1])]

    @cached_property
    def lengths(self) -> NDArray[np.int32]:
        """Return the bytes of each."""
        return np.diff(self.offsets)

    def owners(self, places: Places) -> Places:
        """Return which text each place in `letters` belongs to."""
        return np.searchsorted(self.offsets, places, side="right") - 1

    def having(self, letters: Mask) -> Mask:
        """Tell which texts have any of the chosen letters; for few letters, or many texts."""
        found = np.zeros(len(self), dtype=bool)
        places = np.flatnonzero(letters)
        found[self.owners(places[places >= self.offsets[0]])] = True
        return found

    def where(self, chosen: Mask) -> Texts:
        """Return the chosen texts."""
        return Texts(self.array.filter(pa.array(chosen)))

    def at(self, indices: Places) -> Texts:
        """Return the texts at some indices."""
        return Texts(self.array.take(pa.array(indices)))

    def square(self, length: int) -> NDArray[np.uint8]:
        """Return texts that are all of one length as rows of letters."""
        return self.letters[int(self.offsets[0]) :].reshape(-1, length)

    def stripped(self) -> Texts:
        """Return them without the white space of ASCII at their ends."""
        return Texts(pc.ascii_trim(self.array, characters=WHITE_SPACE))

    def lowered(self) -> Texts:
        """Return them with the letters of ASCII in lower case."""
        return Texts(pc.ascii_lower(self.array))
