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
from datetime import timedelta

from django.db import Error as DatabaseFault
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from authorizations import tokens
from authorizations.uses import Use, count_use
from destinations import audiences
from destinations.connection import ad_accounts_look
from destinations.models import Destination
from destinations.standing import standing_of
from exports import breakers, rates, staging
from exports.claims import Claim, LeaseLost, claim_due, locked
from exports.engine import batches as encoding
from exports.engine.sealed_stream import SealBroken as FileSealBroken
from exports.halving import halve
from exports.models import Export, ExportBatch
from exports.outcomes import LOOK_AGAIN, end_or_wait, forget_audience
from exports.receipts import write_receipts
from exports.room import Room
from exports.services import file_key_of, wake
from exports.states import BatchState, ExportState, Operation, WaitingFor
from exports.troubles import Trouble, fault_of_ours, not_set_up, pause_after, trouble_of
from organizations import fence
from organizations.sealing import SealBroken
from providers.app import NotConfigured
from providers.connection import Connection
from providers.errors import BadRows, PermissionMissing, PlatformError, Throttled
from providers.platform import Platform
from providers.values import Audience, Receipt

logger = logging.getLogger(__name__)

# A place in the rate is lost after so long, and another one is taken, for which is waited so long.
_LATE_SECONDS, _LATEST_SECONDS = 0.5, 10.0
# What this process holds of large batches while they are sent, over all exports.
_room = Room(200_000)
# A disk that is full has room again after so long, perhaps.
_ROOM_IN = 60.0
# Troubles in a row after which the page says that the export waits for the platform.
_SAY_AFTER = 3


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


def send(organization_id: uuid.UUID, batch_id: uuid.UUID) -> uuid.UUID | None:
    """Send one batch if nobody else does; return the export's id if something came of it.

    Harmless to call again. Outside the fence.
    """
    with fence.inside(organization_id):
        found = ExportBatch.objects.filter(pk=batch_id).select_related("export").first()
    way = None if found is None else way_of(found.export)
    if found is None or way is None:
        return None
    with fence.inside(organization_id):
        claimed = claim_on(way, found.export_id, at_most=1, only=batch_id)
    for each, wait in placed(way, claimed):
        receipt = deliver(each, way, wait)
        if receipt is not None:
            with fence.inside(organization_id):
                note_receipts([(each, receipt)])
    return found.export_id if claimed else None


def claim_on(
    way: Way, export_id: uuid.UUID, *, at_most: int, only: uuid.UUID | None = None
) -> list[Claim]:
    """Claim batches that are due, and count the uses of the token. In the fence."""
    export = locked(export_id)
    if export is None:
        return []
    at_most = min(at_most, 1) if way.is_probe else at_most
    claimed = claim_due(export, way.audience.id, way.file_key, at_most=at_most, only=only)
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
        _give_back(each, again_in=wait)
    return list(zip(claimed, places, strict=False))


def deliver(claim: Claim, way: Way, wait: float) -> Receipt | None:
    """Send a batch after so many seconds; what goes wrong is noted. Outside the fence."""
    try:
        return _delivered(claim, way, wait)
    except LeaseLost:
        logger.warning("batch %s: its lease ran out before it was sent", claim.batch.pk)
    except PlatformError as error:
        _note_trouble(claim, error)
    except NotConfigured:
        _note_trouble(claim, not_set_up(claim.export.destination.platform_label))
    except (SealBroken, FileSealBroken, FileNotFoundError, encoding.BatchBroken):
        logger.exception("batch %s is not readable", claim.batch.pk)
        _give_up(claim, Trouble(None, "The prepared batch is not readable any more."))
    except DatabaseFault:
        # Nothing can be noted now; the lease ends by itself.
        raise
    except Exception as error:  # noqa: BLE001 - it is logged, counted and given up in the end
        # One batch must neither take the others of its worker with it nor be tried for ever.
        _note_trouble(claim, fault_of_ours(error))
    return None


def _delivered(claim: Claim, way: Way, wait: float) -> Receipt:
    if not isinstance(way.lent, tokens.Lent):
        raise way.lent
    due_at = time.monotonic() + wait
    time.sleep(wait)
    with _room.taken(claim.batch.identifiers):
        return _sent(claim, way, way.lent, due_at)


