"""Send one batch: claim it by a lease, get a token and a place in the rate, send, keep the receipt.

The row says who sends it and until when by the database's clock. The lease is renewed right before
the request and outlasts it, so a worker that was frozen past its lease neither sends nor writes.
"""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from authorizations import tokens
from authorizations.uses import Use
from destinations import audiences
from destinations.connection import ad_accounts_look
from destinations.models import Destination
from destinations.standing import standing_of
from exports import rates, staging
from exports.conducting import LOOK_AGAIN, end_or_wait
from exports.engine import batches as encoding
from exports.engine.sealed_stream import SealBroken as FileSealBroken
from exports.models import (
    BatchState,
    Export,
    ExportBatch,
    ExportState,
    Mode,
    WaitingFor,
    not_leased,
)
from exports.services import wake
from exports.troubles import Trouble, not_set_up, trouble_of
from organizations import fence
from organizations.sealing import SealBroken
from providers.app import NotConfigured
from providers.connection import Connection
from providers.errors import PermissionMissing, PlatformError, Throttled
from providers.platform import Platform
from providers.values import Audience, Batch, Receipt

logger = logging.getLogger(__name__)

# Longer than one request takes (providers.transport: under 100 s).
LEASE = timedelta(seconds=105)
# A worker waits so long for its place in the rate; for more it comes back.
PATIENCE_SECONDS = 2.0
# Platforms that work on a batch after they have taken it need about so long at least.
CONFIRM_AFTER = timedelta(seconds=60)
# Troubles in a row after which the page says that the export waits for the platform.
_SAY_AFTER = 3


class _LeaseLost(Exception):
    """The lease ran out before anything was sent: somebody else sends this batch."""


