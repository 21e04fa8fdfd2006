"""The three roles and what each may do. Views ask for a permission, never for a role."""

from __future__ import annotations

from enum import StrEnum

from django.db import models


class Role(models.TextChoices):
    """What a member is in one organization; a person may be something else in another."""

    ANALYST = "analyst", "Analyst"
    CREATOR = "creator", "Destination creator"
    ADMIN = "admin", "Admin"


class May(StrEnum):
    """What a member may do."""

    SEE = "see this"
    AUTHORIZE = "create authorizations"
    DELIVER = "create destinations and run exports"
    ADMINISTER = "do this"


ROLES_THAT_MAY: dict[May, frozenset[Role]] = {
    May.SEE: frozenset(Role),
    May.AUTHORIZE: frozenset(Role),
    May.DELIVER: frozenset({Role.CREATOR, Role.ADMIN}),
    May.ADMINISTER: frozenset({Role.ADMIN}),
}


def may(role: str, what: May) -> bool:
    """Say whether a role suffices."""
    return role in ROLES_THAT_MAY[what]


def least_role_for(what: May) -> Role:
    """Return the role to ask an admin for."""
    return next(role for role in Role if role in ROLES_THAT_MAY[what])
