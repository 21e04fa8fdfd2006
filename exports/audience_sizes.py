"""Ask platforms how they see an audience after an export: soon, and until it has settled."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta

from django.utils import timezone

from authorizations.uses import Use
from destinations import audiences
from destinations.models import Destination
from exports import breakers
from exports.models import Export
from organizations import fence, routing
from organizations.routing import Found
from providers.errors import PlatformDown, PlatformError

logger = logging.getLogger(__name__)

ROUTE = "audience"
SOON = timedelta(minutes=1)
# They take up to two days to match people, and some make what ads target only after that, when they
# are asked again.
LOOKS = (SOON, *(timedelta(hours=hours) for hours in (1, 6, 24, 48, 72)))
# A look that a killed process took with it is made after so long.
_MISSED_AGAIN_IN = timedelta(hours=1)
# A platform that is down for longer than that is asked at the next of these times.
_PATIENCE = timedelta(days=1)


def look_soon(export: Export) -> None:
    """Have the audience of an export that ended looked at. In the fence."""
    _look(export.organization_id, export.destination_id, SOON)


def _look(organization_id: uuid.UUID, destination_id: uuid.UUID, due_in: timedelta) -> None:
    routing.add(ROUTE, organization_id=organization_id, row_id=destination_id, due_in=due_in)


def take_due() -> list[Found]:
    """Return the destinations whose audience is to be looked at."""
    return routing.take_due(ROUTE, again_in=_MISSED_AGAIN_IN)


def read(organization_id: uuid.UUID, destination_id: uuid.UUID) -> None:
    """Keep what the platform says of an audience now; a little later if that is down.

    Outside the fence.
    """
    with fence.inside(organization_id):
        row = Destination.objects.live().filter(pk=destination_id).first()
    is_down = row is not None and not _asked(row)
    with fence.inside(organization_id):
        due_in = _next_look(destination_id, is_down=is_down) if row is not None else None
        if due_in is not None:
            _look(organization_id, destination_id, due_in)
        else:
            routing.remove(ROUTE, destination_id)


def _next_look(destination_id: uuid.UUID, *, is_down: bool) -> timedelta | None:
    """Return in how long an audience is to be looked at again; None where it has settled."""
    ended = Export.objects.filter(destination=destination_id).exclude(finished_at=None)
    newest = ended.order_by("-finished_at").values_list("finished_at", flat=True).first()
    if newest is None:
        return None
    age = timezone.now() - newest
    if is_down and age < _PATIENCE:
        return SOON
    return next((at - age for at in LOOKS if at > age), None)


def _asked(row: Destination) -> bool:
    """Ask for an audience; say whether the platform was there, or was none to be asked."""
    if breakers.may_go(row.platform) == breakers.Way.SHUT:
        return False
    try:
        audiences.audience_look_up(row.organization_id, row.pk, Use("read audience"))
    except PlatformError as error:
        breakers.note_error(row.platform, error)
        logger.info("destination %s: audience not read: %s", row.pk, error)
        return not isinstance(error, PlatformDown)
    except (audiences.AudienceUnconfirmed, audiences.NoAuthorization) as error:
        # "Test connection" and the next export ask again.
        logger.info("destination %s: audience not read: %s", row.pk, error)
        return True
    breakers.note_answer(row.platform)
    return True
