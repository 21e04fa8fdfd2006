"""Send batches: claimed by a lease, with a token and a place in the rate; keep the receipts.

`exports.sending` sends many at once by what is here; each of them goes its own way to its end.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from django.db import Error as DatabaseFault
from django.db import connection

from authorizations import tokens
from authorizations.uses import Use, count_use
from destinations import audiences
from exports import breakers, rates, staging
from exports.claims import Claim, LeaseLost, Over, claim_due, locked
from exports.engine import batches as encoding
from exports.engine.sealed_stream import SealBroken as FileSealBroken
from exports.models import Export
from exports.outcomes import go_on_as_answered
from exports.receipts import write_receipts
from exports.room import Room
from exports.services import file_key_of
from exports.states import BatchState, Operation
from exports.troubles import Trouble, fault_of_ours, not_set_up, pause_after
from exports.undelivered import desks, give_back, give_up, note_trouble
from organizations.sealing import SealBroken
from providers.app import NotConfigured
from providers.connection import Connection
from providers.errors import PlatformError, Throttled
from providers.platform import Platform
from providers.values import Audience, Receipt

logger = logging.getLogger(__name__)

# A place in the rate is lost after so long, and another one is taken, for which is waited so long.
_LATE_SECONDS, _LATEST_SECONDS = 0.5, 10.0
# In so short a wait an export is hardly ever canceled, and at a platform of high rates all wait so.
_SHORT_SECONDS = 0.05
# What this process holds of large batches while they are sent, over all exports.
_room = Room(200_000)


class _NoPlace(Exception):
    """The rate is held: a request may go after so many seconds, and waits for them elsewhere."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


@dataclass(frozen=True)
class Way:
    """How batches of one export reach their audience: good for a second or two.

    `lent` is the error where there is no token to be had. `is_probe`: for one batch only, which
    finds out whether the platform is there again.
    """

    audience: Audience
    sender: rates.Sender
    use: Use
    lent: tokens.Lent | PlatformError
    file_key: bytes = field(repr=False)
    is_probe: bool = False

    @property
    def is_open(self) -> bool:
        """Say whether there is a token."""
        return isinstance(self.lent, tokens.Lent)


def way_of(export: Export) -> Way | None:
    """Find where an export's batches go, and a token; None where nobody can be asked.

    Then the next look at the export says why. Outside the fence. Raises sealing.SealBroken.
    """
    try:
        target = audiences.target_of(export.organization_id, export.destination_id)
    except audiences.NoAuthorization:
        return None
    audience = target.to
    if audience is None:
        return None
    may_go = breakers.may_go(target.platform.key)
    if may_go == breakers.Way.SHUT:
        return None
    lent: tokens.Lent | PlatformError
    try:
        lent = tokens.lend(export.organization_id, target.authorization_id)
    except PlatformError as error:
        lent = error
    return Way(
        audience=audience,
        sender=rates.Sender.to(target),
        use=Use("export", person_id=export.created_by_id, subject_id=export.id),
        lent=lent,
        file_key=file_key_of(export),
        is_probe=may_go == breakers.Way.PROBE,
    )


def claim_on(way: Way, export_id: uuid.UUID, *, at_most: int) -> list[Claim]:
    """Claim batches that are due, and count the uses of the token. In the fence."""
    export = locked(export_id)
    if export is None:
        return []
    if way.is_probe or not way.is_open:
        # One finds out what all would meet, and it counts once.
        at_most = min(at_most, 1)
    claimed = claim_due(export, way.audience.id, way.file_key, at_most=at_most)
    if way.is_probe and not claimed:
        breakers.not_probed(way.sender.platform.key)
    if claimed and isinstance(way.lent, tokens.Lent):
        count_use(export.organization_id, way.sender.authorization_id, way.use, len(claimed))
    return claimed


def placed(way: Way, claimed: Sequence[Claim]) -> list[tuple[Claim, float]]:
    """Reserve places in the rate: return claims with the seconds to wait before each.

    Those that would wait for too long are given back. Outside the fence.
    """
    places, wait = [0.0] * len(claimed), 0.0
    if claimed and isinstance(way.lent, tokens.Lent):
        with suppress(NotConfigured):
            places, wait = rates.reserve_several(
                way.sender, len(claimed), patience=rates.patience(way.sender)
            )
    for each in claimed[len(places) :]:
        give_back(each, again_in=wait)
    return list(zip(claimed, places, strict=False))


