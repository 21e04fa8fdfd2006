"""Seal an upload while it is received: Django's own handlers would spool it in the clear."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat

from exports import staging
from exports.engine.sealed_stream import SealedWriter

logger = logging.getLogger(__name__)

FIELD = "file"
NO_ROOM = (
    "There is no room for the file on this server just now. Nothing was kept; try again later, or "
    "tell the operator."
)


def too_large(most_bytes: int) -> str:
    """Say that a file is larger than may be."""
    return f"The file is larger than {filesizeformat(most_bytes)}."


def has_room(size: int) -> bool:
    """Say whether so many bytes more leave what is to be kept free of the disk."""
    keep_free: int = settings.STAGING_KEEP_FREE_BYTES
    return staging.free_bytes() - keep_free >= size


@dataclass(frozen=True)
class Announced:
    """A file that a page wants to send. `marks` tell it from others of its size."""

    name: str
    size: int
    marks: str


class SealedUpload(UploadedFile):  # type: ignore[type-arg]  # generic only in its stubs
    """A file that lies sealed in staging; its content is not at hand here."""


class SealingUploadHandler(FileUploadHandler):
    """Take one file into staging under a name and key that were made for it.

    `refusal` says why nothing was kept: too large, no room, or nothing sent.
    """

    chunk_size = 512 * 1024

    def __init__(self, request: HttpRequest, *, name: str, key: bytes, most_bytes: int) -> None:
        super().__init__(request)
        self._announced = int(request.META.get("CONTENT_LENGTH") or 0)
        self.name = name
        self.refusal = ""
        self._key = key
        self._most_bytes = most_bytes
        self._received = 0
        self._stack = ExitStack()
        self._writer: SealedWriter | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin the file; fields and files beside it are let pass unread."""
        super().new_file(*args, **kwargs)
        if self.field_name != FIELD or self._writer is not None:
            raise SkipFile
        if not has_room(self._announced):
            self.refusal = NO_ROOM
            self._abandon()
        try:
            self._writer = self._stack.enter_context(staging.writing(self.name, self._key))
        except OSError as error:
            self._stop(error)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:  # noqa: ARG002 - Django calls it so
        """Seal a piece. Nothing is handed on to another handler."""
        self._received += len(raw_data)
        if self._received > self._most_bytes:
            self.refusal = too_large(self._most_bytes)
            self._abandon()
        try:
            assert self._writer is not None
            self._writer.write(raw_data)
        except OSError as error:
            self._stop(error)

    def file_complete(self, file_size: int) -> SealedUpload | None:
        """Complete the sealed file."""
        if self._writer is None or self.field_name != FIELD:
            return None
        try:
            self._stack.close()
        except OSError as error:
            self._stop(error)
        return SealedUpload(None, self.file_name, self.content_type, file_size)

    def upload_interrupted(self) -> None:
        """Leave nothing of a file that did not arrive whole; one that did is left alone."""
        self._throw_away()

    def _stop(self, error: OSError) -> None:
        logger.error("an upload could not be staged: %s", error)
        self.refusal = (
            NO_ROOM
            if staging.is_full(error)
            else "The file could not be kept on this server. Tell the operator."
        )
        self._abandon()

    def _abandon(self) -> None:
        self._throw_away()
        # Read what is still coming, so that the browser gets to see the answer.
        raise StopUpload(connection_reset=False)

    def _throw_away(self) -> None:
        error = InterruptedError()
        self._stack.__exit__(InterruptedError, error, None)
        self._writer = None
