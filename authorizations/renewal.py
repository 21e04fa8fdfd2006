"""When authorizations are looked after, whether anybody uses them or not."""

from __future__ import annotations

import uuid
from datetime import timedelta

from organizations import routing
from organizations.routing import Found

ROUTE = "authorization"
EVERY = timedelta(hours=6)


def look_after(organization_id: uuid.UUID, authorization_id: uuid.UUID) -> None:
    """Have an authorization looked at every few hours from now on."""
    routing.add(ROUTE, organization_id=organization_id, row_id=authorization_id, due_in=EVERY)


def leave_alone(authorization_id: uuid.UUID) -> None:
    """Stop looking after an authorization."""
    routing.remove(ROUTE, authorization_id)


def take_due() -> list[Found]:
    """Return the authorizations whose time has come."""
    return routing.take_due(ROUTE, again_in=EVERY)
