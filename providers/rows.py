"""Rows of a batch that are made only for who asks for them: most adapters want whole columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DIGEST = 32
_HEX = 2 * _DIGEST

Row = tuple[str | None, ...]


@dataclass(frozen=True)
class Column:
    """SHA-256 digests of one identifier type, 32 bytes each, of those rows that have one.

    `has[i]` says whether row i has one; None where all have.
    """

    digests: bytes | memoryview
    has: Sequence[bool] | None = None

    def __len__(self) -> int:
        """Return how many digests there are."""
        return len(self.digests) // _DIGEST

    def joined(self, separator: bytes) -> bytes:
        """Return the digests in hexadecimal with a separator between them."""
        # Only who sends needs it: an import costs a web server memory.
        import numpy as np

        # `hexlify` takes twice as long, and other threads wait for it.
        digits = _hexadecimal(np.frombuffer(self.digests, dtype=np.uint8))
        if not separator or not len(self):
            return digits.tobytes()
        pieces = [("digest", f"V{_HEX}"), ("separator", f"V{len(separator)}")]
        rows = np.empty(len(self), dtype=pieces)
        rows["digest"] = digits.view(f"V{_HEX}")
        rows["separator"] = np.void(separator)
        return rows.view(np.uint8)[: -len(separator)].tobytes()

    def cells(self) -> list[str | None]:
        """Return a value a row."""
        joined = self.digests.hex()
        found = [joined[start : start + _HEX] for start in range(0, len(joined), _HEX)]
        if self.has is None:
            return list(found)
        following = iter(found)
        return [next(following) if has else None for has in self.has]


def _hexadecimal(digests: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return two digits for each byte, all at once."""
    # A byte's digits side by side, the first one in the lower byte.
    found = digests.astype("<u2")
    second = found << 8
    found >>= 4
    found |= second
    found &= 0x0F0F
    # With six more, what is beyond nine reaches the next bit; letters are 39 further than digits.
    beyond = found + 0x0606
    beyond >>= 4
    beyond &= 0x0101
    beyond *= 39
    found += 0x3030
    found += beyond
    return found.view("u1")


class Rows(Sequence[Row]):
    """Columns as rows."""

    def __init__(self, size: int, columns: Sequence[Column]) -> None:
        self._size = size
        self.columns = tuple(columns)

    @cached_property
    def _rows(self) -> list[Row]:
        return list(zip(*(column.cells() for column in self.columns), strict=True))

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        return self._rows[index]

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._rows == list(other)

    __hash__ = None  # type: ignore[assignment]
