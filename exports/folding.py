"""Fold the record of an audience: what many exports left there, said by batches of the newest.

Else a destination with a hundred overlapping additions would keep a hundred files for ever. It is
done when nothing is under way, under the lease of the newest export, so that no other begins; and
only where no failed batch could still be sent again, as that would come before what is folded.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import Now

from exports import record, staging
from exports.batch_files import BatchFiles
from exports.export_leases import LEASE_SECONDS, kept
from exports.known import Known, known_of
from exports.models import Export, ExportBatch
from exports.outcomes import LOOK_AGAIN
from exports.record_files import Writer, Written, in_order
from exports.services import wake
from exports.states import FINAL, BatchState, ExportState, Operation, Recorded
from organizations import fence
from providers.registry import registry

# What came since the last time is folded when it is more than what was there, and more than this;
# not what one export brought to nobody: that has each person once already.
LEAST_PEOPLE = 100_000
# Or where it lies in so many files with so few people each.
LEAST_FILES, FEW_PEOPLE = 500, 5_000


def is_due(export: Export) -> bool:
    """Say whether the record that ends with this export is to be folded. In the fence."""
    destination = export.destination
    if not record.is_kept_for(destination) or not destination.audience_id:
        return False
    of_base = Q(operation__in=(Operation.HELD, Operation.KEEP))
    sums = record.batches_of(destination).aggregate(
        base=Sum("identifiers", filter=of_base, default=0),
        since=Sum("identifiers", filter=~of_base, default=0),
        files=Count("pk", filter=~of_base),
        exports=Count("export", distinct=True, filter=~of_base),
    )
    may_repeat = sums["base"] or sums["exports"] > 1
    is_much = may_repeat and sums["since"] > max(LEAST_PEOPLE, sums["base"])
    is_in_pieces = sums["files"] > max(LEAST_FILES, sums["since"] // FEW_PEOPLE)
    return bool(is_much or is_in_pieces) and _is_quiet(export)


def _is_quiet(export: Export) -> bool:
    """Say whether nothing of the destination can change any more but by a newer export."""
    others = Export.objects.started().filter(destination=export.destination_id)
    if others.filter(started_at__gt=export.started_at).exists():
        return False
    if others.exclude(state__in=FINAL).exists():
        return False
    again = ExportBatch.objects.filter(export__in=others, state=BatchState.FAILED)
    again = again.exclude(recorded=Recorded.FOLDED)
    return not again.filter(export__state=ExportState.FAILED).exclude(stored_name="").exists()


def fold(organization_id: uuid.UUID, export_id: uuid.UUID) -> bool:
    """Fold the record that ends with an export if nobody else does; say whether it was tried.

    Outside the fence.
    """
    with fence.inside(organization_id):
        export = Export.objects.select_related("destination").filter(pk=export_id).first()
        if export is None or not export.is_final or not is_due(export):
            return False
        owner = export.take_lease(LEASE_SECONDS)
        if owner is None:
            # Who has it may have been killed.
            wake(export, LOOK_AGAIN)
            return False
        known = known_of(export.destination)
        key = staging.file_key(export)
    with kept(export, owner):
        written = _held(export, key, known)
        with fence.inside(organization_id):
            rows = Export.objects.select_for_update().filter(pk=export.pk, lease_owner=owner)
            # Past its lease another export may have begun, and changed what was read.
            mine = rows.filter(lease_until__gte=Now())
            if mine and written is not None:
                _keep(export, [part for part, _ in known.parts], written)
            elif mine:
                # Else it would be due again at once, and fail again, without end.
                record.lose(known.lost)
            mine.update(lease_owner=None, lease_until=None, attempts=0)
            # Tidied up once more, which destroys what is folded.
            wake(export)
    return True


def _held(export: Export, key: bytes, known: Known) -> list[Written] | None:
    """Write who is there, for sure or perhaps; None where a file is not readable."""
    from exports.engine.difference import Difference, What

    platform = registry.get(export.destination.platform)
    types = in_order(platform, known.types())
    with (
        BatchFiles(export.id, key) as files,
        Difference(len(types), staging.folder()) as difference,
    ):
        known.tell(difference, types)
        if known.lost:
            return None
        writer = Writer(files, types, platform, export.destination.settings)
        for what, records in difference.held():
            writer.put(Operation.HELD, records, is_sure=what == What.STAYS)
        return writer.finished()


def _keep(export: Export, parts: Sequence[record.Part], written: Sequence[Written]) -> None:
    ids = [part.batch.pk for part in parts]
    ExportBatch.objects.filter(pk__in=ids).update(recorded=Recorded.FOLDED)
    last: int = export.batches.aggregate(last=Max("number"))["last"] or 0
    confirmed_at = record.surest_since(parts)
    ExportBatch.objects.bulk_create(
        ExportBatch(
            organization_id=export.organization_id,
            export=export,
            number=number,
            operation=Operation.HELD,
            audience_id=export.destination.audience_id,
            state=BatchState.ACCEPTED,
            identifiers=each.identifiers,
            # As many as are there for sure.
            accepted=each.identifiers if each.is_sure else 0,
            stored_name=each.name,
            finished_at=confirmed_at or Now(),
        )
        for number, each in enumerate(written, last + 1)
    )
