import os
import time
import uuid
from pathlib import Path

import pytest

from exports import staging
from exports.batch_files import BatchFiles
from exports.engine.sealed_stream import new_key

KEY = new_key()


@pytest.fixture
def export_id(settings, tmp_path):
    settings.STAGING_DIR = str(tmp_path)
    found = uuid.uuid4()
    # What is there before the batches are: the rejects.
    with staging.writing(staging.new_name(found, "rejects"), KEY):
        pass
    return found


@pytest.fixture
def forced(monkeypatch):
    """What the disk was asked to keep: sizes of files by name, and of folders nothing."""
    found = {}
    really = os.fsync

    def fsync(descriptor):
        really(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        found[path] = path.stat().st_size if path.is_file() else sorted(path.iterdir())

    monkeypatch.setattr(os, "fsync", fsync)
    return found


def test_a_large_file_is_destroyed_by_and_by(export_id, monkeypatch):
    name = staging.new_name(export_id, "upload")
    with staging.writing(name, KEY) as file:
        file.write(bytes(1000))
    sizes = []
    really = os.truncate

    def truncate(path, size):
        really(path, size)
        sizes.append(Path(path).stat().st_size)

    monkeypatch.setattr(os, "truncate", truncate)
    monkeypatch.setattr(staging, "_AT_A_TIME", 300)
    staging.remove_by_and_by(name)
    assert sizes == [732, 432, 132]
    assert not (staging.folder() / name).exists()
    staging.remove_by_and_by(name)


def test_of_a_file_in_pieces_all_are_destroyed(export_id, monkeypatch):
    monkeypatch.setattr(staging, "_AT_A_TIME", 300)
    name = staging.new_name(export_id, "upload")
    for number in range(3):
        part = staging.new_name(export_id, "part")
        with staging.writing(part, KEY) as file:
            file.write(bytes(1000))
        staging.place_piece(part, name, number)
    staging.remove_by_and_by(name)
    assert not (staging.folder() / name).exists()
    staging.remove_by_and_by(name)


def test_when_the_block_ends_all_files_and_their_names_are_on_disk(export_id, forced):
    contents = [bytes([number]) * 70_000 * number for number in range(1, 20)]
    with BatchFiles(export_id, KEY) as files:
        names = [files.add(content) for content in contents]
    paths = [staging.folder() / name for name in names]
    assert {path: forced[path] for path in paths} == {path: path.stat().st_size for path in paths}
    assert set(paths) < set(forced[staging.folder() / str(export_id)])
    for name, content in zip(names, contents, strict=True):
        with staging.reading(name, KEY) as stream:
            assert stream.read() == content


def test_what_the_disk_does_not_take_is_an_error(export_id, monkeypatch):
    def write():
        with BatchFiles(export_id, KEY) as files:
            files.add(b"batch")

    def fsync(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="No space"):
        write()


def test_a_file_that_cannot_be_written_is_an_error_at_the_next_or_at_the_end(
    export_id, monkeypatch
):
    def write(count):
        with BatchFiles(export_id, KEY) as files:
            for _ in range(count):
                files.add(b"batch")

    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "writev", refuse)
    for count in (1, 3):
        with pytest.raises(OSError, match="No space"):
            write(count)


def test_an_error_in_the_block_is_told_and_nothing_is_waited_for(export_id, forced):
    def fail():
        with BatchFiles(export_id, KEY) as files:
            files.add(b"batch")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert staging.folder() / str(export_id) not in forced


@pytest.mark.parametrize(("size", "most"), [(10_000, 2), (3_000_000, 1)])
def test_large_ones_are_sealed_one_at_a_time(export_id, monkeypatch, size, most):
    at_work, seen = [], []
    really = staging.write

    def write(*what):
        at_work.append(what)
        time.sleep(0.02)
        seen.append(len(at_work))
        try:
            return really(*what)
        finally:
            at_work.pop()

    monkeypatch.setattr(staging, "write", write)
    with BatchFiles(export_id, KEY) as files:
        for _ in range(40 if size < 1_000_000 else 4):
            files.add(bytes(size))
    assert max(seen) == most
