"""A prepared batch as bytes: column by column, a digest in 32 bytes.

Header: magic, version, number of types (1 byte), number of rows (4); a type: length (1), name.
Then, a column after the other: 1 where every row has this type, else 0 and a bitmap of the rows
that have it (lowest bit first); then the digests of those rows. One batch has one encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from providers.rows import Column, Rows
from providers.values import Batch

if TYPE_CHECKING:
    # Whoever only reads batches needs none of it.
    import numpy as np
    from numpy.typing import NDArray

_MAGIC = b"BATCH\x01"
_COUNTS = struct.Struct(">BI")
_DIGEST = 32
_HEX = 2 * _DIGEST
_FULL = b"\x01"
_SPARSE = b"\x00"
# The types stand in the first bytes, however many there are.
HEAD = 64 * 1024
_BITS = bytes.maketrans(b"\x00\x01", b"01")


class BatchBroken(ValueError):
    """A batch cannot be encoded, or bytes are not a batch."""


def encode(batch: Batch) -> bytes:
    """Encode a batch, or raise BatchBroken where it holds what is no lower-case digest."""
    parts = _head(batch.types, len(batch.rows))
    try:
        columns = list(zip(*batch.rows, strict=True)) or [()] * len(batch.types)
    except ValueError:
        raise BatchBroken("The rows of a batch are not of one width.") from None
    if len(columns) != len(batch.types):
        raise BatchBroken("The rows of a batch have not a value a type.")
    for column in columns:
        parts += _encoded_column(column)
    return b"".join(parts)


def encode_records(types: Sequence[str], records: NDArray[np.uint8]) -> bytes:
    """Encode records of digests as `encode` would: of each row one a type, zeros where it has none.

    Nothing is copied into texts on the way.
    """
    import numpy as np

    from exports.engine.vectorized.tables import lacking

    if records.shape[1] != len(types) * _DIGEST:
        raise BatchBroken("The rows of a batch have not a value a type.")
    parts: list[bytes | memoryview] = [*_head(types, len(records))]
    for start in range(0, records.shape[1], _DIGEST):
        column = records[:, start : start + _DIGEST]
        if lacking(records, start, start + _DIGEST):
            parts += _sparse(column)
        else:
            parts += [_FULL, np.ascontiguousarray(column).data]
    return b"".join(parts)


def decode(data: bytes | bytearray) -> Batch:
    """Decode what `encode` gave, or raise BatchBroken. Its rows are made when asked for.

    They are read where the data lie, which nobody may change any more.
    """
    cursor = _Cursor(data)
    types, row_count = _types_and_rows(cursor)
    columns = [_decoded_column(cursor, row_count) for _ in types]
    if not cursor.is_at_end:
        raise BatchBroken("There is something behind the batch.")
    return Batch(types, Rows(row_count, columns))


def _types_and_rows(cursor: _Cursor) -> tuple[tuple[str, ...], int]:
    if cursor.take(len(_MAGIC)) != _MAGIC:
        raise BatchBroken("This is not a batch of a version that is known here.")
    type_count, row_count = _COUNTS.unpack(cursor.take(_COUNTS.size))
    types = tuple(_name(cursor.take(cursor.take(1)[0])) for _ in range(type_count))
    if not types or not all(types) or len(set(types)) < len(types):
        raise BatchBroken("The types of a batch are not different names.")
    return types, row_count


class _Cursor:
    def __init__(self, data: bytes | bytearray) -> None:
        self._data = memoryview(data).toreadonly()
        self._at = 0

    def take(self, size: int) -> memoryview:
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise BatchBroken("The batch is cut.")
        self._at += size
        return taken

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._data)


def _name(encoded: memoryview) -> str:
    try:
        return encoded.tobytes().decode()
    except UnicodeDecodeError:
        raise BatchBroken("A type's name is not text.") from None


def _head(types: Sequence[str], rows: int) -> list[bytes]:
    if not 1 <= len(types) <= 255 or len(set(types)) < len(types):
        raise BatchBroken("A batch has 1 to 255 different types.")
    parts = [_MAGIC, _COUNTS.pack(len(types), rows)]
    for name in map(str.encode, types):
        if not 1 <= len(name) <= 255:
            raise BatchBroken("A type's name has 1 to 255 bytes.")
        parts += [bytes([len(name)]), name]
    return parts


def _sparse(column: NDArray[np.uint8]) -> list[bytes]:
    # As numbers of 64 bits, and one after the other, they are looked at five times as fast.
    first, second, third, fourth = column.view("u8").T
    present = (first | second | third | fourth) != 0
    bits = present.tobytes()[::-1].translate(_BITS)
    bitmap = int(bits, 2).to_bytes(_bitmap_size(len(column)), "little")
    return [_SPARSE, bitmap, column[present].tobytes()]


def _encoded_column(column: Sequence[str | None]) -> list[bytes]:
    present = [digest for digest in column if digest is not None]
    if len(present) == len(column):
        return [_FULL, _as_bytes(present)]
    # Reversed: the first row is the lowest bit.
    bits = "".join("0" if digest is None else "1" for digest in reversed(column))
    bitmap = int(bits, 2).to_bytes(_bitmap_size(len(column)), "little")
    return [_SPARSE, bitmap, _as_bytes(present)]


def _decoded_column(cursor: _Cursor, rows: int) -> Column:
    kind = cursor.take(1)
    if kind == _FULL:
        return Column(cursor.take(rows * _DIGEST))
    if kind != _SPARSE:
        raise BatchBroken("A column is neither full nor sparse.")
    bitmap = int.from_bytes(cursor.take(_bitmap_size(rows)), "little")
    count = bitmap.bit_count()
    if bitmap.bit_length() > rows or count == rows:
        raise BatchBroken("A column's bitmap does not fit its rows.")
    has = [bit == "1" for bit in reversed(f"{bitmap:0{rows}b}")]
    return Column(cursor.take(count * _DIGEST), has)


def _bitmap_size(rows: int) -> int:
    return -(-rows // 8)


def _as_bytes(digests: Sequence[str]) -> bytes:
    joined = "".join(digests)
    try:
        found = bytes.fromhex(joined)
    except ValueError:
        found = b""
    # `fromhex` takes upper case and white space too; what it gave must read as what it was given.
    if found.hex() != joined or any(len(digest) != _HEX for digest in digests):
        raise BatchBroken("A batch holds something that is not a lower-case SHA-256 digest.")
    return found


def types_in(head: bytes) -> tuple[str, ...]:
    """Return the types of a batch from its first `HEAD` bytes. Raises BatchBroken."""
    return _types_and_rows(_Cursor(head))[0]


def decode_records(data: bytes | bytearray, types: Sequence[str]) -> NDArray[np.uint8]:
    """Decode a batch as records of these types, zeros where one has none; also what it lacks.

    Raises BatchBroken on anything that `encode` did not give, or where it has another type.
    """
    import numpy as np

    cursor = _Cursor(data)
    own, rows = _types_and_rows(cursor)
    if not set(own) <= set(types):
        raise BatchBroken("The batch has a type that was not asked for.")
    records = np.zeros((rows, len(types) * _DIGEST), dtype=np.uint8)
    for name in own:
        start = types.index(name) * _DIGEST
        present = np.ones(rows, dtype=bool)
        kind = cursor.take(1)
        if kind == _SPARSE:
            bitmap = np.frombuffer(cursor.take(_bitmap_size(rows)), dtype=np.uint8)
            present = np.unpackbits(bitmap, bitorder="little")[:rows].astype(bool)
        elif kind != _FULL:
            raise BatchBroken("A column is neither full nor sparse.")
        digests = np.frombuffer(cursor.take(int(present.sum()) * _DIGEST), dtype=np.uint8)
        records[present, start : start + _DIGEST] = digests.reshape(-1, _DIGEST)
    if not cursor.is_at_end:
        raise BatchBroken("There is something behind the batch.")
    return records
