import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.engine.batches import BatchBroken, decode, encode, encode_records
from providers.values import Batch

A, B = "a1" * 32, "b2" * 32
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)


@st.composite
def some_batch(draw) -> Batch:
    names = st.text(min_size=1, max_size=20).filter(lambda name: name.isprintable())
    types = tuple(draw(st.lists(names, min_size=1, max_size=4, unique=True)))
    cell = st.none() | DIGESTS
    rows = draw(st.lists(st.tuples(*[cell for _ in types]), max_size=40))
    return Batch(types, rows)


@given(some_batch())
@settings(max_examples=60, deadline=None)
def test_what_is_encoded_is_decoded(batch):
    found = decode(encode(batch))
    assert (found.types, list(found.rows)) == (batch.types, list(batch.rows))


def records_of(batch: Batch) -> np.ndarray:
    cells = (bytes.fromhex(cell or "00" * 32) for row in batch.rows for cell in row)
    return np.frombuffer(b"".join(cells), dtype=np.uint8).reshape(-1, 32 * len(batch.types))


@given(some_batch().filter(lambda batch: all("00" * 32 not in row for row in batch.rows)))
@settings(max_examples=60, deadline=None)
def test_records_of_bytes_are_encoded_like_texts(batch):
    assert encode_records(batch.types, records_of(batch)) == encode(batch)


@pytest.mark.parametrize("types", [(), ("email", "email"), ("email",), ("",) * 2])
def test_records_need_their_types(types):
    with pytest.raises(BatchBroken):
        encode_records(types, np.zeros((3, 64), dtype=np.uint8))


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_bytes_are_a_batch_of_that_one_encoding_or_none(data):
    try:
        batch = decode(b"BATCH\x01" + data)
    except BatchBroken:
        return
    assert encode(batch) == b"BATCH\x01" + data


@given(some_batch(), st.data())
@settings(max_examples=40, deadline=None)
def test_a_cut_batch_is_broken_wherever_it_is_cut(batch, data):
    encoded = encode(batch)
    at = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(BatchBroken):
        decode(encoded[:at])


def test_a_digest_takes_its_32_bytes():
    assert len(encode(Batch(("email",), [(A,), (B,)]))) == 6 + 5 + 6 + 1 + 64


@pytest.mark.parametrize(
    ("types", "rows", "words"),
    [
        ((), [], "1 to 255 different types"),
        (("email", "email"), [], "1 to 255 different types"),
        (tuple(map(str, range(256))), [], "1 to 255 different types"),
        (("",), [], "1 to 255 bytes"),
        (("é" * 128,), [], "1 to 255 bytes"),
        (("email",), [(A, B)], "a value a type"),
        (("email", "phone"), [(A,)], "a value a type"),
        (("email", "phone"), [(A, B), (A,)], "of one width"),
        (("email",), [("",)], "not a lower-case SHA-256"),
        (("email",), [(A.upper(),)], "not a lower-case SHA-256"),
        (("email",), [(A[:-2],)], "not a lower-case SHA-256"),
        (("email",), [("jane@example.com",)], "not a lower-case SHA-256"),
        (("email",), [(A[:62],), (A + "a1",)], "not a lower-case SHA-256"),
        (("email",), [(f"{A[:62]} a",)], "not a lower-case SHA-256"),
    ],
)
def test_what_is_no_batch_is_not_encoded(types, rows, words):
    with pytest.raises(BatchBroken, match=words):
        encode(Batch(types, rows))


def raw(*columns: bytes, rows: int = 2, names: tuple[bytes, ...] = (b"email",)) -> bytes:
    named = b"".join(bytes([len(name)]) + name for name in names)
    return b"BATCH\x01" + struct.pack(">BI", len(names), rows) + named + b"".join(columns)


DIGEST = bytes(32)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "cut"),
        (b"BATCH\x02", "version"),
        (raw(b"\x01" + 2 * DIGEST) + b"x", "behind"),
        (raw(b"\x02" + 2 * DIGEST), "neither full nor sparse"),
        (raw(b"\x00\x03" + 2 * DIGEST), "does not fit"),
        (raw(b"\x00\x04" + DIGEST), "does not fit"),
        (raw(b"\x00\x01"), "cut"),
        (raw(names=()), "different names"),
        (raw(b"\x01" + 2 * DIGEST, names=(b"",)), "different names"),
        (raw(b"\x01" + 2 * DIGEST, b"\x01" + 2 * DIGEST, names=(b"e", b"e")), "different names"),
        (raw(b"\x01" + 2 * DIGEST, names=(b"\xff",)), "not text"),
    ],
)
def test_what_is_no_batch_is_not_decoded(data, words):
    with pytest.raises(BatchBroken, match=words):
        decode(data)
    assert decode(raw(b"\x00\x02" + DIGEST)).rows == [(None,), ("00" * 32,)]
