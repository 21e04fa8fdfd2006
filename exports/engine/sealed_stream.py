"""Seal a file in chunks that open one by one, so that a sealed file can be sought in.

A sealed file is a header (magic, version, random nonce prefix) and chunks of 64 KiB, each sealed
with AES-256-GCM under the nonce prefix and its number. A chunk is bound to the file's label, its
number and whether it is the last one, so a cut, a swap or a chunk of another file shows. Only the
last chunk may be shorter, and only an empty file's is empty.
"""

from __future__ import annotations

import io
import os
from enum import Enum, auto
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from exports.engine.seekable import Seekable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK = 65536
_MAGIC = b"SEALED\x00\x01"
_PREFIX = 8
_HEADER = len(_MAGIC) + _PREFIX
_TAG = 16
_SEALED_CHUNK = CHUNK + _TAG
# The nonce has four bytes left for the chunk's number.
_MOST_CHUNKS = 2**32


class SealBroken(Exception):
    """A sealed file does not open: damaged, cut, of another place, or by another key."""


def new_key() -> bytes:
    """Return a random key of 32 bytes."""
    return AESGCM.generate_key(256)


def plain_size(sealed_size: int) -> int:
    """Return how many bytes a sealed file of a size holds. Raises SealBroken where none does."""
    return sealed_size - _HEADER - _chunks_of(sealed_size) * _TAG


