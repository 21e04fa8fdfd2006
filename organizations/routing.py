"""Find rows before their organization is known, and rows whose time has come."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from organizations.models import Route


@dataclass(frozen=True)
class Found:
    """A row and its organization."""

    organization_id: uuid.UUID
    row_id: uuid.UUID


def keyed_hash(kind: str, secret: str) -> bytes:
    """Return the hash under which a secret (a state, a link) is stored."""
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, f"{kind}\0{secret}".encode(), hashlib.sha256).digest()


def add(
    kind: str,
    *,
    organization_id: uuid.UUID,
    row_id: uuid.UUID,
    secret: str | None = None,
    due_in: timedelta | None = None,
) -> None:
    """Let a row be found by a secret, because it is due, or both. Replaces what was said."""
    Route.objects.update_or_create(
        kind=kind,
        row_id=row_id,
        defaults={
            "organization_id": organization_id,
            "key": keyed_hash(kind, secret) if secret is not None else None,
            "due_at": Now() + due_in if due_in is not None else None,
        },
    )


def find(kind: str, secret: str) -> Found | None:
    """Return the row that this secret belongs to."""
    route = Route.objects.filter(kind=kind, key=keyed_hash(kind, secret)).first()
    return Found(route.organization_id, route.row_id) if route else None


def remove(kind: str, row_id: uuid.UUID) -> None:
    """Let a row not be found any more."""
    Route.objects.filter(kind=kind, row_id=row_id).delete()


def take_due(kind: str, *, again_in: timedelta, at_most: int = 200) -> list[Found]:
    """Return rows whose time has come, each to one caller at a time.

    A row comes again after `again_in` unless somebody removes or moves it: work that a killed
    process took with it is found again.
    """
    with transaction.atomic():
        due = list(
            Route.objects.select_for_update(skip_locked=True)
            .filter(kind=kind, due_at__lte=Now())
            .order_by("due_at")[:at_most]
        )
        Route.objects.filter(pk__in=[route.pk for route in due]).update(due_at=Now() + again_in)
    return [Found(route.organization_id, route.row_id) for route in due]
