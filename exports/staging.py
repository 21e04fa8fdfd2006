"""Sealed files of exports: uploads, prepared batches, rejects. Web and workers see the same place.

Each export has one file key, sealed under the organization's data key; each file is bound to its
export and its name, so files cannot be swapped. A file counts only once it is closed and on disk.
"""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from exports.engine.sealed_stream import SealedReader, SealedWriter, new_key
from exports.models import Export
from organizations.sealing import seal, unseal

_MOST_NAMES = 16


def new_file_key(organization_id: uuid.UUID, export_id: uuid.UUID) -> tuple[bytes, bytes]:
    """Return a file key, and the same sealed for the export's row. Inside the fence."""
    key = new_key()
    sealed = seal(key, organization_id=organization_id, place=f"{export_id}:files")
    return key, sealed


def file_key(export: Export) -> bytes:
    """Open an export's file key. Inside the fence. Raises organizations.sealing.SealBroken."""
    place = f"{export.id}:files"
    return unseal(bytes(export.key_sealed), organization_id=export.organization_id, place=place)


def new_name(export_id: uuid.UUID, what: str) -> str:
    """Return a name that no file of the export has: a second try never meets the first's files."""
    return f"{export_id}/{what}-{uuid.uuid4().hex[:_MOST_NAMES]}"


@contextmanager
def writing(name: str, key: bytes) -> Iterator[SealedWriter]:
    """Write a new sealed file. After an error it is gone; without one it is on disk."""
    path = _path(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as raw:
            with SealedWriter(raw, key, name.encode()) as writer:
                yield writer
            os.fsync(raw.fileno())
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


@contextmanager
def reading(name: str, key: bytes) -> Iterator[BinaryIO]:
    """Read a sealed file; it can be sought in.

    Raises FileNotFoundError, and exports.engine.sealed_stream.SealBroken where it does not open.
    """
    with _path(name).open("rb") as raw, SealedReader(raw, key, name.encode()) as reader:
        yield io.BufferedReader(reader)


def remove(name: str) -> None:
    """Destroy a file, if it is there."""
    if name:
        with suppress(FileNotFoundError):
            _path(name).unlink()


def remove_all_but(export_id: uuid.UUID, *kept: str) -> None:
    """Destroy what an export has on disk except these files."""
    own = _path(str(export_id))
    stay = {_path(name) for name in kept if name}
    with suppress(FileNotFoundError):
        for path in own.iterdir():
            if path not in stay:
                path.unlink(missing_ok=True)
        if not stay:
            own.rmdir()


def folder() -> Path:
    """Return where the files lie: what spills goes to nameless files beside them."""
    root = _path("")
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    return root


def _path(name: str) -> Path:
    root = Path(settings.STAGING_DIR)
    path = root / name
    if not path.is_relative_to(root) or ".." in path.parts:
        raise ValueError("A staged file lies in the staging folder.")
    return path