class _NotYet(Exception):
    """Nothing was sent; come back after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


@dataclass(frozen=True)
class _Claim:
    organization_id: uuid.UUID
    batch: ExportBatch
    export: Export
    owner: uuid.UUID
    key: bytes
    platform_label: str
    audience_id: str


def send(organization_id: uuid.UUID, batch_id: uuid.UUID) -> uuid.UUID | None:
    """Send a batch if nobody else does; return the export's id if something came of it.

    Harmless to call again. Outside the fence.
    """
    claim = _claim(organization_id, batch_id)
    if claim is None:
        return None
    try:
        receipt = _delivered(claim)
    except _LeaseLost:
        logger.warning("batch %s: its lease ran out before it was sent", batch_id)
        return None
    except _NotYet as later:
        _give_back(claim, again_in=later.seconds)
    except PlatformError as error:
        _note_trouble(claim, error)
    except NotConfigured:
        _note_trouble(claim, not_set_up(claim.platform_label))
    except (SealBroken, FileSealBroken, FileNotFoundError, encoding.BatchBroken):
        logger.exception("batch %s is not readable", batch_id)
        _give_up(claim, Trouble(None, "The prepared batch is not readable any more."))
    else:
        _note_receipt(claim, receipt)
    return claim.export.id


def _is_said_by_the_destination(claim: _Claim) -> bool:
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


def _delivered(claim: _Claim) -> Receipt:
    """Wait for a place in the rate, then send."""
    try:
        target = audiences.target_of(claim.organization_id, claim.export.destination_id)
    except audiences.NoAuthorization:
        raise _NotYet(0.0) from None
    if target.audience is None or target.audience.id != claim.audience_id:
        # Forgotten or changed meanwhile; the next look at the export goes by what it is now.
        raise _NotYet(0.0)
    sender = rates.Sender(target.platform, target.authorization_id, target.request.ad_account_id)
    wait = rates.reserve(sender, patience=PATIENCE_SECONDS)
    if wait > PATIENCE_SECONDS:
        raise _NotYet(wait)
    time.sleep(wait)
    batch = _read(claim)
    try:
        return _sent(claim, target.authorization_id, target.audience, batch)
    except Throttled as error:
        rates.hold(sender, error.retry_after or 1.0)
        raise


def _claim(organization_id: uuid.UUID, batch_id: uuid.UUID) -> _Claim | None:
    owner = uuid.uuid4()
    with fence.inside(organization_id):
        found = ExportBatch.objects.filter(pk=batch_id).select_related("export").first()
        if found is None or found.export.state not in {ExportState.SENDING, ExportState.WAITING}:
            return None
        if found.export.waiting_for not in {"", WaitingFor.PLATFORM}:
            return None
        # Locked, so that a cancel is either seen here or finds the lease.
        export = Export.objects.select_for_update().get(pk=found.export_id)
        if export.state != found.export.state:
            return None
        taken = (
            ExportBatch.objects.filter(
                pk=batch_id, state__in=(BatchState.PENDING, BatchState.SENDING)
            )
            .filter(not_leased())
            .update(
                state=BatchState.SENDING,
                lease_owner=owner,
                lease_until=Now() + LEASE,
                hinted_until=None,
            )
        )
        if not taken:
            return None
        key, to = staging.file_key(export), export.destination
        return _Claim(organization_id, found, export, owner, key, to.platform_label, to.audience_id)


def _read(claim: _Claim) -> Batch:
    with staging.reading(claim.batch.stored_name, claim.key) as stream:
        return encoding.decode(stream.read())


def _sent(claim: _Claim, authorization_id: uuid.UUID, audience: Audience, batch: Batch) -> Receipt:
    def deliver(platform: Platform, connection: Connection) -> Receipt:
        _renew(claim)
        if claim.export.mode == Mode.REMOVE:
            return platform.remove(connection, audience, batch)
        return platform.add(connection, audience, batch)

    use = Use("export", person_id=claim.export.created_by_id, subject_id=claim.export.id)
    return tokens.call(claim.organization_id, authorization_id, use, deliver)


def _renew(claim: _Claim) -> None:
    """Take the lease anew for one request, and count the request."""
    with fence.inside(claim.organization_id):
        renewed = _mine(claim).filter(lease_until__gte=Now(), state=BatchState.SENDING)
        if not renewed.update(lease_until=Now() + LEASE, attempts=F("attempts") + 1):
            raise _LeaseLost


def _mine(claim: _Claim) -> QuerySet[ExportBatch]:
    return ExportBatch.objects.filter(pk=claim.batch.pk, lease_owner=claim.owner)


_NO_LEASE = {"lease_owner": None, "lease_until": None}


def _note_receipt(claim: _Claim, receipt: Receipt) -> None:
    with fence.inside(claim.organization_id):
        noted = _mine(claim).update(
            state=BatchState.ACCEPTED if receipt.settled else BatchState.TAKEN,
            not_before=None if receipt.settled else Now() + CONFIRM_AFTER,
            accepted=receipt.accepted,
            request_id=receipt.request_id[:120],
            receipt=dict(receipt.facts),
            error="",
            error_code="",
            troubles=0,
            troubled_since=None,
            finished_at=Now() if receipt.settled else None,
            **_NO_LEASE,
        )
        if not noted:
            # Whoever took over sends it again, which is harmless.
            logger.warning("batch %s: accepted, but its lease was lost", claim.batch.pk)
            return
        export = Export.objects.get(pk=claim.export.pk)
        if export.waiting_for == WaitingFor.PLATFORM:
            export.move(ExportState.SENDING)


def _note_trouble(claim: _Claim, error: PlatformError) -> None:
    if isinstance(error, PermissionMissing) and _is_said_by_the_destination(claim):
        _give_back(claim, again_in=0.0)
        return
    row = claim.batch
    since = row.troubled_since
    lasting = timezone.now() - since if since else timedelta()
    trouble = trouble_of(error, troubles=row.troubles, lasting=lasting)
    logger.info("batch %s: %s: %s", row.pk, type(error).__name__, trouble.reason)
    if trouble.again_in is not None:
        _give_back(claim, again_in=trouble.again_in, trouble=trouble, error=error)
    elif trouble.waiting_for is not None:
        _give_back(claim, again_in=0.0, trouble=trouble, error=error)
    else:
        _give_up(claim, trouble, error)


def _give_back(
    claim: _Claim,
    *,
    again_in: float,
    trouble: Trouble | None = None,
    error: PlatformError | None = None,
) -> None:
    """Let the batch be sent later, by whoever comes."""
    changes: dict[str, object] = {
        "state": BatchState.PENDING,
        "not_before": Now() + timedelta(seconds=again_in) if again_in else None,
        **_NO_LEASE,
    }
    if trouble is not None and error is not None:
        changes |= {"error": trouble.reason[:400], "error_code": error.code[:60]}
        if trouble.is_trouble_there:
            changes |= {
                "troubles": F("troubles") + 1,
                "troubled_since": Coalesce("troubled_since", Now()),
            }
    with fence.inside(claim.organization_id):
        if not _mine(claim).update(**changes):
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


def _give_up(claim: _Claim, trouble: Trouble, error: PlatformError | None = None) -> None:
    with fence.inside(claim.organization_id):
        given_up = _mine(claim).update(
            state=BatchState.FAILED,
            error=trouble.reason[:400],
            error_code=error.code[:60] if error else "",
            request_id=error.request_id[:120] if error else "",
            finished_at=Now(),
            **_NO_LEASE,
        )
        if not given_up:
            return
        if trouble.audience_is_gone:
            audiences.audience_forget(
                claim.organization_id, claim.export.destination_id, claim.audience_id
            )
        export = Export.objects.get(pk=claim.export.pk)
        if trouble.of_the_export and not export.is_final:
            end_or_wait(export, trouble)


def _canceled(claim: _Claim) -> None:
    ExportBatch.objects.filter(pk=claim.batch.pk, state=BatchState.PENDING).update(
        state=BatchState.CANCELED, finished_at=Now()
    )
