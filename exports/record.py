"""What an audience may hold of what a destination sent: the batches that went there are the record.

Exports of a destination run one at a time, so the order of their starts is the order of what
happened. The sealed files of batches are kept as long as the record needs them; once a Replace has
succeeded wholly its own batches say it all. The record belongs to an audience, by its id.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.db.models import Q, Sum
from django.utils import timezone

from destinations.models import Destination
from exports import staging
from exports.models import Export, ExportBatch, ExportBatches, Exports
from exports.states import FINAL, UNENDED, BatchState, ExportState, Mode, Operation, Recorded
from providers.declarations import Replace
from providers.registry import registry
from providers.values import PARTIALLY

if TYPE_CHECKING:
    from exports.engine.difference import Move

SUCCEEDED = (ExportState.SUCCEEDED, ExportState.SUCCEEDED_WITH_REJECTS)
_IN_RECORD = (Recorded.YES, Recorded.DOUBTED)
# Within an export: what was there before, then whom it removed, then whom it added, then what all
# exports up to it have left.
_PHASES = (Operation.KEEP, Operation.REMOVE, Operation.ADD, Operation.HELD)
# Whom an erasure adds again, as removing the person may have taken them out too.
_OTHERS_OF_AN_ERASURE = Q(operation=Operation.ADD, export__erasure__isnull=False)


@dataclass(frozen=True)
class Part:
    """A batch of the record: `is_sure` where the platform confirmed it, `position` in time.

    `removes` where its people left.
    """

    batch: ExportBatch
    position: int
    is_sure: bool
    removes: bool


def move_of(part: Part) -> Move:
    """Return what a batch of the record did, in the words of the comparison."""
    # What it brings is for the process that prepares.
    from exports.engine.difference import Move

    if part.removes:
        return Move.REMOVED if part.is_sure else Move.TRIED_REMOVING
    return Move.ADDED if part.is_sure else Move.TRIED_ADDING


def is_kept_for(destination: Destination) -> bool:
    """Say whether a record is kept: where a Replace needs to know what the audience holds."""
    key = destination.platform
    return key in registry and registry.get(key).replace == Replace.BY_DIFFERENCE


def replaces_by_difference(export: Export) -> bool:
    """Say whether an export is a Replace that sends only what differs."""
    return export.mode == Mode.REPLACE and is_kept_for(export.destination)


def awaits_comparison(export: Export) -> bool:
    """Say whether what differs is not known yet, or is known of another audience only."""
    if not replaces_by_difference(export):
        return False
    compared_with = export.comparison.get("audience")
    if compared_with == "":
        # There was none: it is created of what is sent.
        return False
    return bool(compared_with != export.destination.audience_id)


def in_order(export: Export) -> Q:
    """Hold additions back until every removal of the same export has ended. In the fence.

    Else a removal could take out whom an addition has brought.
    """
    removals = export.batches.filter(operation=Operation.REMOVE, state__in=UNENDED)
    is_held_back = bool(export.comparison) and removals.exists()
    return Q(operation=Operation.REMOVE) if is_held_back else Q()


def batches_of(destination: Destination) -> ExportBatches:
    """Narrow to the batches of which the record of a destination's audience is made. In the fence.

    Those of an export under way are among them as soon as they may have gone; whom an erasure
    adds again, from its beginning.
    """
    may_be_there = (
        Q(attempts__gt=0)
        | Q(state=BatchState.ACCEPTED)
        | Q(operation__in=(Operation.KEEP, Operation.HELD))
        | _OTHERS_OF_AN_ERASURE
    )
    return ExportBatch.objects.filter(
        may_be_there,
        export__destination=destination.pk,
        audience_id=destination.audience_id,
        recorded__in=_IN_RECORD,
    ).exclude(Q(stored_name="") | Q(audience_id=""))


def parts(destination: Destination, *, before: Export | None = None) -> list[Part]:
    """Return the record, oldest first: all of it, or what was before an export. In the fence."""
    found = batches_of(destination).select_related("export")
    if before is not None:
        found = found.exclude(export=before.pk)
    rows = list(found.order_by("export__started_at", "export_id", "number"))
    places = {pk: place for place, pk in enumerate(dict.fromkeys(row.export_id for row in rows))}
    young = _young(destination)
    made = []
    for row in rows:
        place = partial(_position, places[row.export_id])
        if row.export.erasure_id is not None and row.operation == Operation.ADD:
            made.append(Part(row, place(Operation.REMOVE), is_sure=False, removes=True))
        removes = row.operation == Operation.REMOVE
        made.append(Part(row, place(row.operation), _is_sure(row, young), removes))
    return made


def _position(export: int, operation: str) -> int:
    return len(_PHASES) * export + _PHASES.index(Operation(operation)) + 1


def _is_sure(row: ExportBatch, young: datetime | None) -> bool:
    if row.operation == Operation.REMOVE:
        return row.state == BatchState.ACCEPTED
    if row.state != BatchState.ACCEPTED or row.recorded == Recorded.DOUBTED:
        return False
    # Some of its people were refused, and nobody says which.
    is_whole = row.accepted >= row.identifiers and PARTIALLY not in row.receipt
    return is_whole and (young is None or (row.finished_at is not None and row.finished_at > young))


def _young(destination: Destination) -> datetime | None:
    """Return since when an addition counts, where the platform lets memberships expire.

    Half of their time: who is renewed only when it is over would be missing in between.
    """
    platform = registry.get(destination.platform)
    days = platform.membership_days(destination.settings)
    return None if days is None else timezone.now() - timedelta(days=days) / 2


def surest_since(found: Sequence[Part]) -> datetime | None:
    """Return when the oldest of what is there for sure was confirmed; None where nothing is."""
    moments = (part.batch.finished_at for part in found if part.is_sure and not part.removes)
    return min((moment for moment in moments if moment is not None), default=None)


def how_exact(destination: Destination) -> str:
    """Say in one sentence how exact a Replace by difference is for an audience. In the fence."""
    if lost := unknown(destination):
        return (
            f"Of {lost:,} identifiers that were sent earlier it is not known any more which they "
            "are: those of them who are not in the file stay."
        )
    if destination.audience_is_ours or not destination.audience_id:
        return "That is exact as long as nothing else writes to the audience."
    return (
        "That is exact among those whom this destination sent: whoever else is in the audience "
        "stays."
    )


def lose(batch_ids: Sequence[uuid.UUID]) -> None:
    """Note that files of a record are gone, so that nobody knows whom they had. In the fence.

    Whom they removed may be anybody who was added before.
    """
    gone = ExportBatch.objects.filter(pk__in=batch_ids)
    removals = gone.filter(Q(operation=Operation.REMOVE) | _OTHERS_OF_AN_ERASURE)
    last = removals.select_related("export").order_by("-export__started_at").first()
    if last is not None:
        there = ExportBatch.objects.filter(
            Q(export__started_at__lt=last.export.started_at)
            | Q(export=last.export_id, operation=Operation.KEEP),
            export__destination=last.export.destination_id,
            audience_id=last.audience_id,
        )
        there.filter(recorded=Recorded.YES).update(recorded=Recorded.DOUBTED)
    gone.update(recorded=Recorded.LOST, stored_name="")


def unknown(destination: Destination) -> int:
    """Return how many were sent to the audience of whom nobody knows any more who. In the fence."""
    lost = ExportBatch.objects.filter(
        export__destination=destination.pk,
        audience_id=destination.audience_id,
        recorded=Recorded.LOST,
    ).exclude(operation=Operation.REMOVE)
    found: int = lost.aggregate(found=Sum("identifiers", default=0))["found"]
    return found


def doubt(destination_id: uuid.UUID, audience_id: str) -> None:
    """Note that a platform does not know an audience any more. In the fence.

    Should it come back under this id, nothing that was sent to it counts as there for sure.
    """
    there = ExportBatch.objects.filter(export__destination=destination_id, audience_id=audience_id)
    there.filter(recorded=Recorded.YES).update(recorded=Recorded.DOUBTED)
    replaces = Export.objects.filter(destination=destination_id, comparison__audience=audience_id)
    replaces.exclude(state__in=SUCCEEDED).update(comparison={})


def files_of_the_file(export: Export) -> set[str]:
    """Return the files of a Replace that hold its people, sent or not. In the fence."""
    own = export.batches.filter(operation__in=(Operation.ADD, Operation.KEEP))
    return set(own.values_list("stored_name", flat=True)) if export.comparison else set()


def files_to_keep(export: Export) -> set[str]:
    """Return which files of an export that is over the record needs. In the fence.

    Those who were there before an unfinished Replace are in the record of the exports before.
    """
    if export.erasure_id is not None and export.state == ExportState.FAILED:
        # "Retry failed" looks anew: nothing else says whom those batches removed.
        return set(export.batches.values_list("stored_name", flat=True))
    if not is_kept_for(export.destination):
        return set()
    own = batches_of(export.destination).filter(export=export)
    if export.erasure_id is not None and export.state in SUCCEEDED:
        # Nothing else holds the person any more, so nothing has to be known of the removal.
        own.update(recorded=Recorded.FOLDED)
        return set()
    if export.mode == Mode.REPLACE and export.state not in SUCCEEDED:
        own = own.exclude(operation=Operation.KEEP)
        if export.state == ExportState.CANCELED:
            export.batches.filter(operation=Operation.KEEP).update(stored_name="")
    return set(own.values_list("stored_name", flat=True))


def fold_what_was_before(export: Export) -> bool:
    """Let the batches of a Replace that succeeded be the record alone. In the fence.

    Say whether they were not yet. "Retry failed" of an export before would undo the Replace.
    """
    if not replaces_by_difference(export) or export.state not in SUCCEEDED:
        return False
    before = ExportBatch.objects.filter(export__in=_before(export), recorded__in=_IN_RECORD)
    own = export.batches.filter(operation=Operation.REMOVE, recorded__in=_IN_RECORD)
    count = before.update(recorded=Recorded.FOLDED) + own.update(recorded=Recorded.FOLDED)
    return count > 0


def destroy_what_is_folded(export: Export) -> None:
    """Destroy the files of exports before this one of which others say it all. In the fence.

    Not of an erasure that failed: only there it is written down whom "Retry failed" removes.
    """
    before = _before(export).exclude(erasure__isnull=False, state=ExportState.FAILED)
    folded = ExportBatch.objects.filter(export__in=before, recorded=Recorded.FOLDED)
    folded = folded.exclude(stored_name="")
    for older in Export.objects.filter(pk__in=folded.values("export_id").distinct()):
        leave_only(older, older.batches.exclude(recorded=Recorded.FOLDED))
    folded.update(stored_name="")


def leave_only(export: Export, batches: ExportBatches) -> None:
    """Destroy what an export that is over has on disk except for these batches. In the fence."""
    kept = batches.values_list("stored_name", flat=True)
    staging.remove_all_but(export.id, export.staged_name, export.rejects_name, *kept)


def _before(export: Export) -> Exports:
    """Narrow to the exports of the same destination that had their turn before."""
    return Export.objects.filter(
        destination=export.destination_id, started_at__lt=export.started_at, state__in=FINAL
    )