def _chunks_of(sealed_size: int) -> int:
    chunks = -(-(sealed_size - _HEADER) // _SEALED_CHUNK)
    if not 1 <= chunks <= _MOST_CHUNKS:
        raise SealBroken("A sealed file is cut.")
    return chunks


def _nonce(prefix: bytes, number: int) -> bytes:
    return prefix + number.to_bytes(4, "big")


def _bound(label: bytes, number: int, *, last: bool) -> bytes:
    return number.to_bytes(8, "big") + bytes([last]) + label


class Sink(Protocol):
    """Where a sealed file goes."""

    def write(self, data: memoryview, /) -> int:
        """Take some of it from the beginning; return how many bytes that was."""

    def flush(self) -> object:
        """Pass on what was kept back."""


class _State(Enum):
    OPEN = auto()
    SEALED = auto()
    ABANDONED = auto()


class SealedWriter:
    """Seal what is written onto `raw`, which stays open and its owner's.

    Only `close()` makes the file readable. As a context manager it is closed on success and
    abandoned on an error. It is no `io.IOBase`: that would close, and so complete, a forgotten one.
    """

    def __init__(self, raw: Sink, key: bytes, label: bytes) -> None:
        self._raw = raw
        self._cipher = AESGCM(key)
        self._label = label
        self._prefix = os.urandom(_PREFIX)
        self._number = 0
        self._waiting = bytearray()
        self._state = _State.OPEN
        self._put(_MAGIC + self._prefix)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Take more of the file; return how many bytes that was."""
        self._must_be_open()
        with memoryview(data).cast("B") as view:
            # A full chunk waits for what follows it: it may be the last one.
            at = 0
            while len(self._waiting) + len(view) - at > CHUNK:
                if self._waiting:
                    at += (missing := CHUNK - len(self._waiting))
                    self._waiting += view[at - missing : at]
                    self._seal_chunk(bytes(self._waiting), last=False)
                    self._waiting.clear()
                else:
                    self._seal_chunk(view[at : at + CHUNK], last=False)
                    at += CHUNK
            self._waiting += view[at:]
            return len(view)

    def close(self) -> None:
        """Seal the last chunk: from now on the file can be read. Closing again does nothing."""
        if self._state is _State.SEALED:
            return
        self._must_be_open()
        self._seal_chunk(bytes(self._waiting), last=True)
        self._waiting.clear()
        self._raw.flush()
        self._state = _State.SEALED

    def abandon(self) -> None:
        """Leave the file unreadable, unless it is sealed already."""
        if self._state is _State.OPEN:
            self._state = _State.ABANDONED
            self._waiting.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def _must_be_open(self) -> None:
        if self._state is not _State.OPEN:
            raise ValueError(f"This sealed file is {self._state.name.lower()} already.")

    def _seal_chunk(self, chunk: bytes | memoryview, *, last: bool) -> None:
        if self._number >= _MOST_CHUNKS:
            self.abandon()
            raise ValueError("The file is too large to be sealed.")
        bound = _bound(self._label, self._number, last=last)
        sealed = self._cipher.encrypt(_nonce(self._prefix, self._number), chunk, bound)
        self._number += 1
        self._put(sealed)

    def _put(self, data: bytes) -> None:
        left = memoryview(data)
        try:
            # An unbuffered file may take less than it is given.
            while left:
                left = left[self._raw.write(left) :]
        except BaseException:
            # What follows a gap must not be completed by a later close.
            self.abandon()
            raise


class _Chunks:
    """Opens the chunks of one sealed file, by its header and its size in bytes."""

    def __init__(self, header: bytes, sealed_size: int, key: bytes, label: bytes) -> None:
        if len(header) < _HEADER or not header.startswith(_MAGIC):
            raise SealBroken("This is not a sealed file of a version that is known here.")
        self._prefix = header[len(_MAGIC) :]
        self._cipher = AESGCM(key)
        self._label = label
        self.count = _chunks_of(sealed_size)
        self.size = plain_size(sealed_size)
        if self.size < (self.count - 1) * CHUNK:
            # Not even a tag is left of the last chunk.
            raise SealBroken("A sealed file is cut.")

    def plain_size_of(self, number: int) -> int:
        return min(CHUNK, self.size - number * CHUNK)

    def open(self, number: int, sealed: bytes | memoryview, buffer: memoryview) -> None:
        """Open a chunk into a buffer of its size; what is there after an error is of no use."""
        bound = _bound(self._label, number, last=number == self.count - 1)
        if len(sealed) < len(buffer) + _TAG:
            raise SealBroken("A sealed file is cut.")
        try:
            self._cipher.decrypt_into(_nonce(self._prefix, number), sealed, bound, buffer)
        except InvalidTag:
            raise SealBroken("A sealed file is damaged, cut, or not of this place.") from None


def opened(sealed: bytes, key: bytes, label: bytes) -> bytearray:
    """Return what a sealed file holds that is in memory as a whole. Raises SealBroken."""
    chunks = _Chunks(sealed[:_HEADER], len(sealed), key, label)
    found = bytearray(chunks.size)
    with memoryview(sealed) as there, memoryview(found) as into:
        for number in range(chunks.count):
            begin, at = _HEADER + number * _SEALED_CHUNK, number * CHUNK
            chunks.open(number, there[begin : begin + _SEALED_CHUNK], into[at : at + CHUNK])
    return found


class SealedReader(Seekable):
    """Open a sealed file for reading and seeking; wrap it in `io.BufferedReader`.

    `raw` must be seekable, and stays open and its owner's. Raises SealBroken at once where the
    file's end is not there, else when a damaged chunk is read.
    """

    def __init__(self, raw: BinaryIO, key: bytes, label: bytes) -> None:
        super().__init__()
        self._raw = raw
        sealed_size = raw.seek(0, io.SEEK_END)
        raw.seek(0)
        self._chunks = _Chunks(_read(raw, _HEADER), sealed_size, key, label)
        self._size = self._chunks.size
        self._opened_number = -1
        self._opened = b""
        # The last chunk vouches for the length of the file: a cut shows before anything is used.
        self._open_chunk(self._chunks.count - 1)

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read at most the rest of one chunk; return how many bytes that was, 0 at the end."""
        self._must_not_be_closed()
        if self._at >= self._size:
            return 0
        number, start = divmod(self._at, CHUNK)
        with memoryview(buffer).cast("B") as view:
            whole = self._chunks.plain_size_of(number)
            if not start and len(view) >= whole and number != self._opened_number:
                # A whole chunk is opened where it is wanted, and copied no more.
                self._open_into(number, view[:whole])
                self._at += whole
                return whole
            if number != self._opened_number:
                self._open_chunk(number)
            piece = self._opened[start : start + len(view)]
            view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def readall(self) -> bytes:
        """Read the rest, each chunk opened where it stays."""
        rest = bytearray(max(0, self._size - self._at))
        left = memoryview(rest)
        while left:
            left = left[self.readinto(left) :]
        return bytes(rest)

    def _open_chunk(self, number: int) -> None:
        self._opened_number = -1
        opened = bytearray(self._chunks.plain_size_of(number))
        self._open_into(number, memoryview(opened))
        self._opened = bytes(opened)
        self._opened_number = number

    def _open_into(self, number: int, buffer: memoryview) -> None:
        self._raw.seek(_HEADER + number * _SEALED_CHUNK)
        self._chunks.open(number, _read(self._raw, len(buffer) + _TAG), buffer)


def _read(raw: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, or up to the end: an unbuffered file may give less at a time."""
    found = raw.read(size)
    while len(found) < size and (more := raw.read(size - len(found))):
        found += more
    return found
