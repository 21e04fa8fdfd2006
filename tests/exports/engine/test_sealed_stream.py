import io
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.engine import sealed_stream
from exports.engine.sealed_stream import CHUNK, SealBroken, SealedReader, SealedWriter, new_key

KEY = new_key()
HEADER, SEALED_CHUNK = 16, CHUNK + 16
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5]


def sealed(text: bytes, *, key: bytes = KEY, label: bytes = b"place") -> bytes:
    raw = io.BytesIO()
    with SealedWriter(raw, key, label) as writer:
        writer.write(text)
    return raw.getvalue()


def opened(data: bytes, *, key: bytes = KEY, label: bytes = b"place") -> bytes:
    """Open it as a stream; in one go it must be the same."""
    try:
        with SealedReader(io.BytesIO(data), key, label) as reader:
            found = io.BufferedReader(reader).read()
    except SealBroken:
        with pytest.raises(SealBroken):
            sealed_stream.opened(data, key, label)
        raise
    assert sealed_stream.opened(data, key, label) == found
    return found


@pytest.mark.parametrize("size", SIZES)
def test_what_is_sealed_opens(size):
    text = os.urandom(size)
    assert opened(sealed(text)) == text


def test_what_is_sealed_does_not_show_the_text_and_never_looks_the_same():
    text = b"jane@example.com\n" * 10_000
    one, other = sealed(text), sealed(text)
    assert b"jane" not in one
    assert one[HEADER:] != other[HEADER:]


@given(st.lists(st.binary(max_size=300), max_size=8))
@settings(max_examples=30, deadline=None)
def test_however_it_is_written_it_reads_the_same(pieces):
    raw = io.BytesIO()
    with SealedWriter(raw, KEY, b"") as writer:
        assert [writer.write(piece) for piece in pieces] == list(map(len, pieces))
    assert opened(raw.getvalue(), label=b"") == b"".join(pieces)


TEXT = os.urandom(2 * CHUNK + 100)
SEALED = sealed(TEXT)


@given(st.lists(st.tuples(st.integers(0, len(TEXT) + 10), st.integers(0, CHUNK + 9)), max_size=5))
@settings(max_examples=30, deadline=None)
def test_it_can_be_sought_in(moves):
    with SealedReader(io.BytesIO(SEALED), KEY, b"place") as reader:
        stream = io.BufferedReader(reader)
        for place, size in moves:
            assert stream.seek(place) == place
            assert stream.read(size) == TEXT[place : place + size]


def test_it_is_sought_from_its_end_and_from_where_it_is():
    with SealedReader(io.BytesIO(SEALED), KEY, b"place") as reader:
        assert reader.seek(-10, io.SEEK_END) == len(TEXT) - 10
        assert reader.read(4) == TEXT[-10:-6]
        assert reader.seek(-4, io.SEEK_CUR) == len(TEXT) - 10
        with pytest.raises(ValueError, match="before the start"):
            reader.seek(-1)
        with pytest.raises(ValueError, match="not known"):
            reader.seek(0, 9)
    with pytest.raises(ValueError, match="closed"):
        reader.seek(0)


CHUNKS = [
    SEALED[start : start + SEALED_CHUNK] for start in range(HEADER, len(SEALED), SEALED_CHUNK)
]
OTHER = sealed(os.urandom(len(TEXT)))


@pytest.mark.parametrize(
    "data",
    {
        "cut at a chunk": SEALED[: HEADER + 2 * SEALED_CHUNK],
        "cut inside a chunk": SEALED[:-1],
        "cut inside a tag": SEALED[: HEADER + 2 * SEALED_CHUNK + 9],
        "cut inside its only tag": SEALED[: HEADER + 9],
        "cut to its header": SEALED[:HEADER],
        "cut inside its header": SEALED[: HEADER - 1],
        "empty": b"",
        "chunks swapped": SEALED[:HEADER] + CHUNKS[1] + CHUNKS[0] + CHUNKS[2],
        "a chunk left out": SEALED[:HEADER] + CHUNKS[0] + CHUNKS[2],
        "a chunk twice": SEALED[:HEADER] + CHUNKS[0] + CHUNKS[0] + CHUNKS[2],
        "a chunk of another file": SEALED[: -len(CHUNKS[2])] + OTHER[-len(CHUNKS[2]) :],
        "something behind": SEALED + b"x",
        "another version": b"SEALED\x00\x02" + SEALED[8:],
        "in the clear": TEXT,
    }.items(),
    ids=lambda case: case[0],
)
def test_a_file_that_was_changed_does_not_open(data):
    with pytest.raises(SealBroken):
        opened(data[1])