def deliver(claim: Claim, way: Way, wait: float) -> Receipt | None:
    """Send a batch after so many seconds; what goes wrong is noted. Outside the fence."""
    try:
        return _delivered(claim, way, wait)
    except LeaseLost:
        logger.warning("batch %s: its lease ran out before it was sent", claim.batch.pk)
    except (_NoPlace, Over) as none:
        # Of an export that was canceled, it is canceled by that.
        with desks:
            give_back(claim, again_in=none.seconds if isinstance(none, _NoPlace) else 0.0)
    except PlatformError as error:
        _note(claim, error)
    except NotConfigured:
        _note(claim, not_set_up(claim.export.destination.platform_label))
    except (SealBroken, FileSealBroken, FileNotFoundError, encoding.BatchBroken):
        logger.exception("batch %s is not readable", claim.batch.pk)
        with desks:
            give_up(claim, Trouble(None, "The prepared batch is not readable any more."))
    except DatabaseFault:
        # Nothing can be noted now; the lease ends by itself.
        raise
    except Exception as error:  # noqa: BLE001 - it is logged, counted and given up in the end
        # One batch must neither take the others of its worker with it nor be tried for ever.
        _note(claim, fault_of_ours(error))
    return None


def _note(claim: Claim, error: PlatformError) -> None:
    try:
        note_trouble(claim, error)
    except DatabaseFault:
        raise
    except Exception as fault:  # noqa: BLE001 - as above
        note_trouble(claim, fault_of_ours(fault))


def _delivered(claim: Claim, way: Way, wait: float) -> Receipt:
    if not isinstance(way.lent, tokens.Lent):
        raise way.lent
    due_at = time.monotonic() + wait
    if wait:
        _wait_for_place(claim, wait)
    with _room.taken(claim.batch.identifiers):
        return _sent(claim, way, way.lent, due_at)


def _wait_for_place(claim: Claim, seconds: float) -> None:
    """Wait until a request may go; it does not begin for an export that is over by then."""
    time.sleep(seconds)
    if seconds < _SHORT_SECONDS:
        return
    with desks:
        claim.make_sure_it_goes_on()
        _close_connection()


def _close_connection() -> None:
    """Keep no connection to the database while the platform is waited for."""
    if not connection.in_atomic_block:
        connection.close()


def _sent(claim: Claim, way: Way, lent: tokens.Lent, due_at: float) -> Receipt:
    batch = encoding.decode(staging.content(claim.batch.stored_name, claim.key))
    if time.monotonic() - due_at > _LATE_SECONDS:
        # A machine that had no time for us held up others too: all at once they would be too fast.
        with desks:
            wait = rates.reserve(way.sender, patience=_LATEST_SECONDS)
            _close_connection()
        if wait > _LATEST_SECONDS:
            raise _NoPlace(wait)
        _wait_for_place(claim, wait)

    def work(platform: Platform, connection: Connection) -> Receipt:
        claim.begin_request()
        if claim.batch.operation == Operation.REMOVE:
            return platform.remove(connection, way.audience, batch)
        return platform.add(connection, way.audience, batch)

    try:
        return lent.call(work)
    except Throttled as error:
        rates.hold(way.sender, pause_after(error, claim.batch.troubles), error.whose)
        raise


def note_receipts(received: Sequence[tuple[Claim, Receipt]]) -> None:
    """Keep the receipts of batches of one export. In the fence."""
    if not received:
        return
    noted = write_receipts(received)
    for claim, _ in received:
        if claim.batch.pk not in noted:
            # Whoever took over sends it again, which is harmless.
            logger.warning("batch %s: accepted, but its lease was lost", claim.batch.pk)
    export = Export.objects.select_related("destination").get(pk=received[0][0].export.pk)
    if breakers.note_answer(export.destination.platform):
        # It is there again: what had waited for it need not wait any longer.
        waiting = export.batches.filter(state=BatchState.PENDING, troubles__gt=0)
        waiting.update(not_before=None)
    go_on_as_answered(export)
