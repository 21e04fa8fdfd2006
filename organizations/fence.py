"""The fence: which organization's rows the database shows to the current transaction.

PostgreSQL's row-level security compares each row with a setting of the transaction. No setting, no
rows. The setting ends with the transaction, so it cannot leak through a pooled connection.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def inside(organization_id: uuid.UUID) -> Iterator[None]:
    """Run a transaction that sees one organization's rows. Nests; restores what was set before."""
    with _setting("app.organization", str(organization_id)):
        yield


@contextmanager
def as_person(person_id: uuid.UUID) -> Iterator[None]:
    """Run a transaction that sees this person's own memberships, whatever their organization."""
    with _setting("app.person", str(person_id)):
        yield


def current_organization_id() -> uuid.UUID | None:
    """Return the organization that the transaction sees, or None outside the fence."""
    value = _read("app.organization")
    return uuid.UUID(value) if value else None


@contextmanager
def _setting(name: str, value: str) -> Iterator[None]:
    # Where this begins the transaction, nothing was set before and the end takes the setting along.
    nests = connection.in_atomic_block
    with transaction.atomic():
        before = _read(name) if nests else ""
        _write(name, value)
        yield
        # Not in a `finally`: after an error the transaction (or its savepoint) is rolled back,
        # and the setting with it.
        if nests:
            _write(name, before)


def _read(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting(%s, true), '')", [name])
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def _write(name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