@given(st.integers(8, len(SEALED) - 1), st.integers(0, 7))
@settings(max_examples=30, deadline=None)
def test_no_bit_can_be_changed(at, bit):
    data = bytearray(SEALED)
    data[at] ^= 1 << bit
    with pytest.raises(SealBroken):
        opened(bytes(data))


def test_it_opens_at_its_own_place_and_by_its_own_key_only():
    with pytest.raises(SealBroken):
        opened(SEALED, label=b"elsewhere")
    with pytest.raises(SealBroken):
        opened(SEALED, key=new_key())


def test_a_cut_shows_before_anything_is_read():
    with pytest.raises(SealBroken):
        SealedReader(io.BytesIO(SEALED[:-1]), KEY, b"place")


def test_a_file_that_was_not_closed_does_not_open():
    def write_half():
        with SealedWriter(raw, KEY, b"place") as writer:
            writer.write(TEXT)
            raise RuntimeError

    raw = io.BytesIO()
    with pytest.raises(RuntimeError):
        write_half()
    with pytest.raises(SealBroken):
        opened(raw.getvalue())


def test_nothing_is_written_after_it_is_closed_or_abandoned():
    raw = io.BytesIO()
    writer = SealedWriter(raw, KEY, b"place")
    writer.write(b"all")
    writer.close()
    writer.close()
    writer.abandon()
    with pytest.raises(ValueError, match="sealed already"):
        writer.write(b"more")
    assert opened(raw.getvalue()) == b"all"
    other = SealedWriter(io.BytesIO(), KEY, b"place")
    other.abandon()
    with pytest.raises(ValueError, match="abandoned already"):
        other.close()


class FullDisk(io.BytesIO):
    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def write(self, data) -> int:
        if len(data) > self.room - self.tell():
            raise OSError(28, "no space")
        return super().write(data)


def test_a_gap_is_never_completed_by_a_later_close():
    raw = FullDisk(HEADER + SEALED_CHUNK)
    writer = SealedWriter(raw, KEY, b"place")
    with pytest.raises(OSError, match="no space"):
        writer.write(TEXT)
    with pytest.raises(ValueError, match="abandoned"):
        writer.close()


class Halting(io.BytesIO):
    """A file that takes and gives less than it is asked for."""

    def write(self, data) -> int:
        return super().write(data[:1000])

    def read(self, size=-1, /) -> bytes:
        return super().read(min(size, 777))


def test_files_that_take_and_give_less_at_a_time_are_no_trouble():
    raw = Halting()
    with SealedWriter(raw, KEY, b"place") as writer:
        writer.write(TEXT)
    with SealedReader(raw, KEY, b"place") as reader:
        assert io.BufferedReader(reader).read() == TEXT


def test_whole_chunks_are_opened_into_the_callers_buffer_and_checked_there():
    content = os.urandom(3 * CHUNK + 7)
    raw = io.BytesIO()
    with SealedWriter(raw, KEY, b"label") as writer:
        writer.write(content)
    sealed = bytearray(raw.getvalue())
    reader, found = SealedReader(io.BytesIO(sealed), KEY, b"label"), b""
    buffer = bytearray(2 * CHUNK)
    while size := reader.readinto(buffer):
        found += buffer[:size]
    assert found == content
    # In the second chunk.
    sealed[16 + CHUNK + 16 + 100] ^= 1
    reader = SealedReader(io.BytesIO(sealed), KEY, b"label")
    assert reader.readinto(buffer) == CHUNK
    with pytest.raises(SealBroken):
        reader.readinto(buffer)
