"""An export ends: what came of its batches, and what is destroyed once nobody needs it."""

from __future__ import annotations

from django.db.models.functions import Now

from audit.services import record as audit
from exports import audience_sizes, completeness, erasures, record, retention, staging
from exports.models import Export, not_leased
from exports.outcomes import failed_for
from exports.services import ROUTE, wake
from exports.states import UNENDED, BatchState, ExportState
from organizations import routing


def finish(export: Export) -> None:
    """End an export all of whose batches have ended. In the fence."""
    states = set(export.batches.values_list("state", flat=True))
    failed = export.batches.filter(state=BatchState.FAILED).count()
    if failed:
        to, reason = ExportState.FAILED, _some_failed(export, failed)
    elif BatchState.REFUSED in states and BatchState.ACCEPTED not in states:
        to, reason = ExportState.FAILED, _all_refused(export)
    elif export.rejected or BatchState.REFUSED in states:
        to, reason = ExportState.SUCCEEDED_WITH_REJECTS, ""
    else:
        to, reason = ExportState.SUCCEEDED, ""
    if not export.move(to, reason=reason):
        return
    wake(export)
    audit(
        "export finished",
        organization_id=export.organization_id,
        subject=export,
        state=export.get_state_display(),
    )
    completeness.note(export)
    if BatchState.ACCEPTED in states:
        audience_sizes.look_soon(export)


def _some_failed(export: Export, failed: int) -> str:
    sent = export.batches.sent().exclude(state=BatchState.SPLIT)
    total, delivered = sent.count(), sent.filter(state=BatchState.ACCEPTED).count()
    first = export.batches.filter(state=BatchState.FAILED).first()
    why = f" {first.error}" if first else ""
    rest = " The others were delivered." if delivered and delivered + failed == total else ""
    return f"{failed:,} of {total:,} batches failed.{why}{rest}"[:400]


def _all_refused(export: Export) -> str:
    first = export.batches.filter(state=BatchState.REFUSED).first()
    said = first.error if first else ""
    return f"{export.destination.platform_label} took none of the identifiers. {said}"[:400]


def tidy_up(export: Export) -> bool:
    """Destroy what an export that is over does not need, once no worker has a part of it.

    A failed one keeps what "Retry failed" sends again, each what the record of its audience needs.
    Say whether that was all: no file is destroyed before it is stored that nobody needs it.
    """
    # Locked, so that a retry does not begin while its files are destroyed.
    locked = Export.objects.select_for_update().filter(pk=export.pk, state=export.state)
    if not locked.filter(not_leased()) or export.batches.under_way().exists():
        return True
    kept = {export.rejects_name}
    unended = export.batches.filter(state__in=UNENDED)
    if export.state == ExportState.FAILED:
        # Their worker is gone, or gave them back after the export had failed.
        unended.update(**failed_for(export.reason))
        failed = export.batches.filter(state=BatchState.FAILED)
        kept |= {export.staged_name, *failed.values_list("stored_name", flat=True)}
        kept |= record.files_of_the_file(export)
    else:
        # What the platform has taken cannot be called back.
        unended = unended.exclude(state=BatchState.TAKEN)
        unended.update(state=BatchState.CANCELED, finished_at=Now())
    if record.fold_what_was_before(export):
        return False
    kept |= record.files_to_keep(export)
    export.batches.exclude(stored_name="").exclude(stored_name__in=kept).update(stored_name="")
    staging.remove_all_but(export.id, *kept)
    record.destroy_what_is_folded(export)
    if export.erasure is not None:
        erasures.finish_if_done(export.erasure)
    routing.remove(ROUTE, export.id)
    retention.keep_for_now(export)
    return True
