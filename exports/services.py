"""What people do with exports: put a file in, start, cancel, go on, retry, discard."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from audit.services import record
from destinations.models import Destination
from exports import completeness, staging
from exports.engine.reading import FileShape, look_at
from exports.engine.taking import AS_THEY_ARE, Taking
from exports.fetch_models import Fetch
from exports.models import Export
from exports.states import BatchState, ExportState, Mode, Operation, WaitingFor
from exports.upload_models import Upload
from organizations import fence, routing
from organizations.models import Person
from providers.identifier_types import PHONE
from providers.registry import registry

ROUTE = "export"
DRAFT_ROUTE = "export draft"
# A file that nobody started an export from is destroyed after this.
DRAFTS_LIVE = timedelta(hours=24)


class NotNow(Exception):
    """The export is not in a state for that; somebody or something was faster."""


@dataclass(frozen=True)
class Received:
    """A file that lies sealed in staging."""

    export_id: uuid.UUID
    staged_name: str
    key: bytes
    key_sealed: bytes
    file_name: str
    size: int
    address: str = ""


def upload_expect(*, organization_id: uuid.UUID, export_id: uuid.UUID) -> None:
    """Note that a file is on its way: found even if this process is killed. In the fence."""
    routing.add(DRAFT_ROUTE, organization_id=organization_id, row_id=export_id, due_in=DRAFTS_LIVE)


def upload_forget_unless_kept(*, organization_id: uuid.UUID, export_id: uuid.UUID) -> None:
    """Leave nothing of a file that did not become a draft. Outside the fence."""
    with fence.inside(organization_id):
        # First: whoever makes it a draft at this moment holds its row until that is done.
        Upload.objects.filter(pk=export_id).delete()
        Fetch.objects.filter(pk=export_id).delete()
        if Export.objects.filter(pk=export_id).exists():
            return
        routing.remove(DRAFT_ROUTE, export_id)
    staging.remove_all_but(export_id)


def draft_create(*, destination: Destination, by: Person, received: Received) -> Export:
    """Look at a received file and keep it as a draft. Outside the fence.

    Raises FileRefused where it is no table.
    """
    with staging.reading(received.staged_name, received.key) as stream:
        shape = look_at(stream)
    with fence.inside(destination.organization_id):
        export = Export(
            id=received.export_id,
            organization_id=destination.organization_id,
            destination=destination,
            file_name=received.file_name[-254:],
            file_size=received.size,
            address=received.address,
            staged_name=received.staged_name,
            key_sealed=received.key_sealed,
            shape=shape.as_json(),
            created_by=by,
        )
        export.save(force_insert=True)
    return export


def shape_of(export: Export, key: bytes) -> FileShape:
    """Look at a draft's file again, for its sample rows: they are stored nowhere in the clear."""
    with staging.reading(export.staged_name, key) as stream:
        return look_at(stream, has_header=export.shape["has_header"])


def draft_reread(*, export: Export, has_header: bool) -> None:
    """Read a draft with or without its first row as header; a person knows better. In the fence."""
    shape = FileShape.from_json(export.shape)
    if shape.is_parquet or shape.has_header == has_header:
        return
    if export.state == ExportState.DRAFT:
        with staging.reading(export.staged_name, staging.file_key(export)) as stream:
            shape = replace(look_at(stream, has_header=has_header), header_is_said=True)
        Export.objects.filter(pk=export.pk, state=ExportState.DRAFT).update(shape=shape.as_json())
        export.refresh_from_db()


def export_start(
    *,
    export: Export,
    by: Person,
    mode: Mode,
    columns: Mapping[str, int],
    taking: Taking = AS_THEY_ARE,
) -> None:
    """Start a draft. In the fence. Raises NotNow."""
    # Locked, so that the destination is not deleted at this moment.
    there = Destination.objects.live().select_for_update().filter(pk=export.destination_id)
    if not there or not export.move(
        ExportState.PREPARING,
        mode=mode,
        columns=dict(columns),
        taking=taking.as_json(),
        created_by=by,
        started_at=Now(),
    ):
        raise NotNow
    routing.remove(DRAFT_ROUTE, export.id)
    wake(export)
    record(
        "export started",
        organization_id=export.organization_id,
        person=by,
        subject=export,
        mode=mode.label,
    )


def country_before(destination: Destination) -> str:
    """Return what was chosen last for phone numbers without a country code. In the fence."""
    started = Export.objects.started().filter(destination=destination, columns__has_key=PHONE)
    last = started.order_by("-started_at").values_list("taking", flat=True).first()
    return Taking.from_json(last or {}).country


def draft_discard(*, export: Export) -> None:
    """Forget a draft and destroy its file. In the fence."""
    gone, _ = Export.objects.filter(pk=export.pk, state=ExportState.DRAFT).delete()
    routing.remove(DRAFT_ROUTE, export.id)
    if gone:
        staging.remove_all_but(export.id)


def file_discard(*, organization_id: uuid.UUID, export_id: uuid.UUID) -> None:
    """Destroy a file from which nothing was started, received whole or not. Outside the fence."""
    upload_forget_unless_kept(organization_id=organization_id, export_id=export_id)
    with fence.inside(organization_id):
        # It may have become a draft while its upload's row was waited for.
        draft = Export.objects.filter(pk=export_id).first()
        if draft is not None:
            draft_discard(export=draft)


def files_discard_soon(destination: Destination) -> None:
    """Have all files destroyed from which nothing was started: it was deleted. In the fence."""
    received = Export.objects.filter(state=ExportState.DRAFT), Upload.objects, Fetch.objects
    for rows in received:
        for row_id in rows.filter(destination=destination.pk).values_list("pk", flat=True):
            routing.add(
                DRAFT_ROUTE,
                organization_id=destination.organization_id,
                row_id=row_id,
                due_in=timedelta(),
            )


