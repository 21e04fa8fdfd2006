import numpy as np
import pytest

from exports.engine.vectorized import disk
from exports.engine.vectorized.disk import read_places


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "spilled"
    path.write_bytes(bytes(range(200)))
    with path.open("rb") as opened:
        yield opened


def read(file, *places: tuple[int, int]) -> bytes:
    begins, ends = np.array(places, dtype=np.int64).reshape(-1, 2).T.copy()
    into = np.zeros(int((ends - begins).sum()), dtype=np.uint8)
    read_places(file.fileno(), begins, ends, into)
    return into.tobytes()


def test_places_are_read_one_behind_the_other(file):
    assert read(file, (10, 20), (0, 3), (5, 5), (190, 200)) == (
        bytes(range(10, 20)) + bytes(range(3)) + bytes(range(190, 200))
    )
    assert read(file) == b""


def test_what_is_not_there_or_cannot_be_read_is_an_error(file, tmp_path):
    with pytest.raises(EOFError):
        read(file, (0, 5), (190, 201))
    with (tmp_path / "written").open("wb") as other, pytest.raises(OSError, match="descriptor"):
        read(other, (0, 5))


def test_what_was_interrupted_is_read_once_more(file, monkeypatch):
    monkeypatch.setattr(disk, "_read_places", lambda *_: False)
    assert read(file, (10, 20), (190, 200)) == bytes(range(10, 20)) + bytes(range(190, 200))
