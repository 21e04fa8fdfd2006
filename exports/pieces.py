"""Receive a file in pieces, so that a broken connection loses at most the one in flight.

A piece is sealed into a file of its own while it is received. Only when it is whole and on disk,
the upload's row decides whether it counts: nothing is locked while bytes arrive, so whoever stalls
in the middle keeps nobody from going on.
"""

from __future__ import annotations

import uuid
from typing import Protocol

from django.conf import settings
from django.db.models.functions import Now
from django.http import UnreadablePostError

from destinations.models import Destination
from exports import services, staging
from exports.engine.reading import ENOUGH, refuse_soon
from exports.engine.sealed_pieces import piece_label
from exports.engine.sealed_stream import SealBroken, SealedWriter
from exports.models import Export
from exports.upload_models import Upload
from exports.uploads import NO_ROOM, Announced, has_room, too_large
from organizations import fence, routing
from organizations.models import Person
from organizations.services import organization_lock

PIECE_BYTES = 8 * 1024**2
_SLICE = 512 * 1024


class NotTaken(Exception):
    """An upload cannot begin; `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class WrongPlace(Exception):
    """This is not the piece that is wanted next: ask where to go on."""


class Elsewhere(Exception):
    """Another page has chosen the file since and sends it."""


class Gone(Exception):
    """There is no such upload any more: canceled, or its day is over."""


class Cut(Exception):
    """A piece did not arrive whole."""


class Full(Exception):
    """The disk has no room for a piece; what arrived before is kept."""


class Body(Protocol):
    """What a piece is read from. Raises UnreadablePostError where the connection breaks."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""