def export_cancel(*, export: Export, by: Person) -> None:
    """Send nothing more; what was sent stays. In the fence. Raises NotNow."""
    # An erasure is carried out: what it removes is written down nowhere else any more.
    if export.erasure_id is not None or not export.move(ExportState.CANCELED):
        raise NotNow
    export.batches.filter(state=BatchState.PENDING).update(
        state=BatchState.CANCELED, finished_at=Now()
    )
    # The way to find it stays: the sweep tidies up once the batches in flight have ended.
    wake(export)
    record("export canceled", organization_id=export.organization_id, person=by, subject=export)
    completeness.note(export)


def export_go_on(*, export: Export, by: Person) -> None:
    """Go on where the export waits for a person. In the fence. Raises NotNow."""
    if export.waiting_for != WaitingFor.PERSON or not stop_waiting(export):
        raise NotNow
    wake(export)
    record("export resumed", organization_id=export.organization_id, person=by, subject=export)


def stop_waiting(export: Export) -> bool:
    """Let an export go on that waited for somebody; False if somebody else moved it. In the fence.

    What its batches met before that is not in a row with what they meet now.
    """
    is_moved = export.move(ExportState.SENDING)
    if is_moved:
        export.batches.filter(state__in=(BatchState.PENDING, BatchState.TAKEN)).update(
            troubles=0, troubled_since=None, unknown_answers=0
        )
    return is_moved


def export_retry(*, export: Export, by: Person) -> None:
    """Send again what failed, and only that. In the fence. Raises NotNow.

    What was not prepared is prepared again. An erasure looks anew for the person: whom it would
    remove or add may have changed with newer exports.
    """
    # Locked, so that an erasure at this moment is either seen here or finds it retried.
    export.refresh_from_db(from_queryset=Export.objects.select_for_update())
    if not may_retry(export):
        raise NotNow
    is_anew = export.prepared_at is None or export.erasure_id is not None
    # Its turn is now, as of one that starts anew.
    turn = {"started_at": Now(), "comparison": _so_far(export)} if is_anew else {}
    to = ExportState.SENDING if export.prepared_at else ExportState.PREPARING
    if not export.move(to, finished_at=None, attempts=0, unknown_answers=0, **turn):
        raise NotNow
    if not is_anew:
        _send_failed_again(export)
    wake(export)
    record("export retried", organization_id=export.organization_id, person=by, subject=export)


def _so_far(export: Export) -> dict[str, object]:
    """Return what the receipt of an erasure says of the tries so far, audience by audience."""
    if export.erasure_id is None:
        return {}
    receipts = export.batches.exclude(request_id="").values_list("request_id", flat=True)
    before = export.comparison
    return {
        "files": before.get("files", 0),
        "requests": [*before.get("requests", ()), *receipts],
    }


def _send_failed_again(export: Export) -> None:
    failed = export.batches.filter(state=BatchState.FAILED)
    if export.comparison.get("types", 1) > 1 and failed.filter(operation=Operation.REMOVE).exists():
        # They go once more, and may take out others who share an identifier with them.
        file = (Operation.ADD, Operation.KEEP)
        export.batches.filter(operation__in=file).update(
            operation=Operation.ADD, state=BatchState.FAILED
        )
    failed.update(
        state=BatchState.PENDING,
        troubles=0,
        troubled_since=None,
        unknown_answers=0,
        not_before=None,
        hinted_until=None,
        error="",
        error_code="",
        finished_at=None,
    )


def may_retry(export: Export) -> bool:
    """Say whether something failed that could be sent again. In the fence."""
    if export.state != ExportState.FAILED:
        return False
    if export.erasure_id is not None:
        to = export.destination
        return to.deleted_at is None and to.platform in registry
    if is_of_other_identifiers(export):
        return False
    if export.prepared_at is None:
        return bool(export.staged_name) and not is_erased_from(export)
    failed = export.batches.filter(state=BatchState.FAILED).exclude(stored_name="")
    return failed.exists() and not would_undo(export)


def is_of_other_identifiers(export: Export) -> bool:
    """Say whether the destination does not take an export's identifiers any more. In the fence."""
    return not set(export.columns) <= set(export.destination.identifiers)


def is_erased_from(export: Export) -> bool:
    """Say whether somebody is being erased who may be in an export that was not prepared.

    Its turn would be after that, and would bring the person back. In the fence.
    """
    if export.prepared_at is not None:
        return False
    others = Export.objects.under_way().filter(destination=export.destination_id)
    return others.filter(started_at__gt=export.started_at).exclude(erasure=None).exists()


def would_undo(export: Export) -> bool:
    """Say whether sending again would undo a newer export to the same destination. In the fence.

    It would bring back whom that one removed, or remove whom it added.
    """
    if export.erasure_id is not None:
        return False
    # An erased person is in no file any more, so nothing brings that person back.
    newer = Export.objects.started().filter(
        destination=export.destination_id, started_at__gt=export.started_at, erasure=None
    )
    return newer.filter(~Q(mode=export.mode) | Q(mode=Mode.REPLACE)).exists()


def wake(export: Export, due_in: timedelta = timedelta()) -> None:
    """Let the sweep find an export from now on. In the fence."""
    routing.add(ROUTE, organization_id=export.organization_id, row_id=export.id, due_in=due_in)


def file_key_of(export: Export) -> bytes:
    """Open an export's file key. Outside the fence."""
    with fence.inside(export.organization_id):
        return staging.file_key(export)
