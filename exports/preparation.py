"""Prepare an export: its sealed file to sealed batches, under a lease that is kept alive.

A process killed in the middle leaves files that nobody counts; the next try removes them and
begins again. The rows of the batches and the export's move are one transaction, after which the
upload is destroyed.
"""

from __future__ import annotations

import logging
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db.models.functions import Now

from audit.services import record
from exports import staging
from exports.batch_files import BatchFiles
from exports.batch_rows import insert_alike
from exports.engine import batches as encoding
from exports.engine.preparing import Tally, people_of, record_width
from exports.engine.reading import FileRefused, FileShape
from exports.engine.rejects import Rejects
from exports.engine.sealed_stream import SealBroken as FileSealBroken
from exports.engine.taking import AS_THEY_ARE, Taking
from exports.models import Export, ExportBatch
from exports.services import wake
from exports.signs_of_life import SignsOfLife
from exports.states import ExportState, Mode, Operation
from organizations import fence
from organizations.sealing import SealBroken
from providers.platform import Platform
from providers.registry import registry

logger = logging.getLogger(__name__)

LEASE_SECONDS = 40.0
# Between two signs of life. A cancel is seen as soon.
SIGN_SECONDS = 2.0
# A file on which three processes died is not tried for ever.
MOST_ATTEMPTS = 3
_NOT_PREPARED = "It could not be prepared; the operator finds why in the log."
_NO_ROOM = "This server has no room to prepare it; the operator must make some."


class _LeaseLost(Exception):
    """Somebody else prepares the export, or it was canceled."""


@dataclass(frozen=True)
class _Job:
    export: Export
    owner: uuid.UUID
    key: bytes
    platform: Platform


@dataclass(frozen=True)
class Source:
    """A sealed file of an export, and what its columns are to that platform."""

    export_id: uuid.UUID
    staged_name: str
    key: bytes
    shape: FileShape
    platform: Platform
    columns: dict[str, int]
    settings: Mapping[str, str] = field(default_factory=dict)
    taking: Taking = AS_THEY_ARE

    @property
    def types(self) -> tuple[str, ...]:
        """Return the identifier types that the file has, in the platform's order."""
        return tuple(each.key for each in self.platform.identifiers if each.key in self.columns)

    @property
    def rows_a_batch(self) -> int:
        """Return the people of a batch: one request's, or fewer where the operator says so."""
        return min(
            self.platform.rows_a_request(self.types, self.settings),
            settings.EXPORT_BATCH_ROWS or sys.maxsize,
        )


@dataclass(frozen=True)
class Prepared:
    """Sealed files: the rejects, and batches by name with the number of their people."""

    tally: Tally
    rejects_name: str
    stored: list[tuple[str, int]]


def prepare(
    organization_id: uuid.UUID, export_id: uuid.UUID, *, go_on: Callable[[], None] = lambda: None
) -> None:
    """Prepare an export if nobody else does; harmless to call again. Outside the fence.

    `go_on` is called once the rows say what comes next: a large upload takes a while to destroy.
    """
    job = _begin(organization_id, export_id)
    used_up = ""
    try:
        if job is not None:
            used_up = _prepare(job)
    except _LeaseLost:
        logger.warning("export %s: somebody else prepares it, or it is over", export_id)
    go_on()
    staging.remove_by_and_by(used_up)


def _prepare(job: _Job) -> str:
    """Prepare it; return the name of the upload where that is not needed any more."""
    uploaded = job.export.staged_name
    try:
        _finish(job, _prepared(job))
    except FileRefused as refused:
        at = f" (row {refused.row:,})" if refused.row else ""
        _fail(job, f"{refused.sentence}{at} Nothing was sent.")
    except (SealBroken, FileSealBroken, FileNotFoundError):
        logger.exception("export %s: its file is not readable", job.export.id)
        _fail(job, "The uploaded file is not readable any more. Nothing was sent; upload it again.")
    except OSError as error:
        if not staging.is_full(error):
            raise
        _give_room_back(job)
    else:
        return uploaded
    return ""


def _begin(organization_id: uuid.UUID, export_id: uuid.UUID) -> _Job | None:
    with fence.inside(organization_id):
        export = Export.objects.select_related("destination").filter(pk=export_id).first()
        if export is None or export.state != ExportState.PREPARING:
            return None
        if export.attempts >= MOST_ATTEMPTS and not export.is_held():
            reason = f"{export.reason or _NOT_PREPARED} Nothing was sent."
            export.move(ExportState.FAILED, reason=f"{reason} “Retry failed” tries again.")
            wake(export)
            return None
        owner = export.take_lease(LEASE_SECONDS)
        if owner is None:
            return None
        key = staging.file_key(export)
    return _Job(export, owner, key, registry.get(export.destination.platform))


