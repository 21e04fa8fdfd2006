"""What comes once before the batches: the audience is found or created, and emptied for a Replace.

It runs under the export's lease. Where a platform replaces by difference nothing is emptied.
"""

from __future__ import annotations

import logging
from functools import partial
from uuid import UUID

from django.db import Error as DatabaseFault
from django.db.models import F
from django.db.models.functions import Now

from audit.services import record as audit
from authorizations import tokens
from authorizations.uses import Use
from destinations import audiences
from destinations.models import Destination
from exports import breakers, completeness, gathered, rates, record
from exports.export_leases import LEASE_SECONDS, LeaseLost, hold, kept, let_go
from exports.models import Export
from exports.outcomes import (
    count_unknown,
    end_or_wait,
    forget_audience,
    go_on_as_answered,
    judged,
)
from exports.states import ExportState, Mode, WaitingFor
from exports.troubles import Trouble, fault_of_ours, not_set_up, trouble_of
from organizations import fence
from providers.app import NotConfigured
from providers.connection import Connection
from providers.errors import PlatformError
from providers.platform import Platform
from providers.values import Audience

logger = logging.getLogger(__name__)

# Looking the audience up, creating and emptying it: not what is waited for, but counted.
_REQUESTS_ONCE = 3
_UNCONFIRMED = (
    "The platform was asked to create the audience and did not answer. Look there whether it was "
    "created: if so, put its id into the destination; then choose “Go on”."
)


def is_missing(export: Export) -> bool:
    """Say whether something has to be done before batches may go. In the fence."""
    has_one = export.destination.audience_id or gathered.gathers(export)
    return not has_one or is_to_be_emptied(export)


def is_to_be_emptied(export: Export) -> bool:
    """Say whether the audience is emptied first: a Replace where the platform has a call for it."""
    if export.mode != Mode.REPLACE or export.cleared_at is not None:
        return False
    return not record.replaces_by_difference(export)


def done(export: Export) -> bool:
    """Find or create the audience and empty it for a Replace; say whether batches may go.

    Outside the fence.
    """
    with fence.inside(export.organization_id):
        owner = export.take_lease(LEASE_SECONDS)
        if owner is None:
            return False
        mine = Export.objects.filter(pk=export.pk, lease_owner=owner)
        # Read anew under the lease: somebody else may have done it just now.
        export = mine.select_related("destination").get()
        if not is_missing(export):
            mine.update(lease_owner=None, lease_until=None, attempts=0)
            return export.state == ExportState.SENDING
        # Under the lease: a probe is for who asks.
        if breakers.may_go(export.destination.platform) == breakers.Way.SHUT:
            mine.update(lease_owner=None, lease_until=None, attempts=F("attempts") - 1)
            return False
    try:
        with kept(export, owner):
            asked_about, trouble = _what_came_of_it(export, owner)
    except LeaseLost:
        logger.warning("export %s: it is over, or somebody else has its first steps", export.pk)
        _stopped(export, owner)
        return False
    with fence.inside(export.organization_id):
        if not let_go(export, owner):
            return False
        export = Export.objects.select_related("destination").get(pk=export.pk)
        if trouble is not None:
            count_unknown(export, trouble)
            if trouble.audience_is_gone:
                forget_audience(export, asked_about)
            end_or_wait(export, trouble)
            return False
        Export.objects.filter(pk=export.pk).update(attempts=0, unknown_answers=0)
        go_on_as_answered(export)
        return export.state == ExportState.SENDING and not is_missing(export)


def _stopped(export: Export, owner: UUID) -> None:
    """Leave all as it was before a request that is not made any more. Outside the fence."""
    with fence.inside(export.organization_id):
        if let_go(export, owner):
            # Nobody was asked to create it, whatever was about to be.
            unmade = Destination.objects.filter(pk=export.destination_id, audience_id="")
            unmade.update(audience_asked_at=None)


def _what_came_of_it(export: Export, owner: UUID) -> tuple[str, Trouble | None]:
    """Return the id of the audience that was asked about, and what went wrong."""
    use = Use("export", person_id=export.created_by_id, subject_id=export.id)
    audience_id, target = "", None
    try:
        target = audiences.target_of(export.organization_id, export.destination_id)
        rates.spend(rates.Sender.to(target), _REQUESTS_ONCE)
        audience = audiences.audience_ensure(
            export.organization_id, export.destination_id, use, hold=partial(hold, export, owner)
        )
        audience_id = audience.id
        if is_to_be_emptied(export):
            _clear(export, owner, audience, use)
    except audiences.NoAuthorization:
        # The next look finds the destination so and says it.
        return audience_id, None
    except audiences.AudienceUnconfirmed:
        return audience_id, Trouble(WaitingFor.PERSON, _UNCONFIRMED)
    except NotConfigured:
        return audience_id, trouble_of(not_set_up(export.destination.platform_label))
    except PlatformError as error:
        breakers.note_error(export.destination.platform, error)
        return audience_id, judged(export, error, target)
    except (DatabaseFault, LeaseLost):
        # Nothing can be noted now, or is to be.
        raise
    except Exception as error:  # noqa: BLE001 - it is logged, counted and given up in the end
        return audience_id, judged(export, fault_of_ours(error), target)
    breakers.note_answer(export.destination.platform)
    return audience_id, None


def _clear(export: Export, owner: UUID, audience: Audience, use: Use) -> None:
    with fence.inside(export.organization_id):
        authorization_id = Destination.objects.get(pk=export.destination_id).authorization_id
    if authorization_id is None:
        raise audiences.NoAuthorization

    def clear(platform: Platform, connection: Connection) -> None:
        # Whoever was frozen meanwhile must not empty what others have filled, nor anybody what a
        # cancel has left there.
        hold(export, owner)
        platform.clear(connection, audience)

    # Emptied again if its answer is lost: no batch goes before this is written down.
    tokens.call(export.organization_id, authorization_id, use, clear)
    with fence.inside(export.organization_id):
        mine = Export.objects.select_related("destination").filter(pk=export.pk, lease_owner=owner)
        if not mine.update(cleared_at=Now()):
            raise LeaseLost
        audit("audience emptied", organization_id=export.organization_id, subject=export)
        # A cancel that comes later sees that; one that came during the request could not.
        export = mine.get()
        if export.is_final:
            completeness.note(export)
