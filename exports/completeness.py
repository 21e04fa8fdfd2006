"""Say of an audience that a Replace left it in a part, and ask before a Replace removes many."""

from __future__ import annotations

from django.db.models import Max, Q, Sum
from django.db.models.functions import Now

from audit.services import record as audit
from destinations.models import Destination
from exports import audience_sizes, record
from exports.models import Export, ExportBatch
from exports.record import SUCCEEDED
from exports.states import BatchState, ExportState, Mode, Operation

# A Replace that removes more than this part of an audience is asked about first.
ASKED_FROM = 0.30
ASKS = "It would remove"
_CUT_SHORT = (ExportState.FAILED, ExportState.CANCELED)


def left_incomplete(export: Export) -> bool:
    """Say whether a Replace began to change the audience and did not come to its end. In the fence.

    One whose audience is gone, or is not the destination's any more, left nothing behind here.
    """
    if export.mode != Mode.REPLACE or export.state not in _CUT_SHORT:
        return False
    sent = export.batches.filter(attempts__gt=0)
    here = Q(audience_id="") | Q(audience_id=export.destination.audience_id)
    if export.cleared_at is not None:
        return not sent.exists() or sent.filter(here).exists()
    return bool(export.destination.audience_id) and sent.filter(here).exists()


def incomplete_since(destination: Destination) -> Export | None:
    """Return the Replace that left a destination's audience in a part. In the fence.

    None where the newest that began to change it has succeeded, or is at it.
    """
    is_begun = Q(cleared_at__isnull=False) | Q(pk__in=_begun(destination))
    replaces = Export.objects.filter(is_begun, destination=destination.pk, mode=Mode.REPLACE)
    newest = replaces.select_related("destination").order_by("-started_at").first()
    return newest if newest is not None and left_incomplete(newest) else None


def note(export: Export) -> None:
    """Say at the end of a Replace that it left its audience in a part, if it did. In the fence."""
    if not left_incomplete(export):
        return
    there = export.batches.filter(state=BatchState.ACCEPTED)
    there = there.exclude(operation=Operation.REMOVE)
    count: int = there.aggregate(count=Sum("accepted", default=0))["count"]
    began = "was emptied and" if export.cleared_at else "was changed in part: it"
    sentence = (
        f"The audience {began} holds {count:,} of the {export.identifiers:,} people of this file. "
        "A later Replace makes it whole."
    )
    reason = f"{export.reason[: 398 - len(sentence)]} {sentence}".strip()
    Export.objects.filter(pk=export.pk, state=export.state).update(reason=reason)
    export.refresh_from_db()
    for subject in (export, export.destination):
        audit(
            "audience left incomplete",
            organization_id=export.organization_id,
            subject=subject,
            reason=sentence,
        )
    audience_sizes.look_soon(export)


def question(removed: int, held: int) -> str:
    """Return what a person is asked before so many of so many are removed; nothing if few."""
    if not held or removed <= ASKED_FROM * held:
        return ""
    return (
        f"{ASKS} {removed:,} of the {held:,} people who are known to be in the audience "
        f"({removed / held:.0%}). Choose “Go on” if that is meant, else “Cancel”."
    )


def question_before_emptying(export: Export) -> str:
    """Return what a person is asked before an audience is emptied for a file. In the fence.

    Compared by numbers: of those who are there and in the file it is not known who they are.
    """
    held = max(export.destination.audience_size or 0, _most_sent(export))
    return question(held - export.identifiers, held)


def ask(export: Export) -> None:
    """Note that a person was asked: once an export. In the fence."""
    Export.objects.filter(pk=export.pk).update(asked_at=Now())


def _most_sent(export: Export) -> int:
    """Return how many the largest export sent since the audience was replaced last."""
    before = Export.objects.filter(
        destination=export.destination_id, started_at__lt=export.started_at, state__in=SUCCEEDED
    )
    replaced = before.filter(mode=Mode.REPLACE).order_by("-started_at").first()
    if replaced is not None:
        before = before.filter(started_at__gte=replaced.started_at)
    found = before.exclude(mode=Mode.REMOVE).aggregate(most=Max("identifiers"))
    return found["most"] or 0


def _begun(destination: Destination) -> object:
    sent = ExportBatch.objects.filter(export__destination=destination.pk, attempts__gt=0)
    if record.is_kept_for(destination):
        sent = sent.filter(audience_id=destination.audience_id)
    return sent.filter(export__mode=Mode.REPLACE).values("export_id")