def _give_room_back(job: _Job) -> None:
    """Leave nothing of a try for which there was no room; the next begins when its lease ends."""
    logger.error("export %s: no room to prepare it", job.export.id)
    with fence.inside(job.export.organization_id):
        _stay_alive(job)
        Export.objects.filter(pk=job.export.pk).update(reason=_NO_ROOM)
        staging.remove_all_but(job.export.id, job.export.staged_name)


def _prepared(job: _Job) -> Prepared:
    export = job.export
    with fence.inside(export.organization_id):
        # The lease keeps its row locked: what is removed is no later worker's.
        _stay_alive(job)
        staging.remove_all_but(export.id, export.staged_name)
    source = Source(
        export.id,
        export.staged_name,
        job.key,
        FileShape.from_json(export.shape),
        job.platform,
        {key: int(number) for key, number in export.columns.items()},
        export.destination.settings,
        Taking.from_json(export.taking),
    )
    return batches_of(source, alive=SignsOfLife(partial(_stay_alive, job), seconds=SIGN_SECONDS))


def batches_of(source: Source, *, alive: Callable[[], None]) -> Prepared:
    """Make sealed batches of a sealed file; `alive` is called often. Raises FileRefused."""
    # What works on whole columns is for the process that prepares: a web server has no need of it.
    from exports.engine.distinct import Distinct

    kinds = source.platform.identifiers_taken(source.types, source.settings)
    rejects_name = staging.new_name(source.export_id, "rejects")
    with (
        Distinct(record_width(len(kinds)), staging.folder()) as people,
        staging.reading(source.staged_name, source.key) as stream,
        staging.writing(rejects_name, source.key) as rejects,
    ):
        kept = Rejects(rejects.write)
        tally = people_of(
            stream,
            source.shape,
            source.columns,
            kinds,
            people=people,
            reject=kept.take,
            alive=alive,
            taking=source.taking,
        )
        stored = []
        with BatchFiles(source.export_id, source.key) as files:
            for records in people.batches(source.rows_a_batch):
                name = files.add(encoding.encode_records(source.types, records))
                stored.append((name, len(records)))
                alive()
    return Prepared(tally, rejects_name, stored)


def _stay_alive(job: _Job) -> None:
    with fence.inside(job.export.organization_id):
        mine = Export.objects.filter(
            pk=job.export.pk, state=ExportState.PREPARING, lease_owner=job.owner
        )
        if not mine.update(lease_until=Now() + timedelta(seconds=LEASE_SECONDS)):
            raise _LeaseLost


def _finish(job: _Job, prepared: Prepared) -> None:
    export, tally = job.export, prepared.tally
    identifiers = sum(size for _, size in prepared.stored)
    with fence.inside(export.organization_id):
        _stay_alive(job)
        batch = ExportBatch(
            organization_id=export.organization_id,
            export=export,
            operation=Operation.REMOVE if export.mode == Mode.REMOVE else Operation.ADD,
        )
        insert_alike(batch, prepared.stored)
        found = {
            "rows": tally.rows,
            "identifiers": identifiers,
            "rejected": tally.rejected,
            "duplicates": tally.people - identifiers,
            "reject_reasons": dict(tally.reasons),
            "rejects_name": prepared.rejects_name,
            "prepared_at": Now(),
            "staged_name": "",
            "lease_owner": None,
            "lease_until": None,
            "attempts": 0,
        }
        if identifiers:
            moved = export.move(ExportState.SENDING, **found)
        else:
            moved = export.move(ExportState.FAILED, **found, reason=_nothing_to_send(tally, export))
        if not moved:
            raise _LeaseLost
        wake(export)
        record(
            "file prepared",
            organization_id=export.organization_id,
            subject=export,
            to_send=identifiers,
            rejected=tally.rejected,
            duplicates=tally.people - identifiers,
        )
        if not identifiers:
            record(
                "export failed",
                organization_id=export.organization_id,
                subject=export,
                reason=export.reason,
            )


def _nothing_to_send(tally: Tally, export: Export) -> str:
    kept = " The audience was not emptied." if export.mode == Mode.REPLACE else ""
    return f"None of the {tally.rows:,} rows holds an identifier that can be sent.{kept}"


def _fail(job: _Job, reason: str) -> None:
    with fence.inside(job.export.organization_id):
        _stay_alive(job)
        job.export.move(
            ExportState.FAILED,
            reason=reason[:400],
            staged_name="",
            lease_owner=None,
            lease_until=None,
        )
        wake(job.export)
        record(
            "export failed",
            organization_id=job.export.organization_id,
            subject=job.export,
            reason=reason,
        )
    staging.remove_all_but(job.export.id)