def upload_begin(*, destination: Destination, by: Person, file: Announced) -> Upload:
    """Begin an upload, or go on with the one of the same file: the newest page sends. In the fence.

    Raises NotTaken.
    """
    # Two at once would each find the last place free.
    organization_lock(destination.organization_id)
    fingerprint = routing.keyed_hash("upload", f"{file.size}\0{file.marks}")
    upload = (
        Upload.objects.of(by)
        .select_for_update()
        .filter(destination=destination, fingerprint=fingerprint)
        .first()
    )
    if upload is None:
        _must_have_room(file)
        upload = _new_upload(destination, by, file, fingerprint)
    else:
        upload.claim = uuid.uuid4()
        if staging.pieces_there(upload.staged_name) < -(-upload.received // upload.piece_bytes):
            # Somebody removed files from the disk. One too many is of a process that was killed
            # before it counted: the next piece takes its place.
            upload.received = 0
            staging.remove_all_but(upload.id)
    upload.save()
    services.upload_expect(organization_id=upload.organization_id, export_id=upload.id)
    return upload


def _must_have_room(file: Announced) -> None:
    if file.size > settings.UPLOAD_MAX_BYTES:
        raise NotTaken(too_large(settings.UPLOAD_MAX_BYTES))
    if Upload.objects.count() >= settings.UPLOADS_AT_ONCE:
        raise NotTaken(
            f"There is no room for another upload: {settings.UPLOADS_AT_ONCE} of your organization "
            "are under way or were broken off. Wait for one to end, or discard one; those with "
            "which nobody goes on are destroyed after a day."
        )
    if not has_room(file.size + Upload.objects.bytes_to_come()):
        raise NotTaken(NO_ROOM)


def _new_upload(
    destination: Destination, by: Person, file: Announced, fingerprint: bytes
) -> Upload:
    upload_id = uuid.uuid4()
    _, key_sealed = staging.new_file_key(destination.organization_id, upload_id)
    return Upload(
        id=upload_id,
        organization_id=destination.organization_id,
        destination=destination,
        created_by=by,
        fingerprint=fingerprint,
        file_name=file.name,
        file_size=file.size,
        piece_bytes=PIECE_BYTES,
        staged_name=staging.new_name(upload_id, "upload"),
        key_sealed=key_sealed,
    )


def piece_receive(*, upload: Upload, claim: uuid.UUID, offset: int, size: int, body: Body) -> int:
    """Receive the next piece; return how much of the file is here then. Outside the fence.

    Raises Elsewhere, WrongPlace, Cut, Full or Gone; the piece counts for nothing then. Raises
    FileRefused where the first one shows already that the file is no table.
    """
    _must_be_wanted(upload, claim, offset)
    # After the last there is none: an empty one would lie there too much, or replace the last.
    if not size or size != upload.next_piece_bytes:
        raise WrongPlace
    with fence.inside(upload.organization_id):
        key = staging.file_key(upload)
    number, last = offset // upload.piece_bytes, offset + size == upload.file_size
    label = piece_label(upload.staged_name, number, last=last)
    part = staging.new_name(upload.id, "part")
    try:
        with staging.writing(part, key, label=label) as sealed:
            head = _copy(body, sealed, size, keep=0 if offset or last else ENOUGH)
        refuse_soon(head)
        return _count(upload, claim, offset, size, part)
    except Gone:
        services.upload_forget_unless_kept(
            organization_id=upload.organization_id, export_id=upload.id
        )
        raise
    except OSError as error:
        if staging.is_full(error):
            raise Full from error
        raise
    finally:
        staging.remove(part)


def _count(upload: Upload, claim: uuid.UUID, offset: int, size: int, part: str) -> int:
    """Let a piece that is on disk count, if it still is the one that is wanted."""
    with fence.inside(upload.organization_id):
        row = Upload.objects.select_for_update().filter(pk=upload.pk).first()
        if row is None:
            raise Gone
        _must_be_wanted(row, claim, offset)
        try:
            staging.place_piece(part, row.staged_name, offset // row.piece_bytes)
        except FileNotFoundError:
            raise WrongPlace from None
        # Halves that killed processes left, and what others still write for the same place.
        staging.remove_all_but(row.id, row.staged_name)
        received = offset + size
        Upload.objects.filter(pk=row.pk).update(received=received, received_at=Now())
        services.upload_expect(organization_id=row.organization_id, export_id=row.id)
    return received


def _must_be_wanted(upload: Upload, claim: uuid.UUID, offset: int) -> None:
    if upload.claim != claim:
        raise Elsewhere
    if upload.received != offset:
        raise WrongPlace


def _copy(body: Body, sealed: SealedWriter, size: int, *, keep: int) -> bytes:
    """Seal what comes; return as much of its beginning as is to be kept."""
    head = bytearray()
    while size:
        try:
            data = body.read(min(size, _SLICE))
        except UnreadablePostError:
            raise Cut from None
        if not data:
            raise Cut
        size -= len(data)
        head += data[: keep - len(head)]
        sealed.write(data)
    return bytes(head)


def upload_complete(*, upload: Upload, by: Person) -> Export:
    """Make a draft of a file that is here whole. Outside the fence.

    Raises WrongPlace where it is not whole, Gone where it is no upload any more, FileRefused where
    it is no table, and NotTaken where it cannot be read any more.
    """
    with fence.inside(upload.organization_id):
        row = Upload.objects.select_for_update().filter(pk=upload.pk).first()
        if row is None:
            raise Gone
        if not row.is_whole:
            raise WrongPlace
        received = services.Received(
            row.id,
            row.staged_name,
            staging.file_key(row),
            bytes(row.key_sealed),
            row.file_name,
            row.file_size,
        )
        try:
            draft = services.draft_create(destination=row.destination, by=by, received=received)
        except (SealBroken, FileNotFoundError):
            raise NotTaken(
                "What arrived cannot be read any more, so it was destroyed. Upload the file again."
            ) from None
        row.delete()
        # Halves of pieces. Later the draft may have been started, and more may lie here.
        staging.remove_all_but(draft.id, draft.staged_name)
    return draft


def upload_discard(*, upload: Upload) -> None:
    """Destroy what is here of a file. Outside the fence."""
    services.upload_forget_unless_kept(organization_id=upload.organization_id, export_id=upload.id)
