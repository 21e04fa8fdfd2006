"""Read sealed pieces, each a sealed file of its own, as one stream that can be sought in.

What arrives in pieces lies in a folder, a file for each piece, named by its number. A piece is
bound to the folder's name, its number, and whether it is the last: a piece that is missing, too
many, or of another place shows. No piece is ever continued, so no nonce is used by two tries.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from exports.engine.sealed_stream import SealBroken, SealedReader, plain_size
from exports.engine.seekable import Seekable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def piece_name(number: int) -> str:
    """Return the name of a piece's file: sorted by name they are in order."""
    return f"{number:06}"


def piece_label(name: str, number: int, *, last: bool) -> bytes:
    """Return what a piece of the upload of this name is bound to."""
    return f"{name}/{number}{'/last' if last else ''}".encode()


class PiecesReader(Seekable):
    """Open the pieces in `folder`; wrap it in `io.BufferedReader`. One piece is open at a time.

    Raises SealBroken at once where a piece or the end is not there, else when a damaged chunk is
    read.
    """

    def __init__(self, folder: Path, key: bytes, name: str) -> None:
        super().__init__()
        self._key = key
        self._name = name
        self._paths = sorted(folder.iterdir())
        names = [path.name for path in self._paths]
        if not names or names != [piece_name(number) for number in range(len(names))]:
            raise SealBroken("A piece of a sealed file is not there.")
        sizes = [plain_size(path.stat().st_size) for path in self._paths]
        # Where each piece begins, and where the last one ends.
        self._starts = [0, *accumulate(sizes)]
        self._size = self._starts[-1]
        self._raw: BinaryIO | None = None
        # The last piece vouches for their number: a cut shows before anything is used.
        self._open_piece(len(names) - 1)

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read at most the rest of one chunk; return how many bytes that was, 0 at the end."""
        self._must_not_be_closed()
        if self._at >= self._size:
            return 0
        number = bisect_right(self._starts, self._at) - 1
        if number != self._number:
            self._open_piece(number)
        self._piece.seek(self._at - self._starts[number])
        size = self._piece.readinto(buffer)
        self._at += size
        return size

    def close(self) -> None:
        """Close the piece that is open, too."""
        if self._raw is not None:
            self._raw.close()
        super().close()

    def _open_piece(self, number: int) -> None:
        if self._raw is not None:
            self._raw.close()
        self._number = -1
        self._raw = self._paths[number].open("rb")
        label = piece_label(self._name, number, last=number == len(self._paths) - 1)
        try:
            self._piece = SealedReader(self._raw, self._key, label)
        except SealBroken:
            self._raw.close()
            raise
        self._number = number
