"""What becomes of a batch that was not delivered: it goes again later, or waits, or is given up."""

from __future__ import annotations

import logging
import time
import uuid
from datetime import timedelta
from threading import BoundedSemaphore, Lock

from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from destinations.connection import ad_accounts_look
from destinations.models import Destination
from destinations.standing import Standing, standing_of
from exports import breakers
from exports.claims import Claim
from exports.halving import halve
from exports.models import Export, ExportBatch
from exports.outcomes import LOOK_AGAIN, end_or_wait, forget_audience, wait_for_destination
from exports.services import wake
from exports.states import BatchState, ExportState
from exports.troubles import Trouble, trouble_of
from organizations import fence
from providers.errors import BadRows, PermissionMissing, PlatformError

logger = logging.getLogger(__name__)

# Slots that write at a time, each with a connection of its own: a platform that refuses all that is
# in flight must not take all that the database has.
desks = BoundedSemaphore(8)
# A disk that is full has room again after so long, perhaps.
_ROOM_IN = 60.0
# So long the ad accounts that an authorization was seen to reach are believed, by this process.
_LOOK_LASTS = 10.0
_looking, _looked_at = Lock(), dict[uuid.UUID, float]()
# Troubles in a row after which the page says that the export waits for the platform.
_SAY_AFTER = 3


def note_trouble(claim: Claim, error: PlatformError) -> None:
    """Judge what a platform said of a batch, and do what follows. Outside the fence."""
    standing = is_looked_at = None
    if isinstance(error, PermissionMissing):
        # Not at a desk: the platform is asked.
        standing = _standing_now(claim)
        is_looked_at = standing is None
    with desks:
        if is_looked_at:
            give_back(claim, again_in=_LOOK_LASTS / 2)
        elif standing is not None and not standing.may_export:
            # Its page says the cause, and the export goes on by itself once that is gone.
            give_back(claim, again_in=0.0, standing=standing)
        else:
            _note(claim, error)


def _note(claim: Claim, error: PlatformError) -> None:
    row = claim.batch
    since = row.troubled_since
    lasting = timezone.now() - since if since else timedelta()
    trouble = trouble_of(error, troubles=row.troubles, unknown=row.unknown_answers, lasting=lasting)
    breakers.note_error(claim.export.destination.platform, error)
    logger.info("batch %s: %s: %s", row.pk, type(error).__name__, trouble.reason)
    if trouble.again_in is not None:
        give_back(claim, again_in=trouble.again_in, trouble=trouble, error=error)
    elif trouble.waiting_for is not None:
        give_back(claim, again_in=0.0, trouble=trouble, error=error)
    elif not (isinstance(error, BadRows) and _is_halved(claim, trouble, error)):
        give_up(claim, trouble, error)


def _standing_now(claim: Claim) -> Standing | None:
    """Return how the destination stands, with what its authorization reaches asked anew.

    None while somebody else of this process asks: all that are in flight are refused at once.
    """
    if not _looking.acquire(blocking=False):
        return None
    try:
        return _standing_looked_at(claim.organization_id, claim.export.destination_id)
    finally:
        _looking.release()


def _standing_looked_at(organization_id: uuid.UUID, destination_id: uuid.UUID) -> Standing:
    with fence.inside(organization_id):
        destination = Destination.objects.get(pk=destination_id)
        authorization_id, standing = destination.authorization_id, standing_of(destination)
    if authorization_id is None or not standing.may_export:
        return standing
    if time.monotonic() - _looked_at.get(authorization_id, -_LOOK_LASTS) < _LOOK_LASTS:
        return standing
    try:
        ad_accounts_look(organization_id=organization_id, authorization_id=authorization_id)
    finally:
        _looked_at[authorization_id] = time.monotonic()
    with fence.inside(organization_id):
        return standing_of(Destination.objects.get(pk=destination_id))


def _is_halved(claim: Claim, trouble: Trouble, error: BadRows) -> bool:
    try:
        return halve(claim, trouble, error)
    except OSError:
        logger.exception("batch %s could not be halved: is there no room?", claim.batch.pk)
        give_back(claim, again_in=_ROOM_IN)
        return True


def give_back(
    claim: Claim,
    *,
    again_in: float,
    trouble: Trouble | None = None,
    error: PlatformError | None = None,
    standing: Standing | None = None,
) -> None:
    """Let a batch be sent after so many seconds, by whoever comes. Outside the fence.

    With a `standing` the whole export waits for its destination.
    """
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
                "unknown_answers": F("unknown_answers") + 1 if trouble.is_unknown else 0,
            }
    with fence.inside(claim.organization_id):
        if not claim.row.update(**changes):
            # What becomes of it is for whoever took over to say.
            return
        export = Export.objects.get(pk=claim.export.pk)
        if export.state == ExportState.CANCELED:
            _canceled(claim)
            return
        if trouble is not None and not export.is_final and _is_to_be_said(claim, trouble):
            end_or_wait(export, trouble)
        if standing is not None and not export.is_final:
            wait_for_destination(export, standing)
        # Last: everybody locks the export before its route. Others of its batches may be due
        # earlier than this one, however long the platform asked for.
        wake(export, min(timedelta(seconds=again_in), LOOK_AGAIN))


def _is_to_be_said(claim: Claim, trouble: Trouble) -> bool:
    return trouble.of_the_export or claim.batch.troubles + 1 >= _SAY_AFTER


def give_up(claim: Claim, trouble: Trouble, error: PlatformError | None = None) -> None:
    """Let a batch have failed; its export goes on with the others or not. Outside the fence."""
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
