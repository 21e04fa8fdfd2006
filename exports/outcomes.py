"""An export waits, or fails: its row, its batches, its history, and when it is looked at again."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F, Q
from django.db.models.functions import Now

from audit.services import record as audit
from destinations import audiences
from destinations.standing import NEEDS_RECONNECTION, Standing
from exports import completeness, rates, record
from exports.models import Export, ExportBatch
from exports.services import wake
from exports.states import FINAL, BatchState, ExportState, WaitingFor
from exports.troubles import Trouble, pause_after, trouble_of
from organizations import fence
from providers.errors import PlatformError, Throttled

LOOK_AGAIN = timedelta(seconds=10)


def wait(export: Export, waiting_for: WaitingFor, reason: str) -> None:
    """Let an export wait, and say why; nothing is lost. In the fence."""
    said = {"waiting_for": waiting_for, "reason": reason[:400]}
    if export.state == ExportState.WAITING:
        if (export.waiting_for, export.reason) != (waiting_for, reason[:400]):
            Export.objects.filter(pk=export.pk, state=ExportState.WAITING).update(**said)
    elif export.move(ExportState.WAITING, **said):
        # Messages that are on their way find it waiting and do nothing.
        export.batches.filter(state=BatchState.PENDING).update(hinted_until=None)
        audit(
            "export waits",
            organization_id=export.organization_id,
            subject=export,
            reason=reason,
        )
    wake(export, LOOK_AGAIN)


def wait_for_destination(export: Export, standing: Standing) -> None:
    """Let an export wait until its destination can be exported to again. In the fence."""
    is_gone = standing.words == NEEDS_RECONNECTION
    waiting_for = WaitingFor.RECONNECTION if is_gone else WaitingFor.DESTINATION
    wait(export, waiting_for, standing.why)


def somebody_is_before(export: Export) -> bool:
    """Say whether an export that started earlier may still change the audience.

    One that is over may, as long as a worker holds a lease on it or on one of its batches: it may
    be frozen with a request half sent.
    """
    others = Export.objects.filter(destination=export.destination_id).exclude(pk=export.pk)
    earlier = Q(started_at__lt=export.started_at) | Q(
        started_at=export.started_at, pk__lt=export.pk
    )
    is_at_it = Q(state__in=FINAL, lease_until__gte=Now())
    if others.filter(is_at_it).exists() or others.under_way().filter(earlier).exists():
        return True
    return ExportBatch.objects.filter(export__in=others).under_way().exists()


def go_on_as_answered(export: Export) -> None:
    """Let an export that waited for its platform go on: that answers again. In the fence."""
    if export.waiting_for == WaitingFor.PLATFORM:
        export.move(ExportState.SENDING)


def end_or_wait(export: Export, trouble: Trouble) -> None:
    """Let the whole export wait or fail for a trouble that is not one batch's. In the fence."""
    if trouble.waiting_for is not None:
        wait(export, trouble.waiting_for, trouble.reason)
        if trouble.look_again is not None:
            wake(export, trouble.look_again)
        return
    if trouble.audience_is_gone:
        # What it had accepted went with it.
        Export.objects.filter(pk=export.pk).update(cleared_at=None)
        export.batches.filter(state=BatchState.ACCEPTED).update(**failed_for(trouble.reason))
    fail(export, trouble.reason)


def judged(export: Export, error: PlatformError, target: audiences.Target | None) -> Trouble:
    """Judge an error of what is not one batch's; others wait too where it was asked too fast."""
    if isinstance(error, Throttled) and target is not None:
        rates.hold(rates.Sender.to(target), pause_after(error, export.attempts), error.whose)
    return trouble_of(error, troubles=export.attempts, unknown=export.unknown_answers)


def count_unknown(export: Export, trouble: Trouble) -> None:
    """Count answers in a row that nobody understands, to what is not one batch's. In the fence."""
    count = F("unknown_answers") + 1 if trouble.is_unknown else 0
    Export.objects.filter(pk=export.pk).update(unknown_answers=count)


def fail(export: Export, reason: str) -> None:
    """Let an export fail with all that it has not sent. In the fence."""
    unsent = export.batches.filter(state__in=(BatchState.PENDING, BatchState.UPLOADED))
    unsent.update(**failed_for(reason))
    if export.move(ExportState.FAILED, reason=reason[:400]):
        wake(export)
        audit(
            "export failed",
            organization_id=export.organization_id,
            subject=export,
            reason=reason,
        )
        completeness.note(export)


def failed_for(reason: str) -> dict[str, object]:
    """Return the columns of a batch that failed for a reason."""
    return {"state": BatchState.FAILED, "error": reason[:400], "finished_at": Now()}


def forget_audience(export: Export, audience_id: str) -> None:
    """Forget an audience that the platform does not know any more, and the record of it."""
    audiences.audience_forget(export.organization_id, export.destination_id, audience_id)
    with fence.inside(export.organization_id):
        record.doubt(export.destination_id, audience_id)
