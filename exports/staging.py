"""Sealed files of exports: uploads, prepared batches, rejects. Web and workers see the same place.

Each export has one file key, sealed under the organization's data key; each file is bound to its
export and its name, so files cannot be swapped. A file counts only once it is closed and on disk.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from exports.engine.sealed_pieces import PiecesReader, piece_name
from exports.engine.sealed_stream import SealedReader, SealedWriter, new_key, opened
from exports.fetch_models import Fetch
from exports.models import Export
from exports.upload_models import Upload
from organizations.sealing import seal, unseal

_MOST_NAMES = 16
# A disk that is told what it need not keep ("discard") lets whoever writes wait for that: 80 ms for
# a file of 450 MB. So much of it at a time, and then others have their turn.
_AT_A_TIME = 8 * 1024 * 1024
_TURN_SECONDS = 0.005
# About a MiB of a file goes to the system at a time.
_PIECES_AT_ONCE = 16


def new_file_key(organization_id: uuid.UUID, export_id: uuid.UUID) -> tuple[bytes, bytes]:
    """Return a file key, and the same sealed for the export's row. Inside the fence."""
    key = new_key()
    sealed = seal(key, organization_id=organization_id, place=f"{export_id}:files")
    return key, sealed


def file_key(export: Export | Upload | Fetch) -> bytes:
    """Open the file key of an export or of the upload that becomes one. Inside the fence.

    Raises organizations.sealing.SealBroken.
    """
    place = f"{export.id}:files"
    return unseal(bytes(export.key_sealed), organization_id=export.organization_id, place=place)


def new_name(export_id: uuid.UUID, what: str) -> str:
    """Return a name that no file of the export has: a second try never meets the first's files."""
    return f"{export_id}/{what}-{uuid.uuid4().hex[:_MOST_NAMES]}"


@contextmanager
def writing(name: str, key: bytes, *, label: bytes | None = None) -> Iterator[SealedWriter]:
    """Write a new sealed file. After an error it is gone; without one it is on disk.

    It is bound to its name, or to a `label` where it gets another name later.
    """
    path = _path(name)
    descriptor = _new_file(path)
    with _gone_after_an_error(path), os.fdopen(descriptor, "wb", buffering=0) as raw:
        with SealedWriter(raw, key, label or name.encode()) as writer:
            yield writer
        os.fsync(raw.fileno())


def write(name: str, key: bytes, content: bytes) -> int:
    """Write a new sealed file in one go; after an error it is gone.

    Returns its descriptor: before anything counts on the file the caller forces that to disk, and
    closes it.
    """
    path = _path(name)
    descriptor = _new_file(path)
    with _gone_after_an_error(path):
        try:
            with SealedWriter(_Gathering(descriptor), key, name.encode()) as writer:
                writer.write(content)
        except BaseException:
            os.close(descriptor)
            raise
    return descriptor


@contextmanager
def reading(name: str, key: bytes) -> Iterator[BinaryIO]:
    """Read a sealed file, or one that lies in pieces; it can be sought in.

    Raises FileNotFoundError, and exports.engine.sealed_stream.SealBroken where it does not open.
    """
    path = _path(name)
    if path.is_dir():
        with PiecesReader(path, key, name) as pieces:
            yield io.BufferedReader(pieces)
        return
    with path.open("rb") as raw, SealedReader(raw, key, name.encode()) as reader:
        yield io.BufferedReader(reader)


def content(name: str, key: bytes) -> bytearray:
    """Return what a sealed file holds that lies in one piece. Raises as `reading` does."""
    with _path(name).open("rb", buffering=0) as raw:
        # In one go: chunk by chunk a thread waits for the others as often as there are chunks.
        return opened(raw.read(), key, name.encode())


def make_names_last(export_id: uuid.UUID) -> None:
    """Have the names of an export's files outlive a loss of power, where it has any."""
    with suppress(FileNotFoundError):
        _names_to_disk(_path(str(export_id)))


def place_piece(part: str, name: str, number: int) -> None:
    """Make a sealed file the piece of this number, in place of one that counted for nothing.

    On disk when this returns. Raises FileNotFoundError where the file was removed meanwhile.
    """
    pieces = _path(name)
    is_new = not pieces.exists()
    pieces.mkdir(exist_ok=True, mode=0o700)
    _path(part).replace(pieces / piece_name(number))
    _names_to_disk(pieces)
    if is_new:
        _names_to_disk(pieces.parent)
        _names_to_disk(pieces.parent.parent)


def pieces_there(name: str) -> int:
    """Return how many pieces lie on disk."""
    path = _path(name)
    return sum(1 for _ in path.iterdir()) if path.is_dir() else 0


def free_bytes() -> int:
    """Return how much of the disk is free for more files."""
    return shutil.disk_usage(folder()).free


def remove(name: str) -> None:
    """Destroy a file, if it is there."""
    if name:
        _remove(_path(name))


def remove_by_and_by(name: str) -> None:
    """Destroy a large file, if it is there, while others need the disk more."""
    if not name:
        return
    path = _path(name)
    with suppress(FileNotFoundError):
        for part in path.iterdir() if path.is_dir() else [path]:
            while (left := part.stat().st_size - _AT_A_TIME) > 0:
                os.truncate(part, left)
                time.sleep(_TURN_SECONDS)
            part.unlink()
            time.sleep(_TURN_SECONDS)
    _remove(path)


def remove_all_but(export_id: uuid.UUID, *kept: str) -> None:
    """Destroy what an export has on disk except these files."""
    own = _path(str(export_id))
    stay = {_path(name) for name in kept if name}
    with suppress(FileNotFoundError):
        for path in own.iterdir():
            if path not in stay:
                _remove(path)
        if not stay:
            # Who is still writing there removes its own file and comes by here.
            with suppress(OSError):
                own.rmdir()


def is_full(error: OSError) -> bool:
    """Say whether an error means that the disk has no room left."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def folder() -> Path:
    """Return where the files lie: what spills goes to nameless files beside them."""
    root = _path("")
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    return root


def _new_file(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(path, flags, 0o600)


@contextmanager
def _gone_after_an_error(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


class _Gathering:
    """A file to which several pieces are written in one go."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pieces: list[memoryview] = []

    def write(self, data: memoryview, /) -> int:
        self._pieces.append(data)
        if len(self._pieces) == _PIECES_AT_ONCE:
            self.flush()
        return len(data)

    def flush(self) -> None:
        pieces = self._pieces
        while pieces:
            written = os.writev(self._descriptor, pieces)
            while pieces and written >= len(pieces[0]):
                written -= len(pieces.pop(0))
            if pieces:
                pieces[0] = pieces[0][written:]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, onerror=_unless_it_is_gone)
    else:
        path.unlink(missing_ok=True)


def _unless_it_is_gone(_what: object, _path: str, found: tuple[Any, BaseException, Any]) -> None:
    """Go on with the rest where somebody else removes the same."""
    if not isinstance(found[1], FileNotFoundError):
        raise found[1]


def _names_to_disk(folder: Path) -> None:
    """Have a folder's names outlive a loss of power, as its files do."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _path(name: str) -> Path:
    root = Path(settings.STAGING_DIR)
    path = root / name
    if not path.is_relative_to(root) or ".." in path.parts:
        raise ValueError("A staged file lies in the staging folder.")
    return path
