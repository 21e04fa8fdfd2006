"""What is done to organizations and their members."""

from __future__ import annotations

import uuid

from audit.services import record
from organizations import fence
from organizations.models import Membership, Organization, Person
from organizations.roles import Role
from organizations.time_zones import time_zones


def organization_create(*, name: str) -> Organization:
    """Create a tenant."""
    return Organization.objects.create(name=name)


def membership_create(
    *, organization: Organization, person: Person, role: Role, by: Person | None = None
) -> Membership:
    """Make a person a member."""
    with fence.inside(organization.id):
        membership = Membership.objects.create(organization=organization, person=person, role=role)
        record(
            "member added",
            organization_id=organization.id,
            person=by,
            subject=person,
            role=Role(role).label,
        )
    return membership


def organization_lock(organization_id: uuid.UUID) -> None:
    """Let one transaction at a time of an organization go on from here. In the fence."""
    # No key: rows that refer to it may be inserted meanwhile.
    Organization.objects.select_for_update(no_key=True).get(pk=organization_id)


def person_remember_time_zone(*, person: Person, time_zone: str) -> None:
    """Keep the time zone that the browser named, where it is one."""
    if time_zone in time_zones() and person.time_zone != time_zone:
        person.time_zone = time_zone
        person.save(update_fields=["time_zone"])
