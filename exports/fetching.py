"""Fetch a file from an address: sealed while it is received, gone on with whatever breaks.

A worker holds the row by a lease and keeps it with signs of life. What it received counts piece by
piece; who takes over asks for the rest, as far as the server names the version of the file.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from threading import BoundedSemaphore

from django.conf import settings
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from exports import services, staging
from exports.addresses import AddressRefused, file_address, parsed
from exports.asking import Answer, ChangedThere, NotFetched, asked
from exports.engine.reading import ENOUGH, FileRefused, refuse_soon
from exports.engine.sealed_pieces import piece_label
from exports.engine.sealed_stream import SealBroken
from exports.fetch_models import LEASE, Fetch
from exports.fetch_services import ROUTE, fetch_fail
from exports.signs_of_life import SignsOfLife
from exports.uploads import NO_ROOM, has_room, too_large
from organizations import fence, routing
from organizations.sealing import SealBroken as KeySealBroken
from organizations.services import organization_lock

logger = logging.getLogger(__name__)

# Rows say by it which piece is next: with a larger one, what is under way would go on wrongly.
PIECE_BYTES = 8 * 1024**2
LOOK_AGAIN = timedelta(seconds=15)
# Of an organization, and of all of them in one process.
AT_ONCE = 3
_places = BoundedSemaphore(6)
MOST_ATTEMPTS = 8
_MOST_BEGINNINGS = 5
_SIGN_SECONDS = 2.0
# Slower than this a server holds a worker for nothing.
_PIECE_WITHIN_SECONDS = 600.0


class _LeaseLost(Exception):
    """Somebody else fetches the file, or nobody wants it any more."""


def fetch(organization_id: uuid.UUID, fetch_id: uuid.UUID) -> None:
    """Fetch a file if it is due and nobody else does; make a draft of it. Outside the fence."""
    # Else slow servers would hold all threads of a worker that others' batches wait for.
    if not _places.acquire(blocking=False):
        return
    try:
        work = _claim(organization_id, fetch_id)
        if work is not None:
            _carry_out(work)
    finally:
        _places.release()


def _carry_out(work: _Work) -> None:
    try:
        _received(work)
    except _LeaseLost:
        logger.info("fetch %s: it is somebody else's, or discarded", work.row.pk)
        work.tidy_up()


def _received(work: _Work) -> None:
    """Receive what is left, and make a draft of it or say what stands against it."""
    try:
        work.receive()
        work.complete()
    except ChangedThere:
        work.begin_anew()
    except NotFetched as why:
        work.put_off(why.sentence, for_now=why.for_now)
    except FileRefused as refused:
        work.put_off(refused.sentence)
    except (SealBroken, KeySealBroken, FileNotFoundError):
        logger.exception("fetch %s: what was received is not readable", work.row.pk)
        work.begin_anew()
    except OSError as error:
        logger.exception("fetch %s: it could not be staged", work.row.pk)
        full = staging.is_full(error)
        work.put_off(NO_ROOM if full else "The file could not be kept on this server.")


def _claim(organization_id: uuid.UUID, fetch_id: uuid.UUID) -> _Work | None:
    with fence.inside(organization_id):
        # Two at once would each find the last place free.
        organization_lock(organization_id)
        row = Fetch.objects.select_related("destination").filter(pk=fetch_id).first()
        if row is None or row.failed_at is not None:
            routing.remove(ROUTE, fetch_id)
            return None
        if Fetch.objects.at_work().count() >= AT_ONCE:
            return None
        owner = uuid.uuid4()
        mine = Fetch.objects.due().filter(pk=fetch_id)
        if not mine.update(
            lease_owner=owner, lease_until=Now() + LEASE, attempts=F("attempts") + 1
        ):
            return None
        row.refresh_from_db()
        if row.attempts > MOST_ATTEMPTS:
            # Its workers were killed each time.
            fetch_fail(row=row, reason=row.trouble or "It could not be fetched.")
            return None
        return _Work(row, owner, staging.file_key(row))


@dataclass
class _Work:
    """One fetch, held by a lease. `key` is the file key."""

    row: Fetch
    owner: uuid.UUID
    key: bytes = field(repr=False)
    alive: SignsOfLife = field(init=False)

    def __post_init__(self) -> None:
        self.alive = SignsOfLife(self._stay_alive, seconds=_SIGN_SECONDS)

    def receive(self) -> None:
        """Receive what is not here yet."""
        row = self.row
        if row.is_whole:
            return
        intake = settings.INTAKE
        try:
            address = file_address(row.address, intake.addresses, plain_http=intake.loopback)
        except AddressRefused as refused:
            # The operator's list may have changed.
            raise NotFetched(refused.sentence) from None
        if row.received and not row.validator:
            raise ChangedThere
        if staging.pieces_there(row.staged_name) * PIECE_BYTES < row.received:
            # Somebody removed files from the disk. One too many is of a process that was killed
            # before it counted: the next piece takes its place.
            raise ChangedThere
        with asked(address, offset=row.received, validator=row.validator) as answer:
            if row.received and (answer.offset != row.received or answer.size != row.file_size):
                self._forget_what_is_here()
            if not has_room((answer.size or 0) - self.row.received):
                raise NotFetched(NO_ROOM)
            self._update(file_size=answer.size, validator=answer.validator)
            self._take_in(answer)

    def complete(self) -> None:
        """Make a draft of a file that is here whole. Raises FileRefused where it is no table."""
        with fence.inside(self.row.organization_id):
            row = self._mine().select_for_update(of=("self",)).first()
            if row is None:
                raise _LeaseLost
            received = services.Received(
                row.id,
                row.staged_name,
                self.key,
                bytes(row.key_sealed),
                parsed(row.address, plain_http=True).file_name,
                row.received,
                row.address,
            )
            services.draft_create(destination=row.destination, by=row.created_by, received=received)
            row.delete()
            routing.remove(ROUTE, received.export_id)
            # Halves of pieces. Later the draft may have been started, and more may lie here.
            staging.remove_all_but(received.export_id, received.staged_name)

    def begin_anew(self) -> None:
        """Have the file fetched from its beginning."""
        if self.row.begun_anew >= _MOST_BEGINNINGS:
            self.put_off("The file changed there again and again while it was fetched.")
            return
        self._forget_what_is_here()
        self.put_off("The file changed there, or could not be gone on with.", for_now=True)

    def put_off(self, sentence: str, *, for_now: bool = False) -> None:
        """Say why it does not come; have it tried again where that may help."""
        with fence.inside(self.row.organization_id):
            row = self._mine().select_for_update(of=("self",)).first()
            if row is None:
                return
            if not for_now or row.attempts >= MOST_ATTEMPTS:
                fetch_fail(row=row, reason=sentence)
                return
            wait = timedelta(seconds=min(60, 2 ** max(row.attempts - 1, 0)))
            self._mine().update(
                trouble=sentence[:400],
                not_before=Now() + wait,
                lease_owner=None,
                lease_until=None,
            )
            routing.add(ROUTE, organization_id=row.organization_id, row_id=row.id, due_in=wait)

    def tidy_up(self) -> None:
        """Leave nothing on disk of a fetch that was discarded meanwhile."""
        row = self.row
        with fence.inside(row.organization_id):
            is_wanted = Fetch.objects.filter(pk=row.pk).exists()
        if not is_wanted:
            services.upload_forget_unless_kept(
                organization_id=row.organization_id, export_id=row.id
            )

    def _take_in(self, answer: Answer) -> None:
        most: int = settings.UPLOAD_MAX_BYTES
        held = bytearray()
        began = time.monotonic()
        for chunk in answer.chunks():
            held += chunk
            self.alive()
            if self.row.received + len(held) > most:
                raise NotFetched(too_large(most))
            # The last piece says that it is the last, so one is held back until more has come.
            while len(held) > PIECE_BYTES:
                self._keep(held[:PIECE_BYTES], last=False)
                del held[:PIECE_BYTES]
                began = time.monotonic()
            if time.monotonic() - began > _PIECE_WITHIN_SECONDS:
                raise NotFetched("The server is too slow.", for_now=True)
        if not held:
            raise NotFetched("The file is empty.")
        if answer.size is not None and self.row.received + len(held) != answer.size:
            raise NotFetched("The connection to the server broke off.", for_now=True)
        self._keep(held, last=True)

    def _keep(self, piece: bytes | bytearray, *, last: bool) -> None:
        """Let a piece count once it is sealed and on disk."""
        row = self.row
        if not has_room(len(piece)):
            raise NotFetched(NO_ROOM)
        number = row.received // PIECE_BYTES
        if not number and not last:
            refuse_soon(bytes(piece[:ENOUGH]))
        part = staging.new_name(row.id, "part")
        label = piece_label(row.staged_name, number, last=last)
        try:
            with staging.writing(part, self.key, label=label) as sealed:
                for piece_slice in _slices(piece):
                    sealed.write(piece_slice)
            with fence.inside(row.organization_id):
                if self._mine().select_for_update(of=("self",)).first() is None:
                    raise _LeaseLost
                staging.place_piece(part, row.staged_name, number)
                received = row.received + len(piece)
                self._mine().update(
                    received=received,
                    is_whole=last,
                    attempts=1,
                    trouble="",
                    lease_until=Now() + LEASE,
                )
                services.upload_expect(organization_id=row.organization_id, export_id=row.id)
        finally:
            staging.remove(part)
        row.received, row.is_whole = received, last

    def _forget_what_is_here(self) -> None:
        name, before = staging.new_name(self.row.id, "upload"), self.row.staged_name
        self._update(
            staged_name=name,
            received=0,
            is_whole=False,
            file_size=None,
            validator="",
            begun_anew=F("begun_anew") + 1,
        )
        # By its name: what else is there by now may be a later worker's.
        staging.remove(before)

    def _update(self, **what: object) -> None:
        with fence.inside(self.row.organization_id):
            if not self._mine().update(**what):
                raise _LeaseLost
            self.row.refresh_from_db()

    def _mine(self) -> QuerySet[Fetch]:
        mine = Fetch.objects.filter(pk=self.row.pk, lease_owner=self.owner, failed_at=None)
        return mine.select_related("destination", "created_by")

    def _stay_alive(self) -> None:
        with fence.inside(self.row.organization_id):
            if not self._mine().update(lease_until=Now() + LEASE):
                raise _LeaseLost


def _slices(piece: bytes | bytearray, size: int = 512 * 1024) -> Iterable[bytes]:
    for at in range(0, len(piece), size):
        yield bytes(piece[at : at + size])
