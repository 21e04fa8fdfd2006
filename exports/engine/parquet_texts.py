"""The values of Parquet's columns as texts, as a person would type them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_LONGEST_SAMPLE = 500
# Between the values of a list; `exports.engine.several` splits there.
_BETWEEN_VALUES = "\x1f"
_DIGEST = 32
# Beyond, floats have gaps.
_WHOLE_FLOATS = 2.0**53
_HEX = np.frombuffer(b"".join(b"%02x" % each for each in range(256)), dtype=np.uint16)
_PARTS_OF_UUID = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))


def is_readable(kind: pa.DataType) -> bool:
    if is_list(kind):
        return not is_list(kind.value_type) and is_readable(kind.value_type)
    return not pa.types.is_nested(_stored(kind))


def is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _stored(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def texts(array: pa.Array) -> pa.Array:
    """Return values as a person would type them; what is not there is the empty text.

    The values of a list are joined. Bytes are read as text, except digests: those as hexadecimal.
    """
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        is_uuid = isinstance(kind, pa.UuidType)
        return _uuids(array.storage) if is_uuid else texts(array.storage)
    if pa.types.is_dictionary(kind):
        return texts(array.dictionary_decode())
    if is_list(kind):
        return _joined(array)
    return _as_string(_plain(array))


def _plain(array: pa.Array) -> pa.Array:
    kind = array.type
    if _is_text(kind):
        return array.cast(pa.binary())
    if _is_binary(kind):
        return _of_bytes(array.cast(pa.binary()))
    if pa.types.is_floating(kind):
        return _of_floats(array.cast(pa.float64()))
    if pa.types.is_decimal(kind):
        return pc.replace_substring_regex(array.cast(pa.string()), r"\.0+$", "")
    return array.cast(pa.string())


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _is_binary(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _as_string(array: pa.Array) -> pa.Array:
    """Take bytes as they are: who reads the CSV says which letters are damaged."""
    filled = pc.fill_null(array.cast(pa.binary()), b"")
    return pa.StringArray.from_buffers(
        len(filled), filled.buffers()[1], filled.buffers()[2], offset=filled.offset
    )


def _of_bytes(array: pa.Array) -> pa.Array:
    """Return bytes as text, but 32 that are not all printable as hexadecimal digits."""
    lengths = pc.fill_null(pc.binary_length(array), 0).to_numpy(zero_copy_only=False)
    where = np.flatnonzero(lengths == _DIGEST)
    if not len(where):
        return array
    taken = array.take(pa.array(where))
    first = np.frombuffer(taken.buffers()[1], dtype=np.int32)[taken.offset]
    data = np.frombuffer(taken.buffers()[2], dtype=np.uint8)
    square = data[first : first + _DIGEST * len(where)].reshape(-1, _DIGEST)
    is_digest = ((square < 32) | (square > 126)).any(axis=1)
    hexed = _HEX[square[is_digest]].tobytes()
    found = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(2 * _DIGEST), int(is_digest.sum()), [None, pa.py_buffer(hexed)]
    )
    mask = np.zeros(len(array), dtype=bool)
    mask[where[is_digest]] = True
    return pc.replace_with_mask(array, pa.array(mask), found.cast(pa.binary()))


def _uuids(array: pa.Array) -> pa.Array:
    square = np.frombuffer(b"".join(each or bytes(16) for each in array.to_pylist()), np.uint8)
    hexed = pa.array([each.decode() for each in _HEX[square].view("S32").tolist()], pa.string())
    parts = [pc.utf8_slice_codeunits(hexed, *ends) for ends in _PARTS_OF_UUID]
    return _as_string(pc.if_else(array.is_valid(), pc.binary_join_element_wise(*parts, "-"), None))


def _of_floats(array: pa.Array) -> pa.Array:
    """Return whole numbers without a point: a column of numbers with gaps is one of floats."""
    array = pc.if_else(pc.is_finite(array), array, None)
    is_whole = pc.and_(
        pc.equal(pc.floor(array), array), pc.less(pc.abs(array), pa.scalar(_WHOLE_FLOATS))
    )
    whole = pc.if_else(is_whole, array, None).cast(pa.int64()).cast(pa.string())
    return pc.coalesce(whole, array.cast(pa.string()))


def _joined(array: pa.Array) -> pa.Array:
    values = texts(array.flatten())
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate((np.zeros(1, np.int32), np.cumsum(lengths, dtype=np.int32)))
    lists = pa.ListArray.from_arrays(pa.array(offsets), values)
    return _as_string(pc.binary_join(lists, _BETWEEN_VALUES))


def cut(array: pa.Array) -> pa.Array:
    """Keep the beginning of values: a sample needs no more."""
    return _as_string(pc.binary_slice(array.cast(pa.binary()), 0, _LONGEST_SAMPLE))
