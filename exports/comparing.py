"""Compare a Replace with the record of its audience: only what differs is sent.

It happens when it is the export's turn and its audience is known, under a lease that is kept
alive. The prepared batches of the file become batches to remove, to add, and to keep, in one
transaction. Cut off at any moment it begins anew, and removes the files of the try before.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from audit.services import record as audit
from exports import completeness, gathered, record, staging
from exports.batch_files import BatchFiles
from exports.known import Known, known_of
from exports.models import Export, ExportBatch
from exports.outcomes import fail, somebody_is_before, wait
from exports.preparation import LEASE_SECONDS, MOST_ATTEMPTS, SIGN_SECONDS
from exports.record_files import UNREADABLE, Stored, Writer, Written, in_order
from exports.services import wake
from exports.signs_of_life import SignsOfLife
from exports.states import BatchState, ExportState, Operation, Recorded, WaitingFor
from organizations import fence
from providers.platform import Platform
from providers.registry import registry

logger = logging.getLogger(__name__)

_ELSEWHERE = (
    "The destination asks for another audience than the one that this export began to change. "
    "Start a new export."
)
_GIVEN_UP = (
    "It could not be compared with what was sent before; the operator finds why in the log. "
    "“Retry failed” tries again."
)
_GONE = "The prepared batches are not readable any more. Start a new export."


class _LeaseLost(Exception):
    """Somebody else compares, or the export is over."""


@dataclass(frozen=True)
class _Job:
    """The file of an export, and the record of what was sent before."""

    export: Export
    owner: uuid.UUID
    platform: Platform
    file: Sequence[Stored]
    known: Known
    key: bytes = field(repr=False)

    @property
    def row(self) -> QuerySet[Export]:
        """Return the export's row, as long as it is ours."""
        mine = Export.objects.filter(pk=self.export.pk, lease_owner=self.owner)
        return mine.filter(state=ExportState.SENDING)

    def lock(self) -> None:
        """Keep later workers off the row until the transaction ends. Raises _LeaseLost."""
        if not self.row.select_for_update():
            raise _LeaseLost

    def stay_alive(self) -> None:
        """Keep the lease. Outside the fence. Raises _LeaseLost."""
        with fence.inside(self.export.organization_id):
            if not self.row.update(lease_until=Now() + timedelta(seconds=LEASE_SECONDS)):
                raise _LeaseLost


@dataclass(frozen=True)
class _Compared:
    """What was made, how many may have been there, and what of the record was not readable."""

    written: Sequence[Written]
    held: int
    types: int
    lost: Sequence[uuid.UUID]

    def count(self, operation: Operation) -> int:
        """Return the people of one operation."""
        return sum(each.identifiers for each in self.written if each.operation == operation)


def compare(organization_id: uuid.UUID, export_id: uuid.UUID) -> bool:
    """Compare an export if nobody else does; say whether to look at it at once again.

    Harmless to call again. Outside the fence.
    """
    job = _begin(organization_id, export_id)
    if job is None:
        return False
    try:
        _finish(job, _compared(job))
    except _LeaseLost:
        logger.warning("export %s: somebody else compares it, or it is over", export_id)
    except UNREADABLE:
        logger.exception("export %s: its batches are not readable", export_id)
        with fence.inside(organization_id):
            # Else somebody else has compared it, and removed what this one was reading.
            if job.row.select_for_update():
                _fail(job.export, _GONE)
    return True


def _begin(organization_id: uuid.UUID, export_id: uuid.UUID) -> _Job | None:
    with fence.inside(organization_id):
        export = Export.objects.select_related("destination").filter(pk=export_id).first()
        if export is None or export.state != ExportState.SENDING:
            return None
        if not record.awaits_comparison(export):
            return None
        if not export.destination.audience_id and not gathered.gathers(export):
            return None
        if somebody_is_before(export):
            return None
        owner = export.take_lease(LEASE_SECONDS)
        if owner is None:
            return None
        if reason := _why_not(export):
            _fail(export, reason)
            return None
        key = staging.file_key(export)
        own = export.batches.filter(operation__in=(Operation.ADD, Operation.KEEP))
        return _Job(
            export,
            owner,
            registry.get(export.destination.platform),
            [Stored(name, key) for name in own.values_list("stored_name", flat=True)],
            known_of(export.destination, before=export),
            key,
        )


