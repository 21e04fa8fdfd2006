"""What a view of a member gets to see on its request."""

from __future__ import annotations

from django.http import HttpRequest

from organizations.models import Membership, Organization, Person


class MemberRequest(HttpRequest):
    """A request of a signed-in member, acting in one organization."""

    user: Person
    membership: Membership
    memberships: list[Membership]
    organization: Organization
