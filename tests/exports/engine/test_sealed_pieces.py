"""Sealed pieces read as one stream, and what is wrong with them said."""

import io
import random
import shutil

import pytest

from exports.engine.sealed_pieces import PiecesReader, piece_label, piece_name
from exports.engine.sealed_stream import CHUNK, SealBroken, SealedWriter, new_key

KEY = new_key()
PIECE = 2 * CHUNK
CONTENT = random.Random(1).randbytes(5 * PIECE + 1234)


def store(folder, content: bytes = CONTENT, name: str = "x/upload", piece: int = PIECE):
    """Store a content as an upload does, piece by piece."""
    folder.mkdir()
    starts = range(0, len(content), piece)
    for number, start in enumerate(starts):
        label = piece_label(name, number, last=number == len(starts) - 1)
        with (
            (folder / piece_name(number)).open("wb") as raw,
            SealedWriter(raw, KEY, label) as writer,
        ):
            writer.write(content[start : start + piece])
    return folder


def opened(folder, name: str = "x/upload", key: bytes = KEY) -> bytes:
    with PiecesReader(folder, key, name) as reader:
        return io.BufferedReader(reader).read()


@pytest.mark.parametrize("size", [1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, len(CONTENT)])
def test_what_was_stored_is_read(tmp_path, size):
    assert opened(store(tmp_path / "p", CONTENT[:size])) == CONTENT[:size]


def test_it_can_be_sought_in_like_a_file(tmp_path):
    chance = random.Random(2)
    plain = io.BytesIO(CONTENT)
    with io.BufferedReader(PiecesReader(store(tmp_path / "p"), KEY, "x/upload")) as sealed:
        for _ in range(200):
            whence = chance.choice([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END])
            place = chance.randrange(len(CONTENT) + 500)
            offset = place - {0: 0, 1: plain.tell(), 2: len(CONTENT)}[whence]
            assert sealed.seek(offset, whence) == plain.seek(offset, whence)
            size = chance.choice([1, 100, CHUNK, PIECE, 2 * PIECE])
            assert sealed.read(size) == plain.read(size)
        with pytest.raises(ValueError, match="before the start"):
            sealed.raw.seek(-1)


@pytest.mark.parametrize("missing", [0, 2, 5])
def test_a_piece_that_is_missing_shows_at_once(tmp_path, missing):
    folder = store(tmp_path / "p")
    (folder / piece_name(missing)).unlink()
    with pytest.raises(SealBroken):
        PiecesReader(folder, KEY, "x/upload")


def test_nothing_at_all_is_no_file(tmp_path):
    with pytest.raises(SealBroken):
        PiecesReader(tmp_path, KEY, "x/upload")


def test_a_piece_too_many_shows_at_once(tmp_path):
    folder = store(tmp_path / "p")
    shutil.copy(folder / piece_name(1), folder / piece_name(6))
    with pytest.raises(SealBroken):
        PiecesReader(folder, KEY, "x/upload")


def test_pieces_that_were_swapped_do_not_open(tmp_path):
    folder = store(tmp_path / "p")
    (folder / piece_name(1)).rename(folder / "aside")
    (folder / piece_name(2)).rename(folder / piece_name(1))
    (folder / "aside").rename(folder / piece_name(2))
    with pytest.raises(SealBroken):
        opened(folder)


def test_a_piece_of_another_upload_does_not_open(tmp_path):
    folder = store(tmp_path / "p")
    other = store(tmp_path / "other", name="x/other")
    shutil.copy(other / piece_name(1), folder / piece_name(1))
    with pytest.raises(SealBroken):
        opened(folder)


@pytest.mark.parametrize(
    ("name", "key"), [("x/other", KEY), ("x/upload", new_key())], ids=["name", "key"]
)
def test_another_name_or_key_opens_nothing(tmp_path, name, key):
    with pytest.raises(SealBroken):
        opened(store(tmp_path / "p"), name, key)


def test_a_cut_piece_does_not_open(tmp_path):
    folder = store(tmp_path / "p")
    path = folder / piece_name(1)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SealBroken):
        opened(folder)


def test_one_file_is_open_at_a_time_and_none_afterwards(tmp_path):
    reader = PiecesReader(store(tmp_path / "p"), KEY, "x/upload")
    held = []
    while reader.read(CHUNK):
        held.append(reader._raw)
    assert len({id(raw) for raw in held}) > 1
    assert sum(not raw.closed for raw in held if raw is not reader._raw) == 0
    reader.close()
    assert reader._raw.closed
    with pytest.raises(ValueError, match="closed"):
        reader.read(1)