def _sent(claim: Claim, way: Way, lent: tokens.Lent, due_at: float) -> Receipt:
    with staging.reading(claim.batch.stored_name, claim.key) as stream:
        batch = encoding.decode(stream.read())
    if time.monotonic() - due_at > _LATE_SECONDS:
        # A machine that had no time for us held up others too: all at once they would be too fast.
        time.sleep(min(rates.reserve(way.sender, patience=_LATEST_SECONDS), _LATEST_SECONDS))

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


def _is_said_by_the_destination(claim: Claim) -> bool:
    """Ask anew what the authorization reaches; say whether that alone keeps the export waiting.

    Then the destination's page says the cause, and the export goes on by itself once it is gone.
    """
    organization_id, destination_id = claim.organization_id, claim.export.destination_id
    with fence.inside(organization_id):
        authorization_id = Destination.objects.get(pk=destination_id).authorization_id
    if authorization_id is not None:
        ad_accounts_look(organization_id=organization_id, authorization_id=authorization_id)
    with fence.inside(organization_id):
        return not standing_of(Destination.objects.get(pk=destination_id)).may_export


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
        export.batches.filter(troubles__gt=0).update(not_before=None)
    if export.waiting_for == WaitingFor.PLATFORM:
        export.move(ExportState.SENDING)


def _note_trouble(claim: Claim, error: PlatformError) -> None:
    if isinstance(error, PermissionMissing) and _is_said_by_the_destination(claim):
        _give_back(claim, again_in=0.0)
        return
    row = claim.batch
    since = row.troubled_since
    lasting = timezone.now() - since if since else timedelta()
    trouble = trouble_of(error, troubles=row.troubles, lasting=lasting)
    breakers.note_error(claim.export.destination.platform, error)
    logger.info("batch %s: %s: %s", row.pk, type(error).__name__, trouble.reason)
    if trouble.again_in is not None:
        _give_back(claim, again_in=trouble.again_in, trouble=trouble, error=error)
    elif trouble.waiting_for is not None:
        _give_back(claim, again_in=0.0, trouble=trouble, error=error)
    elif not (isinstance(error, BadRows) and _is_halved(claim, trouble, error)):
        _give_up(claim, trouble, error)


def _is_halved(claim: Claim, trouble: Trouble, error: BadRows) -> bool:
    try:
        return halve(claim, trouble, error)
    except OSError:
        logger.exception("batch %s could not be halved: is there no room?", claim.batch.pk)
        _give_back(claim, again_in=_ROOM_IN)
        return True


def _give_back(
    claim: Claim,
    *,
    again_in: float,
    trouble: Trouble | None = None,
    error: PlatformError | None = None,
) -> None:
    """Let the batch be sent later, by whoever comes."""
    changes: dict[str, object] = {
        "state": BatchState.PENDING,
        "not_before": Now() + timedelta(seconds=again_in) if again_in else None,
        **claim.given_back(),
    }
    if trouble is not None and error is not None:
        changes |= {"error": trouble.reason[:400], "error_code": error.code[:60]}
        if trouble.is_trouble_there:
            changes |= {
                "troubles": F("troubles") + 1,
                "troubled_since": Coalesce("troubled_since", Now()),
            }
    with fence.inside(claim.organization_id):
        if not claim.row.update(**changes):
            # What becomes of it is for whoever took over to say.
            return
        export = Export.objects.get(pk=claim.export.pk)
        if export.state == ExportState.CANCELED:
            _canceled(claim)
            return
        # Others of its batches may be due earlier.
        wake(export, min(timedelta(seconds=again_in), LOOK_AGAIN))
        if trouble is None or export.is_final:
            return
        if trouble.of_the_export or claim.batch.troubles + 1 >= _SAY_AFTER:
            end_or_wait(export, trouble)


def _give_up(claim: Claim, trouble: Trouble, error: PlatformError | None = None) -> None:
    with fence.inside(claim.organization_id):
        given_up = claim.row.update(
            state=BatchState.FAILED,
            error=trouble.reason[:400],
            error_code=error.code[:60] if error else "",
            request_id=error.request_id[:120] if error else "",
            finished_at=Now(),
            **claim.given_back(),
        )
        if not given_up:
            return
        if trouble.audience_is_gone:
            forget_audience(claim.export, claim.export.destination.audience_id)
        export = Export.objects.get(pk=claim.export.pk)
        if trouble.of_the_export and not export.is_final:
            end_or_wait(export, trouble)


def _canceled(claim: Claim) -> None:
    ExportBatch.objects.filter(pk=claim.batch.pk, state=BatchState.PENDING).update(
        state=BatchState.CANCELED, finished_at=Now()
    )
