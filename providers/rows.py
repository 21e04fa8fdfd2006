"""Rows of a batch that are made only for who asks for them: most adapters want whole columns."""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

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
        # In one go: with a text for each of them it takes four times as long.
        joined = hexlify(self.digests, b",", _DIGEST)
        return joined if separator == b"," else joined.replace(b",", separator)

    def cells(self) -> list[str | None]:
        """Return a value a row."""
        joined = self.digests.hex()
        found = [joined[start : start + _HEX] for start in range(0, len(joined), _HEX)]
        if self.has is None:
            return list(found)
        following = iter(found)
        return [next(following) if has else None for has in self.has]


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
