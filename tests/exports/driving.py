"""Exports as people start them, and workers that do by hand what their messages would."""

import hashlib
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models.functions import Now

from authorizations import services as authorization_services
from exports import comparing, conducting, delivery, erasing, folding, preparation, staging
from exports.models import Export, ExportBatch
from exports.services import (
    Received,
    draft_create,
    export_cancel,
    export_retry,
    export_start,
    upload_expect,
)
from exports.states import Mode
from organizations import fence
from organizations.models import Route
from providers.secret import Secret
from providers.values import Grant, Identity, Tokens
from tests.exports.sample_servers import Killed, SampleServers, kill
from tests.factories import begin, change, stored

ADDRESSES = tuple(f"person{number}@example.com" for number in range(7))


def digests(*addresses: str) -> set[str]:
    return {hashlib.sha256(address.encode()).hexdigest() for address in addresses}


def table(*addresses: str) -> str:
    return "email\n" + "".join(f"{address}\n" for address in addresses)


def drafted(destination, by, content: str = table(*ADDRESSES), name="buyers.csv") -> Export:
    """Return a draft as an upload leaves it."""
    organization_id, export_id = destination.organization_id, uuid.uuid4()
    staged = staging.new_name(export_id, "upload")
    with fence.inside(organization_id):
        key, sealed = staging.new_file_key(organization_id, export_id)
        upload_expect(organization_id=organization_id, export_id=export_id)
    with staging.writing(staged, key) as writer:
        size = writer.write(content.encode())
    received = Received(export_id, staged, key, sealed, name, size)
    return draft_create(destination=destination, by=by, received=received)


def started(destination, by, *addresses: str, mode=Mode.ADD, columns=None) -> Export:
    """Return an export that was started with a file of these addresses."""
    draft = drafted(destination, by, table(*(addresses or ADDRESSES)))
    with fence.inside(draft.organization_id):
        export_start(export=draft, by=by, mode=mode, columns=columns or {"email": 0})
    return stored(draft)


def prepared(destination, by, *addresses: str, mode=Mode.ADD) -> Export:
    export = started(destination, by, *addresses, mode=mode)
    preparation.prepare(export.organization_id, export.id)
    return stored(export)


def work(export: Export) -> None:
    """Do what is due now, as messages and the sweep would, until nothing is."""
    hints_are_lost(export)
    for _ in range(50):
        following = conducting.advance(export.organization_id, export.id)
        if following.prepare:
            preparation.prepare(export.organization_id, export.id)
        if following.fold:
            folding.fold(export.organization_id, export.id)
        if following.erase:
            erasing.erase(export.organization_id, export.id)
        if following.compare:
            comparing.compare(export.organization_id, export.id)
        for _ in following.send:
            send_next(export)
        if not (
            following.prepare
            or following.compare
            or following.erase
            or following.fold
            or following.send
        ):
            return
    raise AssertionError("It never comes to rest.")


def send_next(export: Export) -> bool:
    """Do with one batch, in this thread, what a stint does with many; say whether one was due."""
    way = delivery.way_of(export)
    if way is None:
        return False
    with fence.inside(export.organization_id):
        claimed = delivery.claim_on(way, export.pk, at_most=1)
    for claim, wait in delivery.placed(way, claimed):
        receipt = delivery.deliver(claim, way, wait)
        if receipt is not None:
            with fence.inside(export.organization_id):
                delivery.note_receipts([(claim, receipt)])
    return bool(claimed)


def hints_are_lost(export: Export) -> None:
    """Let the time pass after which messages that never arrived are sent again."""
    with fence.inside(export.organization_id):
        export.batches.update(hinted_until=None)


def delivered(export: Export) -> Export:
    """Return an export after all that can be done now is done."""
    work(export)
    if stored(export).is_final:
        # The sweep comes by once more and tidies up.
        work(export)
    return stored(export)


def retried(export: Export, by) -> Export:
    """Return an export after "Retry failed" and what it leads to."""
    with fence.inside(export.organization_id):
        export_retry(export=stored(export), by=by)
    return delivered(export)


def advance(export: Export) -> conducting.Next:
    return conducting.advance(export.organization_id, export.id)


def batches(export: Export) -> list[ExportBatch]:
    with fence.inside(export.organization_id):
        return list(ExportBatch.objects.filter(export=export))


def states(export: Export) -> list[str]:
    return [batch.state for batch in batches(export)]


def half_sent(export: Export, servers: SampleServers) -> ExportBatch:
    """Let the worker of the first batch be killed while it waits for the answer."""
    advance(export)
    servers.answer("add", kill)
    with pytest.raises(Killed):
        send_next(export)
    return batches(export)[0]


def cancel(export: Export, by) -> None:
    with fence.inside(export.organization_id):
        export_cancel(export=stored(export), by=by)


def let_time_pass(export: Export) -> None:
    """Let every pause of a batch be over."""
    with fence.inside(export.organization_id):
        ExportBatch.objects.filter(export=export).exclude(not_before=None).update(not_before=Now())


def let_leases_end(*rows: Export | ExportBatch) -> None:
    """Let leases run out, as they do when their worker was killed."""
    for row in rows:
        change(row, lease_until=Now() - timedelta(seconds=1))


def taken_over(row: Export | ExportBatch) -> uuid.UUID:
    """Let another worker hold the lease; return its name as owner."""
    other = uuid.uuid4()
    change(row, lease_owner=other, lease_until=Now() + timedelta(minutes=1))
    return other


def reconnected(authorization, person) -> None:
    """Renew a grant, as the person who authorized does."""
    attempt = begin(
        authorization.organization, person, authorization.name, reconnects=authorization
    )
    with fence.inside(authorization.organization_id):
        authorization_services.authorization_reconnect(
            attempt=attempt,
            grant=Grant(Tokens(Secret("access-2"), refresh=Secret("refresh-2")), expires_in=1800),
            identity=Identity(frozenset({"p1"}), "Acme Ltd"),
            missing=(),
        )


def is_found_by_the_sweep(export: Export) -> bool:
    return Route.objects.filter(kind="export", row_id=export.id).exists()


def files(export: Export | None = None) -> set[str]:
    """Return the names of all staged files, or of an export's."""
    root = Path(settings.STAGING_DIR)
    found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    return {name for name in found if export is None or name.startswith(str(export.id))}
