"""Ask what came of batches that a platform has taken and works on after its answer."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta

from django.db import Error as DatabaseFault
from django.db.models.functions import Now
from django.utils import timezone

from authorizations import tokens
from authorizations.uses import Use
from destinations import audiences
from exports import breakers
from exports.models import Export, ExportBatch
from exports.outcomes import end_or_wait, go_on_as_answered
from exports.receipts import accepted_of
from exports.states import BatchState, WaitingFor
from exports.troubles import fault_of_ours, not_set_up, trouble_of
from organizations import fence
from providers.app import NotConfigured
from providers.errors import PlatformError
from providers.values import Receipt

logger = logging.getLogger(__name__)

# Longer than asking may take; meanwhile nobody else asks.
_ASKING = timedelta(seconds=110)
# Asked again after a quarter of the time that it has taken so far, within these bounds.
_SOONEST, _LATEST = timedelta(minutes=1), timedelta(minutes=15)
# Of answers that nobody understands so many count as one: nothing is lost by asking again.
_UNKNOWN_COUNT = 5
# A platform that does not say in this time what came of a batch will not.
_PATIENCE = timedelta(hours=72)


def confirm(organization_id: uuid.UUID, batch_id: uuid.UUID) -> uuid.UUID | None:
    """Ask what came of a batch; return its export's id if something did. Outside the fence."""
    with fence.inside(organization_id):
        asked = ExportBatch.objects.filter(
            pk=batch_id, state=BatchState.TAKEN, not_before__lte=Now()
        )
        if not asked.update(not_before=Now() + _ASKING):
            return None
        batch = ExportBatch.objects.select_related("export__destination").get(pk=batch_id)
    platform = batch.export.destination.platform
    if breakers.may_go(platform) == breakers.Way.SHUT:
        # It is as due as before; the next look at the export has it asked.
        _note(organization_id, batch, not_before=Now())
        return None
    taken = Receipt(batch.accepted, batch.request_id, batch.receipt, settled=False)
    try:
        receipt = _asked(organization_id, batch, taken)
    except audiences.NoAuthorization:
        return _note_patience(organization_id, batch)
    except PlatformError as error:
        return _note_trouble(organization_id, batch, error)
    _note_answer(organization_id, batch)
    if receipt is None:
        return _note_patience(organization_id, batch)
    return _note(
        organization_id,
        batch,
        state=BatchState.ACCEPTED,
        accepted=accepted_of(receipt, batch),
        receipt=dict(receipt.facts),
        finished_at=Now(),
    )


def _asked(organization_id: uuid.UUID, batch: ExportBatch, taken: Receipt) -> Receipt | None:
    target = audiences.target_of(organization_id, batch.export.destination_id)
    audience = target.audience
    if audience is None:
        raise audiences.NoAuthorization
    use = Use("export", person_id=batch.export.created_by_id, subject_id=batch.export_id)
    try:
        return tokens.call(
            organization_id,
            target.authorization_id,
            use,
            lambda platform, connection: platform.confirm(connection, audience, taken),
        )
    except NotConfigured:
        raise not_set_up(batch.export.destination.platform_label) from None
    except (PlatformError, DatabaseFault):
        raise
    except Exception as error:  # noqa: BLE001 - it is logged, counted and given up in the end
        raise fault_of_ours(error) from None


def _note_trouble(
    organization_id: uuid.UUID, batch: ExportBatch, error: PlatformError
) -> uuid.UUID | None:
    platform = batch.export.destination.platform
    breakers.note_error(platform, error)
    trouble = trouble_of(error, unknown=batch.unknown_answers // _UNKNOWN_COUNT)
    logger.info("batch %s: not confirmed: %s", batch.pk, trouble.reason)
    if trouble.waiting_for is None:
        # Read in a good answer: the platform has worked, and not taken it.
        breakers.note_answer(platform)
        return _note_failure(organization_id, batch, trouble.reason, error.code)
    if trouble.waiting_for != WaitingFor.PLATFORM:
        with fence.inside(organization_id):
            export = Export.objects.get(pk=batch.export_id)
            if not export.is_final:
                end_or_wait(export, trouble)
    unknown = batch.unknown_answers + 1 if trouble.is_unknown else 0
    at_least = timedelta(seconds=error.retry_after or 0)
    return _note_patience(organization_id, batch, at_least=at_least, unknown_answers=unknown)


def _note_answer(organization_id: uuid.UUID, batch: ExportBatch) -> None:
    breakers.note_answer(batch.export.destination.platform)
    with fence.inside(organization_id):
        export = Export.objects.get(pk=batch.export_id)
        go_on_as_answered(export)


def _note_patience(
    organization_id: uuid.UUID,
    batch: ExportBatch,
    *,
    at_least: timedelta = timedelta(),
    unknown_answers: int = 0,
) -> uuid.UUID | None:
    since = batch.troubled_since or timezone.now()
    if timezone.now() - since > _PATIENCE:
        reason = "The platform did not say in three days what came of this batch."
        return _note_failure(organization_id, batch, reason, "")
    pause = min(_LATEST, max(_SOONEST, (timezone.now() - since) / 4))
    _note(
        organization_id,
        batch,
        not_before=Now() + max(pause, at_least),
        troubled_since=since,
        unknown_answers=unknown_answers,
        hinted_until=None,
    )
    return None


def _note_failure(
    organization_id: uuid.UUID, batch: ExportBatch, reason: str, code: str
) -> uuid.UUID | None:
    return _note(
        organization_id,
        batch,
        state=BatchState.FAILED,
        accepted=0,
        error=reason[:400],
        error_code=code[:60],
        finished_at=Now(),
    )


def _note(organization_id: uuid.UUID, batch: ExportBatch, **what: object) -> uuid.UUID | None:
    with fence.inside(organization_id):
        still = ExportBatch.objects.filter(pk=batch.pk, state=BatchState.TAKEN)
        return batch.export_id if still.update(**what) else None
