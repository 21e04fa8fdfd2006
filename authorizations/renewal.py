"""Look after authorizations ahead of time, whether anybody uses them or not."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta

from authorizations import tokens
from organizations import routing
from organizations.routing import Found
from providers.errors import PlatformError

logger = logging.getLogger(__name__)

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


def renew(organization_id: uuid.UUID, authorization_id: uuid.UUID) -> None:
    """Renew what lapses and learn whether the grant is alive; what failed is noted, not raised.

    A dead grant is marked by `tokens`; an outage is tried again at the next time.
    """
    try:
        tokens.renew(organization_id, authorization_id)
    except PlatformError as error:
        logger.info("authorization %s: not renewed: %s", authorization_id, error.message)