def _fail(export: Export, reason: str) -> None:
    Export.objects.filter(pk=export.pk).update(lease_owner=None, lease_until=None, attempts=0)
    fail(export, reason)


def _why_not(export: Export) -> str:
    """Return why an export cannot be compared; nothing where it can."""
    if export.attempts >= MOST_ATTEMPTS:
        return _GIVEN_UP
    sent = export.batches.filter(attempts__gt=0).exclude(recorded=Recorded.DOUBTED)
    return _ELSEWHERE if sent.exclude(audience_id="").exists() else ""


def _compared(job: _Job) -> _Compared:
    # What works on whole columns is for the process that prepares.
    from exports.engine.difference import Difference, Move, What

    of = {What.LEAVES: Operation.REMOVE, What.JOINS: Operation.ADD, What.STAYS: Operation.KEEP}
    export, alive = job.export, SignsOfLife(job.stay_alive, seconds=SIGN_SECONDS)
    with fence.inside(export.organization_id):
        # What is removed is no later worker's.
        job.lock()
        staging.remove_all_but(export.id, export.rejects_name, *(each.name for each in job.file))
    names = {name for stored in job.file for name in stored.types()}
    types = in_order(job.platform, names | job.known.types())
    with (
        BatchFiles(export.id, job.key) as files,
        Difference(len(types), staging.folder()) as difference,
    ):
        writer = Writer(files, types, job.platform, export.destination.settings)
        for stored in job.file:
            difference.add(Move.FILE, stored.records(types))
            alive()
        job.known.tell(difference, types, alive=alive)
        for what, found in difference.told():
            writer.put(of[what], found)
            alive()
        written = writer.finished()
    return _Compared(written, difference.known, len(types), job.known.lost)


def _finish(job: _Job, compared: _Compared) -> None:
    """Put the new batches in the place of the file's, in one transaction."""
    export = job.export
    with fence.inside(export.organization_id):
        job.lock()
        record.lose(compared.lost)
        replaced = list(export.batches.values_list("stored_name", flat=True))
        export.batches.all().delete()
        confirmed_at = record.surest_since([part for part, _ in job.known.parts]) or timezone.now()
        ExportBatch.objects.bulk_create(
            _batch(export, number, each, confirmed_at)
            for number, each in enumerate(compared.written, 1)
        )
        found = {
            "held": compared.held,
            "removed": compared.count(Operation.REMOVE),
            "added": compared.count(Operation.ADD),
            "kept": compared.count(Operation.KEEP),
            "unknown": record.unknown(export.destination),
        }
        comparison = {
            "audience": export.destination.audience_id,
            "types": compared.types,
            "is_ours": export.destination.audience_is_ours,
            **found,
        }
        job.row.update(comparison=comparison, lease_owner=None, lease_until=None, attempts=0)
        audit("audience compared", organization_id=export.organization_id, subject=export, **found)
        wake(export)
        export.refresh_from_db()
        asked = completeness.question(found["removed"], found["held"])
        if asked and export.asked_at is None:
            completeness.ask(export)
            wait(export, WaitingFor.PERSON, asked)
    # By their names: what else is there by now may be a later worker's.
    for name in replaced:
        staging.remove(name)


def _batch(export: Export, number: int, made: Written, confirmed_at: datetime) -> ExportBatch:
    batch = ExportBatch(
        organization_id=export.organization_id,
        export=export,
        number=number,
        operation=made.operation,
        identifiers=made.identifiers,
        stored_name=made.name,
    )
    if made.operation == Operation.KEEP:
        # It is there: nothing is to be sent, and as old as the oldest of them.
        batch.state = BatchState.ACCEPTED
        batch.accepted = made.identifiers
        batch.audience_id = export.destination.audience_id
        batch.finished_at = confirmed_at
    return batch
