"""Ask platforms how they see an audience after an export: once soon, once when it has settled."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta

from django.utils import timezone

from authorizations.uses import Use
from destinations import audiences
from exports.models import Export
from organizations import fence, routing
from organizations.routing import Found
from providers.errors import PlatformError

logger = logging.getLogger(__name__)

ROUTE = "audience"
SOON = timedelta(minutes=1)
SETTLED = timedelta(hours=1)


def look_soon(export: Export) -> None:
    """Have the audience of an export that ended looked at. In the fence."""
    routing.add(
        ROUTE,
        organization_id=export.organization_id,
        row_id=export.destination_id,
        due_in=SOON,
    )


def take_due() -> list[Found]:
    """Return the destinations whose audience is to be looked at."""
    return routing.take_due(ROUTE, again_in=SETTLED)


def read(organization_id: uuid.UUID, destination_id: uuid.UUID) -> None:
    """Keep what the platform says of an audience now. Outside the fence."""
    try:
        audiences.audience_look_up(organization_id, destination_id, Use("read audience"))
    except (
        PlatformError,
        audiences.AudienceUnconfirmed,
        audiences.NoAuthorization,
    ) as error:
        # "Test connection" and the next export ask again.
        logger.info("destination %s: audience not read: %s", destination_id, error)
    with fence.inside(organization_id):
        ended = Export.objects.filter(destination=destination_id).exclude(finished_at=None)
        newest = ended.order_by("-finished_at").values_list("finished_at", flat=True).first()
        if newest is None or timezone.now() - newest > SETTLED / 2:
            routing.remove(ROUTE, destination_id)
