"""Erase a person at one destination, when it is the turn of its Remove.

Nothing else changes the destination's audience or files then. All stored batches are looked
through: whole records that have the sought identifier are removed from the audience, except
identifiers that others have too, and those others are added again, as some platforms take out
whoever was sent with what is removed. Then the files are written again without the person. What is
to be removed is stored before that, so a process that is killed in between loses nothing.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import F
from django.db.models.functions import Now

from exports import erasures, record, staging
from exports.batch_files import BatchFiles
from exports.export_leases import LEASE_SECONDS, kept
from exports.known import Known, known_of
from exports.models import Export, ExportBatch
from exports.outcomes import somebody_is_before
from exports.record_files import DIGEST, UNREADABLE, Stored, Writer, in_order
from exports.services import wake
from exports.states import ENDED, FINAL, BatchState, ExportState, Operation
from organizations import fence
from providers.platform import Platform
from providers.registry import registry

if TYPE_CHECKING:
    from exports.engine.distinct import Records

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _File:
    """A stored batch of the destination."""

    batch_id: uuid.UUID
    export_id: uuid.UUID
    stored: Stored


@dataclass(frozen=True)
class _Job:
    """What is sought, and where: `sought` are pairs of a type and a digest."""

    export: Export
    owner: uuid.UUID
    platform: Platform
    sought: Sequence[tuple[str, bytes]]
    files: Sequence[_File]
    # What a try before has stored: whom to remove, and whom to add again.
    own: Sequence[Stored]
    again: Sequence[Stored]
    known: Known
    key: bytes = field(repr=False)


def erase(organization_id: uuid.UUID, export_id: uuid.UUID) -> None:
    """Look for the person at a destination if nobody else does. Harmless to call again."""
    job = _begin(organization_id, export_id)
    if job is None:
        return
    with kept(job.export, job.owner):
        types = _types_of(job)
        hit, records, shared = _found(job, types)
        again = _added_again(job, types, shared)
        if _stored_what_is_removed(job, types, records, again):
            count = sum(_rewritten(job, file) for file in hit)
            _finish(job, count, len(records))


def _begin(organization_id: uuid.UUID, export_id: uuid.UUID) -> _Job | None:
    with fence.inside(organization_id):
        rows = Export.objects.select_related("destination", "erasure")
        export = rows.filter(pk=export_id).first()
        if export is None or not export.awaits_erasing or somebody_is_before(export):
            return None
        if export.batches.under_way().exists():
            # A request of the try that failed is under way: what it removes is added after it.
            return None
        owner = export.take_lease(LEASE_SECONDS)
        if owner is None or export.erasure is None:
            return None
        others = Export.objects.filter(
            destination=export.destination_id, started_at__lt=export.started_at
        )
        batches = ExportBatch.objects.filter(export__in=others).exclude(stored_name="")
        keys = {
            each.pk: staging.file_key(each)
            for each in others.filter(pk__in=batches.values("export_id").distinct())
        }
        sought = erasures.sought_at(export.erasure, export.destination_id)
        key = staging.file_key(export)
        return _Job(
            export,
            owner,
            registry.get(export.destination.platform),
            [(kind, bytes.fromhex(each)) for kind, digests in sought.items() for each in digests],
            [
                _File(row.pk, row.export_id, Stored(row.stored_name, keys[row.export_id]))
                for row in batches
            ],
            _stored(export, Operation.REMOVE, key),
            _stored(export, Operation.ADD, key),
            known_of(export.destination, before=export)
            if record.is_kept_for(export.destination)
            else Known([]),
            key,
        )


def _stored(export: Export, operation: Operation, key: bytes) -> list[Stored]:
    there = export.batches.filter(operation=operation).exclude(stored_name="")
    return [Stored(name, key) for name in there.values_list("stored_name", flat=True)]


def _types_of(job: _Job) -> tuple[str, ...]:
    names = {*job.export.destination.identifiers}
    for stored in (*job.own, *job.again, *(file.stored for file in job.files)):
        try:
            names.update(stored.types())
        except UNREADABLE:
            # Nobody reads it any more, so nobody is found by it.
            logger.warning("export %s: a stored batch is not readable", job.export.pk)
    return in_order(job.platform, names)


def _found(job: _Job, types: Sequence[str]) -> tuple[list[_File], Records, set[bytes]]:
    """Return the files that hold the person, the records to remove, and what others share."""
    import numpy as np

    from exports.engine import finding

    digests = {digest for _, digest in job.sought}
    plain = [(types.index(kind), digest) for kind, digest in job.sought if kind in types]
    found = [finding.one_each(plain, len(types)), *(_records(each, types) for each in job.own)]
    hit = []
    for file in job.files:
        records = _records(file.stored, types)
        of_person = finding.having(records, digests)
        if of_person.any():
            hit.append(file)
            found.append(records[of_person])
    together = np.unique(np.concatenate(found), axis=0)
    # Those of others who share a phone, say, stay as they are.
    shared = finding.digests_of(together) - digests
    of_others: set[bytes] = set()
    for file in job.files if shared else ():
        records = _records(file.stored, types)
        others = records[~finding.having(records, digests)]
        of_others |= finding.digests_of(others[finding.having(others, shared)]) & shared
    return hit, finding.without(together, of_others), of_others


def _added_again(job: _Job, types: Sequence[str], shared: set[bytes]) -> list[Records]:
    """Return the records of others to add again: who is there for sure and shares an identifier.

    Whom a try before has found is among them, unless removed since. Where that one has written
    files, nothing else says any more what those others shared.
    """
    import numpy as np

    from exports.engine import finding
    from exports.engine.difference import Difference, What

    found_before = [_records(stored, types) for stored in job.again]
    if not shared and not found_before:
        return []
    digests = {digest for _, digest in job.sought}
    before = {row.tobytes() for records in found_before for row in records}
    of_before = {digest for records in found_before for digest in finding.digests_of(records)}
    found = []
    with Difference(len(types), staging.folder()) as difference:
        job.known.tell(difference, types)
        for what, records in difference.held():
            if what == What.STAYS:
                shares = finding.having(records, shared)
                for row in np.flatnonzero(finding.having(records, of_before)):
                    shares[row] |= records[row].tobytes() in before
                found.append(records[shares & ~finding.having(records, digests)])
    return found


def _records(stored: Stored, types: Sequence[str]) -> Records:
    import numpy as np

    try:
        return stored.records(types)
    except UNREADABLE:
        logger.exception("%s is not readable: nobody is found in it", stored.name)
        return np.zeros((0, DIGEST * len(types)), dtype=np.uint8)


def _stored_what_is_removed(
    job: _Job, types: Sequence[str], records: Records, again: Sequence[Records]
) -> bool:
    """Store the batches to be sent, in the place of those of a try before; False if not ours."""
    export = job.export
    with BatchFiles(export.id, job.key) as files:
        writer = Writer(files, types, job.platform, export.destination.settings)
        if len(records) and export.destination.audience_id:
            writer.put(Operation.REMOVE, records)
            for others in again:
                writer.put(Operation.ADD, others)
        written = writer.finished()
    with fence.inside(export.organization_id):
        if not _is_ours(job):
            return False
        export.batches.all().delete()
        ExportBatch.objects.bulk_create(
            ExportBatch(
                organization_id=export.organization_id,
                export=export,
                number=number,
                operation=each.operation,
                # Others are doubtful from here on, sent or not (`exports.record`).
                audience_id=export.destination.audience_id
                if each.operation == Operation.ADD
                else "",
                identifiers=each.identifiers,
                stored_name=each.name,
            )
            for number, each in enumerate(written, 1)
        )
    with fence.inside(export.organization_id):
        # The row is locked by this: what is removed is no later worker's.
        is_ours = _is_ours(job)
        if is_ours:
            staging.remove_all_but(export.id, *(each.name for each in written))
    return is_ours


def _is_ours(job: _Job) -> bool:
    mine = Export.objects.select_for_update().filter(pk=job.export.pk, lease_owner=job.owner)
    return bool(mine.filter(state__in=(ExportState.SENDING, ExportState.WAITING)))


def _rewritten(job: _Job, file: _File) -> bool:
    """Write a batch again without the person. Outside the fence."""
    from exports.engine import batches as encoding
    from exports.engine import finding

    own = file.stored.types()
    records = file.stored.records(own)
    left = records[~finding.having(records, {digest for _, digest in job.sought})]
    name = ""
    if len(left):
        name = staging.new_name(file.export_id, "batch")
        with staging.writing(name, file.stored.key) as sealed:
            sealed.write(encoding.encode_records(own, left))
    with fence.inside(job.export.organization_id):
        is_ours = _is_ours(job)
        # Locked, so that nobody begins to send it again at this moment.
        there = Export.objects.select_for_update().filter(pk=file.export_id)
        row = ExportBatch.objects.filter(pk=file.batch_id, stored_name=file.stored.name)
        is_changed = is_ours and bool(there) and row.update(stored_name=name)
        if is_changed:
            row = ExportBatch.objects.filter(pk=file.batch_id)
            row.exclude(state=BatchState.ACCEPTED).update(
                identifiers=F("identifiers") - (len(records) - len(left))
            )
            if not name:
                row.exclude(state__in=ENDED - {BatchState.FAILED}).update(
                    state=BatchState.CANCELED, finished_at=Now()
                )
    staging.remove(file.stored.name if is_changed else name)
    return bool(is_changed)


def _leave_nothing_else(job: _Job) -> None:
    """Destroy files that a try before has written again and was killed before it removed them."""
    before = Export.objects.filter(
        destination=job.export.destination_id, started_at__lt=job.export.started_at
    )
    # All of them: one whose only file was destroyed has no batch any more that says so.
    for export in before.filter(state__in=FINAL).select_for_update().order_by("pk"):
        record.leave_only(export, export.batches.all())


def _finish(job: _Job, files: int, found: int) -> None:
    export = job.export
    with fence.inside(export.organization_id):
        if not _is_ours(job):
            return
        _leave_nothing_else(job)
        # Of those that have failed since it was asked for.
        erasures.destroy_uploads(Export.objects.filter(destination=export.destination_id))
        facts = {
            **export.comparison,
            "audience": export.destination.audience_id,
            "files": files + export.comparison.get("files", 0),
            "found": found,
        }
        Export.objects.filter(pk=export.pk).update(
            comparison=facts, identifiers=found, lease_owner=None, lease_until=None, attempts=0
        )
        wake(export)
