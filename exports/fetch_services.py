"""What people do with files at addresses: have one fetched, try again, discard."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from audit.services import record
from destinations.models import Destination
from exports import services, staging
from exports.addresses import Address
from exports.fetch_models import Fetch
from organizations import routing
from organizations.models import Person
from organizations.services import organization_lock

ROUTE = "export fetch"


class TooMany(Exception):
    """The organization fetches as many files as it may."""


def is_offered() -> bool:
    """Say whether the operator allows any address."""
    return bool(settings.INTAKE.addresses)


def fetch_begin(
    *,
    destination: Destination,
    by: Person,
    address: Address,
    fetch_id: uuid.UUID | None = None,
) -> Fetch:
    """Have a file fetched; a worker does it. In the fence. Raises TooMany."""
    organization_id = destination.organization_id
    organization_lock(organization_id)
    if fetch_id is None and Fetch.objects.count() >= settings.UPLOADS_AT_ONCE:
        raise TooMany
    fetch_id = fetch_id or uuid.uuid4()
    _, key_sealed = staging.new_file_key(organization_id, fetch_id)
    row = Fetch(
        id=fetch_id,
        organization_id=organization_id,
        destination=destination,
        created_by=by,
        address=str(address),
        staged_name=staging.new_name(fetch_id, "upload"),
        key_sealed=key_sealed,
    )
    row.save(force_insert=True)
    services.upload_expect(organization_id=organization_id, export_id=fetch_id)
    _wake(row)
    record(
        "file fetched",
        organization_id=organization_id,
        person=by,
        subject=destination,
        address=row.address,
    )
    return row


def fetch_again(*, row: Fetch) -> None:
    """Try one that failed again; what is here of it stays. In the fence."""
    if (
        Fetch.objects.filter(pk=row.pk)
        .exclude(failed_at=None)
        .update(failed_at=None, attempts=0, begun_anew=0, not_before=None, trouble="")
    ):
        services.upload_expect(organization_id=row.organization_id, export_id=row.id)
        _wake(row)


def fetch_fail(*, row: Fetch, reason: str) -> None:
    """Give up, and say why. In the fence."""
    Fetch.objects.filter(pk=row.pk).update(
        failed_at=Now(), trouble=reason[:400], lease_owner=None, lease_until=None
    )
    routing.remove(ROUTE, row.id)


def _wake(row: Fetch) -> None:
    routing.add(ROUTE, organization_id=row.organization_id, row_id=row.id, due_in=timedelta())
